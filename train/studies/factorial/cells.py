"""The cells of the factorial, their trainings, and their one test. Every training and every tested
cell has its own folder or file, so a killed process loses no finished one."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, get_args

from train import checkpoint
from train.corpora.corpus import Corpus
from train.stages.cdat import fit_base, transfer
from train.stages.cdat_config import CdatConfig
from train.stages.cdat_setting import Setting
from train.stages.cdat_weights import Weights
from train.stages.confide import confide
from train.stages.tensors import TensorPart, TensorSplits, tensor_splits
from train.studies.factorial.measures import answers
from train.studies.factorial.treatment import changed_share, order_agreement, row_divergence

log = logging.getLogger("train")

When = Literal["third", "start"]
KINDS: tuple[Weights, ...] = ("none", "cdat", "true_tcp", "shuffled", "oracle")
LAMBDAS = (5.0, 50.0)
DONE = "done.json"


@dataclass(frozen=True, order=True)
class Regime:
    """A schedule and a share of labels."""

    when: When
    labelled_share: float

    @property
    def name(self) -> str:
        """For example start, 25 % labels."""
        return f"{self.when}, {100 * self.labelled_share:g} % labels"


class Budget:
    """How many trainings may still begin."""

    def __init__(self, limit: int | None) -> None:
        self._left = limit

    def spend(self) -> bool:
        """Whether one more may begin."""
        if self._left is None:
            return True
        self._left -= 1
        return self._left >= 0


class Factorial:
    """One corpus and one fusion model."""

    def __init__(
        self, config: CdatConfig, corpus: Corpus, shares: Sequence[float], seeds: int, folder: Path
    ) -> None:
        self.config, self.corpus, self.folder = config, corpus, folder
        self.seeds = tuple(config.seed + k for k in range(seeds))
        self.regimes = tuple(Regime(w, s) for s in shares for w in get_args(When))
        self._splits = lru_cache(maxsize=None)(self._split)
        # A setting digests its whole data once, which takes longer than looking for a result.
        self._setting = lru_cache(maxsize=None)(self._new_setting)

    @property
    def test_part(self) -> TensorPart:
        """The corpus' test part, the same for all seeds."""
        return self._splits(self.seeds[0], self.regimes[0].labelled_share).test

    def train(self, budget: Budget) -> bool:
        """Run the missing trainings, seed by seed; whether all are there."""
        cells = list(self._trainings())
        for number, (seed, regime, kind, lambda_) in enumerate(cells, 1):
            if self._score(seed, regime, kind, lambda_) is not None:
                continue
            if not budget.spend():
                return False
            setting = self._setting(seed, regime)
            fit_base(setting, "base", self.config.fit.epochs)
            confide(setting)
            name = _folder(regime, kind, lambda_)
            found = transfer(setting, name, kind, lambda_)
            checkpoint.write_json(
                setting.folder / name / DONE, {"key": self._key(setting), "score": found["score"]}
            )
            log.info(
                "%s %d of %d: seed %d, %s, %s, lambda %g: validation score %.3f",
                self.config.model.kind,
                number,
                len(cells),
                seed,
                regime.name,
                kind,
                lambda_,
                found["score"],
            )
        return True

    def test(self) -> list[dict[str, Any]]:
        """Every cell whose trainings are complete for all seeds, at the lambda with the best mean
        validation score; and every seed's treatment. Only here is the test part used."""
        found = []
        for regime in self.regimes:
            for kind in KINDS:
                lambda_ = self._chosen(regime, kind)
                if lambda_ is not None and self._chosen(regime, "none") is not None:
                    found += [self._tested(seed, regime, kind, lambda_) for seed in self.seeds]
        return found

    def _chosen(self, regime: Regime, kind: Weights) -> float | None:
        scores: dict[float, float] = {}
        for lambda_ in _lambdas(kind):
            each = [self._score(seed, regime, kind, lambda_) for seed in self.seeds]
            known = [score for score in each if score is not None]
            if len(known) < len(each):
                return None
            scores[lambda_] = sum(known) / len(known)
        return max(scores, key=lambda one: scores[one])

    def _tested(self, seed: int, regime: Regime, kind: Weights, lambda_: float) -> dict[str, Any]:
        setting = self._setting(seed, regime)
        name = _folder(regime, kind, lambda_)
        _, facts = checkpoint.load(setting.folder / name / checkpoint.BEST)
        path = setting.folder / name / "tested.json"
        key = f"{facts['key']} {facts['epoch']} {lambda_}"
        if path.is_file() and (stored := checkpoint.read_json(path)).get("key") == key:
            return stored
        parts, model = setting.splits, setting.load(name)
        none = setting.load(_folder(regime, "none", 0.0))
        base = setting.load("base")
        before = base if regime.when == "third" else none
        given, origin = answers(model, parts, seed), self.config.transfer.origin
        result = {
            "key": key,
            "seed": seed,
            "when": regime.when,
            "labelled_share": regime.labelled_share,
            "kind": kind,
            "lambda": lambda_,
            "epoch": facts["epoch"],
            "labelled": len(parts.fit),
            "unlabelled": 0 if parts.unlabelled is None else len(parts.unlabelled),
            "answers": given,
            "treatment": {
                "kl_before": row_divergence(before, parts.test, origin),
                "kl_after": row_divergence(model, parts.test, origin),
                "changed": changed_share(given["fused"], answers(none, parts, seed)["fused"]),
                **order_agreement(parts, base, setting.load_confidnet(base.z_size)),
            },
        }
        checkpoint.write_json(path, result)
        return result

    def _trainings(self) -> Iterator[tuple[int, Regime, Weights, float]]:
        for seed in self.seeds:
            for regime in self.regimes:
                for kind in KINDS:
                    for lambda_ in _lambdas(kind):
                        yield seed, regime, kind, lambda_

    def _score(self, seed: int, regime: Regime, kind: Weights, lambda_: float) -> float | None:
        """The validation score of a finished training with these settings, else None."""
        setting = self._setting(seed, regime)
        path = setting.folder / _folder(regime, kind, lambda_) / DONE
        if not path.is_file():
            return None
        stored = checkpoint.read_json(path)
        return float(stored["score"]) if stored.get("key") == self._key(setting) else None

    def _key(self, setting: Setting) -> str:
        sections = setting.config.fit, setting.config.confide, setting.config.transfer
        return setting.key("factorial", *(one.model_dump(exclude={"lambda_"}) for one in sections))

    def _new_setting(self, seed: int, regime: Regime) -> Setting:
        own = self.config.model_copy(
            update={
                "labelled_share": regime.labelled_share,
                "transfer": self.config.transfer.model_copy(update={"when": regime.when}),
            }
        )
        folder = self.folder / f"labels{100 * regime.labelled_share:g}" / f"seed{seed}"
        return Setting(own, self._splits(seed, regime.labelled_share), seed, folder)

    def _split(self, seed: int, labelled_share: float) -> TensorSplits:
        shares = self.config.val_share, self.config.held_out_share
        return tensor_splits(self.corpus, *shares, seed, labelled_share)


def _lambdas(kind: Weights) -> tuple[float, ...]:
    return (0.0,) if kind == "none" else LAMBDAS


def _folder(regime: Regime, kind: Weights, lambda_: float) -> str:
    return f"{regime.when}_{kind}_{lambda_:g}"
