"""The stages of a run on a recorded corpus: fusion, confidence, transfer, report."""

from __future__ import annotations

import logging
from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from edge.bundle import Bundle, default_bundle
from edge.errors import ConfigError
from train import checkpoint
from train.cache import digest
from train.corpora.recorded.corpus import RecordedCorpus, open_recorded
from train.run_report import RecordedReport
from train.stages.confidence import TakenReliability, train_confidence
from train.stages.fusion import train_fusion
from train.stages.pipeline import CONFIG_NAME
from train.stages.recorded.can_train import check_can_train
from train.stages.recorded.config import RecordedConfig
from train.stages.recorded.corpus_windows import VERSION, CorpusWindows
from train.stages.recorded.reliability import known_reliability, taken_reliability
from train.stages.recorded.report import write_report
from train.stages.recorded.sample_targets import sample_targets
from train.stages.recorded.splits import split_samples
from train.stages.recorded.unlabelled import (
    NO_TRANSFER,
    NOTHING_TO_SEE,
    Unlabelled,
    unlabelled_samples,
)
from train.stages.transfer import train_transfer
from train.stages.window_splits import WindowSplits

log = logging.getLogger("train")


class RecordedRun:
    """One run: its configuration, the corpus, and the results of the stages in the run folder."""

    def __init__(self, config: RecordedConfig, folder: Path, corpus: Path) -> None:
        """Raises: DataError for the corpus; BundleError for the encoders; ConfigError if the folder
        belongs to another run."""
        self.folder = folder
        self.corpus: RecordedCorpus = open_recorded(corpus)
        self.bundle = encoders_of(config)
        size = self.bundle.manifest.fusion.embedding_size
        self._given = config.model_copy(update={"embedding_size": size})
        check_can_train(self.corpus, self.bundle)
        self.samples = split_samples(self.corpus, config.shares, config.seed)
        found = unlabelled_samples(self.corpus, self.samples)
        self._unlabelled = found if config.transfer is not None else found.unused(NO_TRANSFER)
        self.targets = sample_targets(self.corpus, self.samples, config.number)
        self._windows = CorpusWindows(
            self._given,
            self.corpus,
            self.samples,
            self.targets,
            self.bundle,
            self._unlabelled.taken,
        )
        torch.set_num_threads(config.threads)
        torch.use_deterministic_algorithms(True)
        torch.backends.mha.set_fastpath_enabled(False)
        self._adopt_folder()

    def encoders(self) -> None:
        """Nothing is trained: the encoders are those of the bundle. Their windows are made."""
        log.info(
            "%s: windows of %d samples", self._given.name, sum(map(len, self.samples.values()))
        )
        self.windows()

    @cached_property
    def config(self) -> RecordedConfig:
        """The configuration of the streams that are trained; it is also in the run folder.

        Raises:
            DataError, ConfigError: As `CorpusWindows.streams`.
        """
        streams = self._windows.streams
        for stream, why in streams.left_out.items():
            log.info("%s: %s is left out: %s", self._given.name, stream, why)
        changes: dict[str, object] = {"streams": streams.names if streams.left_out else None}
        if len(streams.names) == 1 and self._given.transfer is not None:
            log.info(
                "%s: no transfer: it is between streams, and there is only %s",
                self._given.name,
                streams.names[0],
            )
            changes["transfer"] = None
        for why, count in self.unlabelled.left_out.items():
            log.info("%s: %d samples are left out: %s", self._given.name, count, why)
        if taken := self.unlabelled.taken:
            log.info("%s: %d samples without a label: transfer alone", self._given.name, len(taken))
        config = self._given.model_copy(update=changes)
        checkpoint.write_json(self.folder / CONFIG_NAME, _as_json(config))
        return config

    @property
    def unlabelled(self) -> Unlabelled:
        """The samples without a label: those of the transfer, and those that are left out."""
        if self._windows.unlabelled_key is not None:
            return self._unlabelled
        one = len(self._windows.streams.names) == 1
        return self._unlabelled.unused(NO_TRANSFER if one else NOTHING_TO_SEE)

    def fusion(self) -> None:
        """Stage 2."""
        log.info("%s: fusion", self.config.name)
        train_fusion(self.config, self.windows(), self.folder, self._windows.key)

    def confide(self) -> None:
        """Stage 3; before a transfer: the ConfidNet that gives its weights."""
        log.info("%s: confidence", self.config.name)
        before = self.config.transfer is not None
        key = self._key_of("fusion")
        train_confidence(self.config, self.windows(), self.folder, key, before, self._taken)

    def transfer(self) -> None:
        """CDaT's transfer, and ConfidNet on the model that it leaves; nothing without the section
        `transfer`."""
        if self.config.transfer is None:
            return
        self.transfer_fusion()
        key = self._key_of("transfer")
        train_confidence(self.config, self.windows(), self.folder, key, taken=self._taken)

    def transfer_fusion(self) -> None:
        """CDaT's transfer alone; the configuration has the section `transfer`."""
        log.info("%s: transfer", self.config.name)
        others = self._windows.unlabelled_key
        made_from = [self._key_of("fusion"), self._key_of("confidence_base")]
        key = digest(*made_from, *([] if others is None else [others]))
        train_transfer(self.config, self.windows(), self.folder, key)

    def report(self) -> RecordedReport:
        """Choose thresholds on validation and measure on test."""
        log.info("%s: report", self.config.name)
        facts = (self._key_of("confidence"), self.config.gate.model_dump())
        left_out = self._windows.streams.left_out
        unlabelled = (len(self.unlabelled.taken), self.unlabelled.left_out)
        # What came later is left out where it says nothing, so that earlier reports keep their key.
        later = [unlabelled if any(unlabelled) else None, self.config.transfer and "gain"]
        key = digest("recorded", VERSION, *facts, *left_out.items(), *filter(None, later))
        return write_report(
            self.config,
            self.corpus,
            self.samples,
            self.unlabelled,
            self.targets.number,
            self.windows(),
            self._windows.streams,
            self.bundle,
            self.folder,
            key,
        )

    def windows(self) -> WindowSplits:
        """The windows of all splits, made once with the bundle's encoders."""
        return self._windows.made

    def encoders_key(self) -> str:
        """Digest of the encoders' weights and of their windows."""
        return self._windows.key

    @cached_property
    def _taken(self) -> TakenReliability:
        network = taken_reliability(self.bundle)
        return TakenReliability(network, lambda windows: known_reliability(network, windows))

    def _key_of(self, stage: str) -> str:
        return digest(*checkpoint.made_of(self.folder / stage))

    def _adopt_folder(self) -> None:
        path = self.folder / CONFIG_NAME
        ours = _as_json(self._given)
        if path.is_file() and (theirs := checkpoint.read_json(path).get("name")) != ours["name"]:
            raise ConfigError(
                f"{self.folder} holds the run '{theirs}', not '{ours['name']}': give another folder"
                " with --out."
            )
        if not path.is_file():
            checkpoint.write_json(path, ours)


def _as_json(config: RecordedConfig) -> dict[str, Any]:
    return config.model_dump(mode="json", by_alias=True)


def encoders_of(config: RecordedConfig) -> Bundle:
    """The bundle whose encoders a run uses. Raises: BundleError."""
    named = config.encoders
    return Bundle.load(default_bundle() if named == "default" else Path(named).expanduser())
