"""The stages of a run on a recorded corpus: fusion, confidence, transfer, report."""

from __future__ import annotations

import logging
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from edge.bundle import Bundle, default_bundle
from edge.bundle.networks import Networks
from edge.errors import ConfigError, DataError
from edge.frontends import FrontEndParams
from edge.types import STREAMS
from train import checkpoint
from train.cache import cached, digest, fingerprint
from train.config import cache_folder
from train.corpora.recorded.corpus import RecordedCorpus, open_recorded
from train.corpora.recorded.samples import Sample
from train.corpora.splits import SPLITS
from train.loop import generator
from train.run_report import RecordedReport
from train.stages.confidence import TakenReliability, train_confidence
from train.stages.fusion import train_fusion
from train.stages.pipeline import CONFIG_NAME
from train.stages.recorded.config import RecordedConfig
from train.stages.recorded.moments import Moments, Speech
from train.stages.recorded.readings import Readings, readings
from train.stages.recorded.reliability import known_reliability, taken_reliability
from train.stages.recorded.report import write_report
from train.stages.recorded.splits import split_samples
from train.stages.stream_windows import Collector, StreamWindows
from train.stages.transfer import train_transfer
from train.stages.window_splits import WindowSplits

log = logging.getLogger("train")

WHAT = {"text": "words", "audio": "a second of sound", "vision": "a face"}
VERSION = 1
"""Increase it when the windows of a recording change."""


class RecordedRun:
    """One run: its configuration, the corpus, and the results of the stages in the run folder."""

    def __init__(self, config: RecordedConfig, folder: Path, corpus: Path) -> None:
        """Raises: DataError for the corpus; BundleError for the encoders; ConfigError if the folder
        belongs to another run."""
        self.folder = folder
        self.corpus: RecordedCorpus = open_recorded(corpus)
        self.bundle = encoders_of(config)
        size = self.bundle.manifest.fusion.embedding_size
        self.config = config.model_copy(update={"embedding_size": size})
        _check(self.corpus, self.bundle)
        self.samples = split_samples(
            self.corpus.samples, self.corpus.labels, config.shares, config.seed, str(corpus)
        )
        torch.set_num_threads(config.threads)
        torch.use_deterministic_algorithms(True)
        torch.backends.mha.set_fastpath_enabled(False)
        self._adopt_folder()

    def encoders(self) -> None:
        """Nothing is trained: the encoders are those of the bundle. Their windows are made."""
        log.info(
            "%s: windows of %d samples", self.config.name, sum(map(len, self.samples.values()))
        )
        self.windows()

    def fusion(self) -> None:
        """Stage 2."""
        log.info("%s: fusion", self.config.name)
        train_fusion(self.config, self.windows(), self.folder, self._windows_key)

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
        log.info("%s: transfer", self.config.name)
        key = digest(self._key_of("fusion"), self._key_of("confidence_base"))
        train_transfer(self.config, self.windows(), self.folder, key)
        key = self._key_of("transfer")
        train_confidence(self.config, self.windows(), self.folder, key, taken=self._taken)

    def report(self) -> RecordedReport:
        """Choose thresholds on validation and measure on test."""
        log.info("%s: report", self.config.name)
        key = digest("recorded", VERSION, self._key_of("confidence"), self.config.gate.model_dump())
        return write_report(
            self.config, self.corpus, self.samples, self.windows(), self.bundle, self.folder, key
        )

    def windows(self) -> WindowSplits:
        """The windows of all splits, made once with the bundle's encoders."""
        return self._windows

    def encoders_key(self) -> str:
        """Digest of the encoders' weights and of their windows."""
        return self._windows_key

    @cached_property
    def _taken(self) -> TakenReliability:
        network = taken_reliability(self.bundle)
        return TakenReliability(network, lambda windows: known_reliability(network, windows))

    @cached_property
    def _windows(self) -> WindowSplits:
        networks = Networks(self.bundle)
        try:
            made = {str(split): self._split(split, networks) for split in SPLITS}
        finally:
            networks.close()
        by_stream: dict[str, dict[str, StreamWindows]] = {
            stream: {split: one[stream] for split, one in made.items()} for stream in STREAMS
        }
        _check_streams(by_stream, self.corpus)
        return WindowSplits(by_stream, self.corpus.labels, "aligned")

    def _split(self, split: str, networks: Networks) -> dict[str, StreamWindows]:
        stored = cached(
            cache_folder(),
            f"moments-{split}",
            digest(split, self._windows_key),
            lambda: self._made(self.samples[split], split, networks),
        )
        return {
            stream: StreamWindows(
                **{
                    name.split("/")[1]: array
                    for name, array in stored.items()
                    if name.startswith(f"{stream}/")
                }
            )
            for stream in STREAMS
        }

    def _made(
        self, samples: list[Sample], split: str, networks: Networks
    ) -> dict[str, NDArray[Any]]:
        manifest = self.bundle.manifest
        typical = {s: np.array(manifest.streams[s].typical_quality, np.float32) for s in STREAMS}
        speech = Speech(FrontEndParams().text, lambda ids: networks.encode("text", ids)[0])
        size = self.config.embedding_size
        moments = Moments(self.config.window, speech, typical, size, self.config.stride_s)
        out = {stream: Collector() for stream in STREAMS}
        for number, sample in enumerate(samples):
            views = [
                (
                    view,
                    readings(path, self.bundle, networks, cache_folder(), self._key_of_view(path)),
                )
                for view in self.corpus.views[sample.recording]
                for path in [self.corpus.path(view)]
            ]
            label = self.corpus.labels.index(str(sample.label))
            rng = generator(self.config.seed, "moments", split, sample.id)
            moments.add(out, sample, views, label, number, rng)
        return {
            f"{stream}/{name}": array
            for stream, one in out.items()
            for name, array in one.arrays().items()
        }

    def _readings(self, recording: Path, networks: Networks) -> Readings:
        key = self._key_of_view(recording)
        return readings(recording, self.bundle, networks, cache_folder(), key)

    def _key_of_view(self, recording: Path) -> str:
        files = [fingerprint(path) for path in sorted(recording.iterdir())]
        return digest(VERSION, recording.name, files, self._encoders_key)

    @property
    def _encoders_key(self) -> list[str]:
        manifest = self.bundle.manifest
        return [manifest.files[manifest.streams[s].graph] for s in STREAMS]

    @cached_property
    def _windows_key(self) -> str:
        samples = {split: [repr(one) for one in some] for split, some in self.samples.items()}
        files = {
            view.folder_name: self._key_of_view(self.corpus.path(view))
            for views in self.corpus.views.values()
            for view in views
        }
        facts = (self.config.window.model_dump(), self.config.stride_s, self.config.seed)
        return digest(VERSION, samples, files, self.corpus.labels, *facts)

    def _key_of(self, stage: str) -> str:
        _, facts = checkpoint.load(self.folder / stage / checkpoint.BEST)
        return digest(facts["key"], facts["epoch"])

    def _adopt_folder(self) -> None:
        path = self.folder / CONFIG_NAME
        ours = self.config.model_dump(mode="json", by_alias=True)
        if path.is_file() and (theirs := checkpoint.read_json(path).get("name")) != ours["name"]:
            raise ConfigError(
                f"{self.folder} holds the run '{theirs}', not '{ours['name']}': give another folder"
                " with --out."
            )
        checkpoint.write_json(path, ours)


def encoders_of(config: RecordedConfig) -> Bundle:
    """The bundle whose encoders a run uses. Raises: BundleError."""
    named = config.encoders
    return Bundle.load(default_bundle() if named == "default" else Path(named))


def _check_streams(windows: dict[str, dict[str, StreamWindows]], corpus: RecordedCorpus) -> None:
    """Raises: DataError, for a stream of which nothing can be learned."""
    for stream, by_split in windows.items():
        if not by_split["train"].clean.any():
            raise DataError(
                f"{corpus.folder}: no training sample has {WHAT[stream]}, so that stream cannot be"
                " trained: add recordings that have it."
            )


def _check(corpus: RecordedCorpus, bundle: Bundle) -> None:
    """Raises: DataError, for a task or a bundle that a run on recordings cannot have."""
    if corpus.task != "classes":
        raise DataError(
            f"{corpus.folder} has the task '{corpus.task}': bundles have one label of several, so"
            " extract it with one label for each sample."
        )
    if not 2 <= len(corpus.labels) <= 32:
        raise DataError(f"{corpus.folder} has {len(corpus.labels)} labels: 2 to 32 are possible.")
    if bundle.manifest.names != STREAMS:
        raise DataError(
            f"{bundle.folder} has encoders for {' and '.join(bundle.manifest.names)} only: give one"
            f" with {', '.join(STREAMS)}."
        )
