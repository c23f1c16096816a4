"""Training batches of the encoders: augmented items with faults, classes balanced."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.faults import FAULTS
from edge.frontends.face_crop import describe
from train.augment import face_views, sound_views
from train.cache import cached, digest
from train.config import AudioFit, EncoderFit, SpeechConfig
from train.corpora.face_teacher import taught
from train.corpora.items import Corpora
from train.corpora.labels import LABELS
from train.corpora.sampling import CorpusDraw
from train.live_config import CorpusChoice, TrainConfig
from train.loop import generator
from train.stages.soft_targets import among, one_hot

Batch = tuple[NDArray[Any], NDArray[np.float32], NDArray[np.float32]]
"""Items (batch, n, ...) of windows, the distribution over labels (batch, C) of each, and the log
prior (batch, C) that the loss adds to the logits; zeros for none."""

VAL_SEGMENTS = 12


def draw_of(section: EncoderFit, labels: NDArray[np.int64], corpus: NDArray[np.str_]) -> CorpusDraw:
    """Draws training items with labels (n,) and corpora (n,)."""
    return CorpusDraw(labels, corpus, len(LABELS), section.class_balance, section.corpus_balance)


def aimed(
    choice: CorpusChoice,
    draw: CorpusDraw,
    places: NDArray[np.int64],
    target: NDArray[np.float32],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Targets and log priors of a batch, both (batch, C)."""
    prior = draw.log_prior(places)
    if not choice.uniform_prior:
        return target, np.zeros_like(prior)
    return among(target, prior), prior


class VisionBatches:
    """Two variations of each picture; one may have a fault, so the window's loss trains the
    pooling logit to prefer the other."""

    def __init__(self, config: TrainConfig, corpora: Corpora) -> None:
        self._config, self._corpora = config, corpora
        self._faces, self._points = corpora.faces
        self._train = corpora.usable("vision", "train")
        self._names = sorted(FAULTS["vision"])
        self._choice = config.corpora
        self._targets = taught(corpora.data, self._faces, config.corpora.teacher_share)

    def epoch(self, section: EncoderFit, rng: np.random.Generator) -> Iterator[Batch]:
        """One epoch's batches."""
        labels, corpus = self._faces.labels[self._train], self._faces.corpus[self._train]
        draw = draw_of(section, labels, corpus)
        places = draw(section.samples, rng)
        for begin in range(0, len(places), section.batch):
            some = places[begin : begin + section.batch]
            if len(some) > 1:
                rows = self._train[some]
                items = np.stack([self._window(i, section.fault_share, rng) for i in rows])
                yield items, *aimed(self._choice, draw, some, self._targets[rows])

    def _window(
        self, item: int, fault_share: float, rng: np.random.Generator
    ) -> NDArray[np.float32]:
        params = self._corpora.params.face
        picture, points = self._faces.pictures[item], self._points[item]
        first = face_views.make_view(picture, points, rng)
        second = face_views.make_view(picture, points, rng)
        if rng.random() < 2 * fault_share:
            name = self._names[int(rng.integers(len(self._names)))]
            second = face_views.faulted(second, name, float(rng.uniform(0.1, 1)), rng)
        return np.stack(
            [face_views.crop(make_view, params, rng)[0] for make_view in (first, second)]
        )

    def validation(self) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Unaugmented validation crops (n, 1, 1, 48, 48) and their labels."""
        items = self._corpora.usable("vision", "val")
        params = self._corpora.params.face
        crops = [describe(self._faces.pictures[i], self._points[i], params)[0] for i in items]
        return np.stack(crops)[:, None], self._faces.labels[items]


class AudioBatches:
    """Segments of augmented versions of each clip, which are made once."""

    def __init__(self, config: SpeechConfig, corpora: Corpora) -> None:
        self._config, self._corpora = config, corpora
        self._choice = config.corpora if isinstance(config, TrainConfig) else CorpusChoice()
        self._params = corpora.params.speech
        self._train = corpora.usable("audio", "train")
        self._frames, self._starts = self._views()

    def epoch(self, section: EncoderFit, rng: np.random.Generator) -> Iterator[Batch]:
        """One epoch's batches."""
        assert isinstance(section, AudioFit)
        clips = self._corpora.clips
        labels, corpus = clips.labels[self._train], clips.corpus[self._train]
        draw = draw_of(section, labels, corpus)
        drawn = draw(section.samples, rng)
        for begin in range(0, len(drawn), section.batch):
            some = drawn[begin : begin + section.batch]
            if len(some) > 1:
                target = one_hot(labels[some], len(LABELS))
                yield self.windows(some, section, rng), *aimed(self._choice, draw, some, target)

    def windows(
        self, places: NDArray[np.int64], section: AudioFit, rng: np.random.Generator
    ) -> NDArray[np.float32]:
        """Windows (n, segments, 1, 100, 64), one of each training clip at `places`."""
        return np.stack([self._window(k, section, rng) for k in places])

    def _window(
        self, place: int, section: AudioFit, rng: np.random.Generator
    ) -> NDArray[np.float32]:
        view = place * section.views + int(rng.integers(section.views))
        frames = self._frames[self._starts[view] : self._starts[view + 1]]
        length = self._params.segment_frames
        starts = rng.integers(0, len(frames) - length + 1, section.segments)
        out = np.stack([frames[s : s + length] for s in starts]).astype(np.float32)
        # SpecAugment with the same mask on all segments: a missing band affects the whole window.
        shift = int(rng.integers(-2, 3))
        out = np.roll(out, shift, axis=2)
        mean = out.mean()
        low = int(rng.integers(0, self._params.mels - 12))
        out[:, :, low : low + int(rng.integers(0, 12))] = mean
        for segment in out:
            begin = int(rng.integers(0, length - 20))
            segment[begin : begin + int(rng.integers(0, 20))] = mean
        return out[:, None]

    def validation(self) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Validation clips in a quiet room, (n, 12, 1, 100, 64), and their labels."""
        items = self._corpora.usable("audio", "val")
        windows = []
        for i in items:
            rng = generator(self._config.seed, "audio", "val", int(i))
            sound = self._corpora.clips.sounds[i]
            sound = sound_views.make_view(sound, self._config.window.duration_s, rng)
            tensors, _ = self._corpora.segment_extractor.extract(sound)
            windows.append(
                tensors[np.linspace(0, len(tensors) - 1, VAL_SEGMENTS).round().astype(int)]
            )
        return np.stack(windows), self._corpora.clips.labels[items]

    def _views(self) -> tuple[NDArray[np.float16], NDArray[np.int64]]:
        section = self._config.audio
        facts = (section.views, section.fault_share, self._config.seed, VIEW_VERSION)
        key = digest("audio-views", *facts, *self._corpora.key("audio"))

        def make() -> dict[str, NDArray[Any]]:
            frames, lengths = [], [0]
            for i in self._train:
                for view in range(section.views):
                    rng = generator(self._config.seed, "audio", "view", int(i), view)
                    tensors, _ = self._corpora.segment_extractor.extract(
                        self._varied(int(i), section.fault_share, rng)
                    )
                    one = sound_views.frames_of(tensors).astype(np.float16)
                    frames.append(one)
                    lengths.append(len(one))
            return {"frames": np.concatenate(frames), "starts": np.cumsum(lengths)}

        stored = cached(self._corpora.cache, "audio-views", key, make)
        return stored["frames"], stored["starts"]

    def _varied(
        self, item: int, fault_share: float, rng: np.random.Generator
    ) -> NDArray[np.float32]:
        sound = sound_views.trimmed(self._corpora.clips.sounds[item])
        sound = sound_views.make_view(sound, None, rng)
        if rng.random() < fault_share:
            names = sorted(set(FAULTS["audio"]) - {"silence"})
            name = names[int(rng.integers(len(names)))]
            sound = sound_views.faulted(sound, name, float(rng.uniform(0, 0.8)), rng)
        return sound


VIEW_VERSION = 2
"""Increase it when the augmentation changes, so that older arrays are not taken from the cache."""
