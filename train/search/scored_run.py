"""Runs whose stages give a validation score: of CDaT on an aligned corpus, and on recordings.

No stage reads the test part.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from edge.errors import ConfigError
from train import checkpoint
from train.config import validated_as
from train.corpora.folder import data_folder
from train.corpora.open import open_corpus
from train.search.space import Keys
from train.stages.cdat import fit_base, transfer
from train.stages.cdat_config import CdatConfig
from train.stages.cdat_setting import Setting
from train.stages.confide import confide
from train.stages.recorded.config import RecordedConfig
from train.stages.recorded.pipeline import RecordedRun
from train.stages.recorded.report import digest_of
from train.stages.tensors import tensor_splits


class ScoredRun(Protocol):
    """A kind of run, on one corpus.

    Attributes:
        stages: In order; each with the sections of the configuration that it adds.
        folders: Of each stage in a run folder; its score is that of its best epoch.
        data: Digest of the samples.
    """

    stages: dict[str, tuple[str, ...]]
    folders: dict[str, str]
    data: str

    def train(self, keys: Keys, folder: Path, stage: str) -> None:
        """Run the stages up to `stage`, or resume them. Raises: ConfigError, for the keys."""

    def check(self, keys: Keys) -> Keys:
        """The keys with their defaults. Raises: ConfigError."""


class AlignedRun:
    """CDaT's three stages on an aligned corpus, which is read once."""

    def __init__(self, keys: Keys, data: Path | None, where: str) -> None:
        """Raises: ConfigError for the keys; DataError for the corpus."""
        self._where = where
        self.stages: dict[str, tuple[str, ...]] = {
            "fit": ("model", "fit"),
            "confide": ("confide",),
            "transfer": ("transfer",),
        }
        self.folders = {"fit": "base", "confide": "confidnet", "transfer": "cdat"}
        config = self._config(keys)
        corpus = open_corpus(config.corpus, data_folder(data), **config.options)
        shares = config.val_share, config.held_out_share
        self._splits = tensor_splits(corpus, *shares, config.seed, config.labelled_share)
        self.data = self._splits.fingerprint()

    def train(self, keys: Keys, folder: Path, stage: str) -> None:
        """As of `ScoredRun`."""
        config = self._config(keys)
        setting = Setting(config, self._splits, config.seed, folder)
        steps: dict[str, Callable[[], object]] = {
            "fit": lambda: fit_base(setting, "base", config.fit.epochs),
            "confide": lambda: confide(setting),
            "transfer": lambda: transfer(setting, "cdat", "cdat", config.transfer.lambda_),
        }
        for name in _up_to(self.stages, stage):
            steps[name]()

    def check(self, keys: Keys) -> Keys:
        """As of `ScoredRun`."""
        return self._config(keys).model_dump(by_alias=True)

    def _config(self, keys: Keys) -> CdatConfig:
        return validated_as(CdatConfig, keys, self._where)


class OwnRun:
    """The stages on a recorded corpus; its windows are made once and kept in the cache."""

    def __init__(self, keys: Keys, data: Path | None, where: str, folder: Path) -> None:
        """Raises: ConfigError, DataError or BundleError, as `RecordedRun`."""
        self._where = where
        if data is None:
            raise ConfigError(
                f"{where} needs a corpus: give --data the folder of cdat-train extract."
            )
        self._corpus = data
        # Opened now, so that what is wrong with it is said before the first trial.
        run = RecordedRun(self._config(keys), folder / "windows", data)
        self.stages: dict[str, tuple[str, ...]] = {
            "fusion": ("fusion",),
            "confidence": ("confidence",),
        }
        if run.config.transfer is not None:
            self.stages["transfer"] = ("transfer",)
        before = "confidence" if run.config.transfer is None else "confidence_base"
        self.folders = {"fusion": "fusion", "confidence": before, "transfer": "transfer"}
        self.data = digest_of(run.corpus)

    def train(self, keys: Keys, folder: Path, stage: str) -> None:
        """As of `ScoredRun`."""
        run = RecordedRun(self._config(keys), folder, self._corpus)
        steps = {"fusion": run.fusion, "confidence": run.confide, "transfer": run.transfer_fusion}
        for name in _up_to(self.stages, stage):
            steps[name]()

    def check(self, keys: Keys) -> Keys:
        """As of `ScoredRun`."""
        return self._config(keys).model_dump(by_alias=True)

    def _config(self, keys: Keys) -> RecordedConfig:
        return validated_as(RecordedConfig, keys, self._where)


def score_of(run: ScoredRun, folder: Path, stage: str) -> float:
    """The validation score of a stage's best epoch."""
    _, facts = checkpoint.load(folder / run.folders[stage] / checkpoint.BEST)
    return float(facts["metrics"]["score"])


def _up_to(stages: dict[str, tuple[str, ...]], last: str) -> list[str]:
    names = list(stages)
    return names[: names.index(last) + 1]
