"""Implementation of `cdat-train fit`, `confide`, `transfer`, `compare` and `masks`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from edge.errors import ConfigError
from train import checkpoint
from train.config import read, validated_as
from train.corpora.corpus import Corpus
from train.corpora.folder import data_folder
from train.corpora.open import open_corpus
from train.models.fusion import MODELS
from train.run_report import AlignedReport
from train.stages.cdat import fit_base, transfer
from train.stages.cdat_config import CdatConfig
from train.stages.cdat_setting import Setting, outputs_of, scored
from train.stages.confide import confide
from train.stages.tensors import tensor_splits
from train.studies.cdat.compare import compare
from train.studies.cdat.cost import cost, cost_table
from train.studies.cdat.masks import mask_metrics
from train.studies.cdat.order import order
from train.studies.cdat.report import measured, write
from train.studies.cdat.table import draw, text
from train.studies.factorial import command
from train.studies.factorial.treatment import row_divergence

CONFIG_NAME = "config.json"


def is_cdat(path: Path, changes: list[str] | None) -> bool:
    """Whether a file is a configuration of CDaT: it has the keys of a corpus and of transfer."""
    keys = read(path, changes)
    return "corpus" in keys and "transfer" in keys


def load(path: Path, changes: list[str] | None) -> CdatConfig:
    """Load a configuration. Raises: ConfigError, which names the file and the key."""
    return validated_as(CdatConfig, read(path, changes), f"{path} or a --set")


class Work:
    """One configuration, its corpus and its run folder."""

    def __init__(self, config: CdatConfig, folder: Path, data: Path | None) -> None:
        """Raises: ConfigError if the folder belongs to another run; DataError for the corpus."""
        _adopt(folder, config)
        self.config, self.folder = config, folder
        self.corpus: Corpus = open_corpus(config.corpus, data_folder(data), **config.options)
        torch.set_num_threads(config.threads)
        torch.use_deterministic_algorithms(True)
        shares = config.val_share, config.held_out_share
        parts = tensor_splits(self.corpus, *shares, config.seed, config.labelled_share)
        self.setting = Setting(config, parts, config.seed, folder)

    def fit(self) -> dict[str, float]:
        """Stage 1."""
        return fit_base(self.setting, "base", self.config.fit.epochs)

    def confide(self) -> dict[str, float]:
        """Stage 2."""
        return confide(self.setting)

    def transfer(self) -> dict[str, float]:
        """Stage 3."""
        return transfer(self.setting, "cdat", "cdat", self.config.transfer.lambda_)

    def trained_on(self) -> dict[str, float]:
        """Stage 3 without transfer: what longer training alone gives."""
        return transfer(self.setting, "trained_on", "none", 0.0)

    def report(self) -> AlignedReport:
        """Measure the stages that were run, and write report.json and README.md.

        Raises:
            DataError: None was run, or one of another seed or data.
        """
        found = measured(self.setting, self.corpus)
        write(found, self.folder)
        return found

    def test(self, stage: str) -> dict[str, float]:
        """Metrics of a stage's best epoch on the test split."""
        out = outputs_of(self.setting.load(stage), self.setting.splits.test)
        test = self.setting.splits.test
        return scored(self.setting.splits.task, out.logits, test.targets)

    def masks(self, stage: str) -> dict[str, float]:
        """`mask_metrics` of a stage's best epoch."""
        return mask_metrics(self.setting.splits, self.setting.load(stage))

    def divergence(self, stage: str) -> str:
        """What the transfer has to move after a stage: `row_divergence`, in nat."""
        model, parts = self.setting.load(stage), self.setting.splits
        origin = self.config.transfer.origin
        fit, test = (row_divergence(model, part, origin) for part in (parts.fit, parts.test))
        return f"KL of a row between two streams, nat: training {fit:.4f}  test {test:.4f}"

    def order(self, seeds: int) -> tuple[str, Path]:
        """Whether the order of c_-m is true, by kind of confidences; the page and its folder."""
        folder = self.folder / "order" / self.config.model.kind
        return order(self.config, self.corpus, seeds, folder), folder

    def cost(self, models: list[str], steps: int) -> str:
        """Time of a transfer step against a base step; see `train.studies.cdat.cost`."""
        found = cost(self.config, self.setting.splits, _known(models), steps, self.folder)
        checkpoint.write_json(self.folder / "cost.json", found)
        page = cost_table(self.corpus.name, found)
        (self.folder / "cost.md").write_text(page, encoding="utf-8")
        return page

    def compare(self, models: list[str], seeds: int) -> str:
        """Compare all variants, write results.json, table.md and table.png, and return the page."""
        kinds: list[Any] = _known(models or [self.config.model.kind])
        found = compare(self.config, self.corpus, kinds, seeds, self.folder)
        checkpoint.write_json(self.folder / "results.json", found)
        page = text(self.corpus.name, self.corpus.task, found)
        (self.folder / "table.md").write_text(page, encoding="utf-8")
        draw(self.corpus.name, self.corpus.task, found, self.folder / "table.png")
        return page

    def factorial(
        self, models: str | None, labels: str, seeds: int, limit: int | None
    ) -> tuple[str, Path]:
        """Run the factorial in a folder of its own; its page and that folder."""
        folder = self.folder / "factorial"
        named = command.model_names(models, self.config.model.kind)
        shares = command.label_shares(labels)
        page = command.factorial(self.config, self.corpus, named, shares, seeds, limit, folder)
        return page, folder


def shown(what: dict[str, Any]) -> str:
    """Metrics on one line."""
    return "  ".join(f"{name} {value:.3f}" for name, value in what.items())


def _known(models: list[str]) -> list[str]:
    """The names. Raises: ConfigError, for one that is no fusion model."""
    if unknown := [name for name in models if name not in MODELS]:
        raise ConfigError(f"--models: '{unknown[0]}' is not one of {', '.join(MODELS)}.")
    return models


def _adopt(folder: Path, config: CdatConfig) -> None:
    path = folder / CONFIG_NAME
    folder.mkdir(parents=True, exist_ok=True)
    if path.is_file() and (theirs := checkpoint.read_json(path).get("name")) != config.name:
        raise ConfigError(
            f"{folder} holds the run '{theirs}', not '{config.name}': give another with --out."
        )
    checkpoint.write_json(path, config.model_dump(mode="json", by_alias=True))
