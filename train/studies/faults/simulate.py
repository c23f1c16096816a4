"""Simulate one identity's face, voice and words, with a fault while a `Timeline` says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.faults import BETWEEN_PACKETS, CLEAN, FAULTS, FROZEN, LOW_RATE, NO_FACE, NO_VOICE
from edge.frontends.text import describe
from edge.recognition.window import StreamWindow
from edge.types import NS_PER_S, Float, Reading, Word
from train.augment import face_views, sound_views, text_views
from train.corpora.items import Corpora
from train.studies.faults.timeline import Timeline, Track, follow, track

FRAME_HZ = 10.0
VIEWS = 4
LIE = "another_person"
"""A good face, voice or transcript of somebody else, who feels something else: a photograph held
before the camera, a radio, the words of a television."""

Encode = Callable[[NDArray[Any]], tuple[Float, Float]]
"""Items (n, ...) of one stream to embeddings (n, D) and logits (n,)."""


def families(stream: str) -> tuple[str, ...]:
    """Every fault of a stream, by name."""
    return (*FAULTS[stream], *BETWEEN_PACKETS[stream])


@dataclass(frozen=True)
class Simulator:
    """Simulates the streams of one bundle; `encode` holds its encoders, by stream."""

    corpora: Corpora
    encode: dict[str, Encode]
    embedding_size: int
    text_s: float
    """Length of a text window in seconds."""
    timeline: Timeline = field(default_factory=Timeline)
    """When the faults last."""

    def simulate(
        self,
        stream: str,
        item: int,
        other: int,
        fault: str,
        severity: float,
        rng: np.random.Generator,
    ) -> Track:
        """Simulate the track of one item.

        Args:
            other: an item of another class, which a frozen picture or another person shows.
            rng: equal generators give a clean run and a run with a fault the same clean part.
        """
        if stream == "vision":
            return self._vision(item, other, fault, severity, rng)
        if stream == "audio":
            return self._audio(item, other, fault, severity, rng)
        return self._text(item, other, fault, severity, rng)

    def _vision(
        self, item: int, other: int, fault: str, severity: float, rng: np.random.Generator
    ) -> Track:
        faces, points = self.corpora.faces
        params = self.corpora.params.face
        views = [
            face_views.make_view(faces.pictures[item], points[item], rng) for _ in range(VIEWS)
        ]
        good = [face_views.crop(one, params, rng) for one in views]
        bad = good
        if fault == FROZEN:
            hung = face_views.make_view(faces.pictures[other], points[other], rng)
            bad = [face_views.crop(hung, params, rng)]
        elif fault == LIE:
            moving = [
                face_views.make_view(faces.pictures[other], points[other], rng)
                for _ in range(VIEWS)
            ]
            bad = [face_views.crop(one, params, rng) for one in moving]
        elif fault in FAULTS["vision"]:
            worse = [face_views.faulted(one, fault, severity, rng) for one in views]
            bad = [face_views.crop(one, params, rng) for one in worse]
        embeddings, logits = self.encode["vision"](np.stack([t for t, _ in [*good, *bad]]))
        nobody = face_views.frame_quality(views[0], rng)
        readings = []
        for number, t_s in enumerate(np.arange(0.05, self.timeline.total_s, 1 / FRAME_HZ)):
            since_s = None if fault == CLEAN else self.timeline.since(t_s)
            amiss = since_s is not None
            if amiss and fault == LOW_RATE and rng.random() < severity:
                continue
            if amiss and fault == NO_FACE and rng.random() < severity:
                readings.append(Reading(_ns(t_s), nobody, None, 0.0, 0))
                continue
            which = number % len(bad if amiss else good)
            quality = (bad if amiss else good)[which][1].copy()
            if since_s is not None and fault == FROZEN:
                quality[-1] = since_s
            row = which + (len(good) if amiss else 0)
            readings.append(Reading(_ns(t_s), quality, embeddings[row], float(logits[row]), 0))
        return follow("vision", readings, self.timeline.ends_s, self.embedding_size)

    def _audio(
        self, item: int, other: int, fault: str, severity: float, rng: np.random.Generator
    ) -> Track:
        total_s = self.timeline.total_s
        sound = sound_views.make_view(self.corpora.clips.sounds[item], total_s, rng)
        if fault != CLEAN:
            bad = self._bad_sound(sound, other, fault, severity, rng)
            for span in self.timeline.spans:
                first, last = (round(t_s * sound_views.RATE_HZ) for t_s in span)
                sound = np.concatenate([sound[:first], bad[first:last], sound[last:]])
        segments, quality = self.corpora.segment_extractor.extract(sound)
        embeddings, logits = self.encode["audio"](segments)
        # The time of a segment is its end, as in the live front end.
        params = self.corpora.params.speech
        hop_s = total_s - np.arange(len(segments))[::-1] * params.hop_frames * 0.01
        readings = [
            Reading(_ns(t_s), q, embedding, float(logit), 0)
            for t_s, q, embedding, logit in zip(hop_s, quality, embeddings, logits, strict=True)
        ]
        return follow("audio", readings, self.timeline.ends_s, self.embedding_size)

    def _bad_sound(
        self, sound: Float, other: int, fault: str, severity: float, rng: np.random.Generator
    ) -> Float:
        """The whole of the run's sound with the fault."""
        if fault == NO_VOICE:
            return sound_views.room_noise(len(sound), rng.uniform(*sound_views.ROOM_DBFS), rng)
        if fault == LIE:
            theirs = self.corpora.clips.sounds[other]
            return sound_views.make_view(theirs, self.timeline.total_s, rng)
        return sound_views.faulted(sound, fault, severity, rng)

    def _text(
        self, item: int, other: int, fault: str, severity: float, rng: np.random.Generator
    ) -> Track:
        params = self.corpora.params.text
        look_back_ns = round(self.text_s * NS_PER_S)
        words: list[Word] = []
        begin_s = -float(rng.uniform(4, 8))
        while begin_s < self.timeline.total_s:
            lies = fault == LIE and self.timeline.since(begin_s) is not None
            spoken = text_views.spoken(self.corpora.lines[1][other if lies else item], rng)
            shift_ns = _ns(begin_s) - spoken[0].start_ns
            predicted = [
                replace(w, start_ns=w.start_ns + shift_ns, end_ns=w.end_ns + shift_ns)
                for w in spoken
            ]
            if fault not in (CLEAN, "late", LIE):
                inside = [
                    w for w in predicted if self.timeline.since(w.end_ns / NS_PER_S) is not None
                ]
                wrong = text_views.faulted(inside, fault, severity, rng)
                predicted = sorted(
                    [*(w for w in predicted if w not in inside), *wrong], key=lambda w: w.end_ns
                )
            words += predicted
            begin_s = spoken[-1].end_ns / NS_PER_S + shift_ns / NS_PER_S + rng.uniform(0.5, 2.5)
        seen, newest = [], []
        for end_s in self.timeline.ends_s:
            is_late = fault == "late" and self.timeline.since(end_s) is not None
            lag_s = 5 * severity if is_late else 0.0
            heard_ns = _ns(end_s - lag_s)
            there = [w for w in words if w.end_ns <= heard_ns]
            one = describe(there, _ns(end_s), look_back_ns, look_back_ns, params)
            seen.append((one, _ns(lag_s)))
            if one.tensor is not None:
                newest.append(one.tensor)
        embeddings = iter(self.encode["text"](np.stack(newest))[0] if newest else ())
        windows = [
            StreamWindow(
                None if one.tensor is None else next(embeddings),
                one.quality,
                _ns(end_s) - one.t_ns if one.tensor is not None else None,
                lag_ns,
                1.0,
            )
            for (one, lag_ns), end_s in zip(seen, self.timeline.ends_s, strict=True)
        ]
        return track("text", windows, self.embedding_size)


def _ns(seconds: float) -> int:
    return round(float(seconds) * NS_PER_S)
