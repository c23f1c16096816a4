"""The windows of a recorded corpus: every sample's moments, by split, made once."""

from __future__ import annotations

from contextlib import closing
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.bundle import Bundle
from edge.bundle.networks import Networks
from edge.frontends import FrontEndParams
from edge.types import STREAMS, Float
from train.cache import cache_folder, cached, digest, fingerprint
from train.corpora.recorded.corpus import RecordedCorpus
from train.corpora.recorded.samples import Sample
from train.loop import generator
from train.stages.recorded.config import RecordedConfig
from train.stages.recorded.moments import Moments, Speech
from train.stages.recorded.readings import Readings, readings
from train.stages.recorded.sample_targets import SampleTargets
from train.stages.recorded.trained_streams import TrainedStreams, absent, trained_streams
from train.stages.stream_windows import Collector, StreamWindows
from train.stages.window_splits import UNLABELLED, WindowSplits

VERSION = 2
"""Increase it when the windows of a recording change."""


class CorpusWindows:
    """Makes the windows with a bundle's encoders, at the first use.

    Args:
        samples: Those with a label, by split.
        unlabelled: Those without, for the transfer; the windows of the others and their key do not
            depend on them.
    """

    def __init__(
        self,
        config: RecordedConfig,
        corpus: RecordedCorpus,
        samples: dict[str, list[Sample]],
        targets: SampleTargets,
        bundle: Bundle,
        unlabelled: list[Sample],
    ) -> None:
        self._config, self._corpus, self._targets = config, corpus, targets
        self._samples, self._bundle, self._unlabelled = samples, bundle, unlabelled

    @cached_property
    def key(self) -> str:
        """Digest of everything that the windows depend on. Raises: as `streams`."""
        left_out = self.streams.left_out
        return digest(self._key_of_all, *left_out) if left_out else self._key_of_all

    @cached_property
    def _key_of_all(self) -> str:
        """Of the windows of all streams, before any is left out."""
        return self._facts_of(self._samples)

    def _facts_of(self, by_split: dict[str, list[Sample]]) -> str:
        """Digest of everything that the windows of some samples depend on."""
        samples = {split: [repr(one) for one in some] for split, some in by_split.items()}
        used = {one.recording for some in by_split.values() for one in some}
        recordings = {
            view.folder_name: self._key_of(self._corpus.path(view))
            for name in used
            for view in self._corpus.views[name]
        }
        config, manifest = self._config, self._bundle.manifest
        facts = (config.window.model_dump(exclude={"min_share"}), config.stride_s, config.seed)
        # What else is taken from the bundle: typical signals, the reliability network, the gate.
        typical = [manifest.streams[stream].typical_quality for stream in STREAMS]
        taken = (typical, manifest.files[manifest.fusion.graph], manifest.gate.model_dump())
        # The labels of a corpus with one label each name its targets.
        other = () if self._corpus.task == "classes" else (self._corpus.task, self._targets.number)
        return digest(VERSION, samples, recordings, self._corpus.labels, *facts, *taken, *other)

    @cached_property
    def streams(self) -> TrainedStreams:
        """The streams that are trained. Raises: DataError, ConfigError, as `trained_streams`."""
        return trained_streams(self._all["train"], self._config.streams, self._corpus.folder)

    @cached_property
    def made(self) -> WindowSplits:
        """The windows; a stream that is left out is absent from all. Raises: as `streams`."""
        left_out, typical = self.streams.left_out, self._typical
        by_stream = {
            stream: {
                split: absent(one[stream], typical[stream]) if stream in left_out else one[stream]
                for split, one in self._all.items()
            }
            for stream in STREAMS
        }
        for stream, some in self._without_label.items():
            by_stream[stream][UNLABELLED] = (
                absent(some, typical[stream]) if stream in left_out else some
            )
        targets = self._targets.targets
        return WindowSplits(
            by_stream,
            targets.labels,
            "aligned",
            targets.task,
            table=targets.table,
            streams=self.streams.names,
        )

    @cached_property
    def _all(self) -> dict[str, dict[str, StreamWindows]]:
        """By split, then stream."""
        with closing(Networks(self._bundle)) as networks:
            return {
                split: self._split(split, some, self._key_of_all, networks)
                for split, some in self._samples.items()
            }

    @cached_property
    def unlabelled_key(self) -> str | None:
        """Digest of everything that the windows without a label depend on; None without any."""
        if not self._without_label:
            return None
        return digest(self._facts_of({UNLABELLED: self._unlabelled}), *self.streams.left_out)

    @cached_property
    def _without_label(self) -> dict[str, StreamWindows]:
        """By stream; empty where no moment has a face, sound or words, and with a single stream."""
        if not self._unlabelled or len(self.streams.names) < 2:
            return {}
        key = self._facts_of({UNLABELLED: self._unlabelled})
        with closing(Networks(self._bundle)) as networks:
            made = self._split(UNLABELLED, self._unlabelled, key, networks)
        here = any(made[stream].evidence.any() for stream in self.streams.names)
        return made if here else {}

    @property
    def _typical(self) -> dict[str, Float]:
        streams = self._bundle.manifest.streams
        return {s: np.array(streams[s].typical_quality, np.float32) for s in STREAMS}

    def _split(
        self, split: str, samples: list[Sample], key: str, networks: Networks
    ) -> dict[str, StreamWindows]:
        stored = cached(
            cache_folder(),
            f"moments-{split}",
            digest(split, key),
            lambda: self._of_samples(split, samples, networks),
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

    def _of_samples(
        self, split: str, samples: list[Sample], networks: Networks
    ) -> dict[str, NDArray[Any]]:
        manifest, config = self._bundle.manifest, self._config
        speech = Speech(FrontEndParams().text, lambda ids: networks.encode("text", ids)[0])
        size = manifest.fusion.embedding_size
        moments = Moments(config.window, speech, self._typical, size, config.stride_s)
        out = {stream: Collector() for stream in STREAMS}
        for number, sample in enumerate(samples):
            views = [
                (view, self._readings(self._corpus.path(view), networks))
                for view in self._corpus.views[sample.recording]
            ]
            label = self._targets.of(sample)
            rng = generator(config.seed, "moments", split, sample.id)
            moments.add(out, sample, views, label, number, rng)
        return {
            f"{stream}/{name}": array
            for stream, one in out.items()
            for name, array in one.arrays().items()
        }

    def _readings(self, recording: Path, networks: Networks) -> Readings:
        key = self._key_of(recording)
        return readings(recording, self._bundle, networks, cache_folder(), key)

    def _key_of(self, recording: Path) -> str:
        files = [fingerprint(path) for path in sorted(recording.iterdir())]
        manifest = self._bundle.manifest
        encoders = [manifest.files[manifest.streams[s].graph] for s in STREAMS]
        return digest(VERSION, recording.name, files, encoders)
