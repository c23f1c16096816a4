"""Makers of stream windows: generators that apply a fault schedule to an item."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.bundle.manifest import WindowSpec
from edge.faults import CLEAN, FAULTS, FROZEN, NO_FACE, NO_VOICE
from edge.frontends.text import describe as describe_words
from edge.recognition.pooling import pool
from edge.types import NS_PER_S, Float
from train.augment import face_views, sound_views, text_views
from train.corpora.items import Corpora
from train.stages.stream_windows import FaultSchedule, draw_schedule

PAUSE_SHARE = 0.35
SILENT_DBFS = -72.0
"""In dBFS. Speech below this level counts as none, as from a muted microphone."""
Row = dict[str, Any]


Maker = Generator[NDArray[Any], tuple[Float, Float], Row | None]
"""Generator of one stream window: it yields items to encode, receives their embeddings and logits,
and returns the row."""


def _vision(
    corpora: Corpora, window: WindowSpec, item: int, number: int, rng: np.random.Generator
) -> Maker:
    faces, points = corpora.faces
    params = corpora.params.face
    schedule = draw_schedule(number, [*sorted(FAULTS["vision"]), FROZEN, NO_FACE], rng)
    views = [face_views.make_view(faces.pictures[item], points[item], rng) for _ in range(2)]
    good = [face_views.crop(one, params, rng) for one in views]
    bad, bad_quality, evidence = good, good[1][1].copy(), True
    if schedule.fault == FROZEN:
        bad_quality[-1] = rng.uniform(0.8, 12.0)
        evidence = False
    elif schedule.fault == NO_FACE:
        bad_quality = face_views.frame_quality(views[1], rng)
        evidence = False
    elif schedule.fault != CLEAN:
        worse = [face_views.faulted(one, schedule.fault, schedule.severity, rng) for one in views]
        bad = [face_views.crop(one, params, rng) for one in worse]
        bad_quality = bad[1][1]
        # With higher severity the detector finds the face less often.
        if rng.random() < 0.6 * schedule.severity**2:
            bad_quality = face_views.frame_quality(worse[1], rng)
            evidence = False
    embeddings, logits = yield np.stack([tensor for tensor, _ in [*good, *bad]])
    clear = pool(embeddings[:2], logits[:2])
    # Without a face there is nothing to pool, so the window keeps its earlier items.
    found = bool(bad_quality[0] > 0.5)
    amiss = pool(embeddings[2:], logits[2:]) if found else clear
    share = schedule.share if schedule.present else 1 - schedule.share
    weights = np.repeat([1 - share, share], 2).astype(np.float32)
    mixed = pool(embeddings, logits + np.log(np.maximum(weights, 1e-9))) if found else clear
    # The detector sometimes misses a face in a clean picture, too.
    quality = bad_quality if schedule.present else good[1][1]
    if quality is good[1][1] and rng.random() < 0.05:
        nobody = face_views.frame_quality(views[1], rng)
        part = np.float32(rng.uniform(0.0, 0.6))
        quality = (1 - part) * quality + part * nobody
    target, seen = (amiss, evidence) if schedule.present else (clear, True)
    return _row(corpora, "vision", item, schedule, mixed, quality, target, seen)


def _audio(
    corpora: Corpora, window: WindowSpec, item: int, number: int, rng: np.random.Generator
) -> Maker:
    clips = corpora.clips
    schedule = draw_schedule(number, [*sorted(FAULTS["audio"]), NO_VOICE], rng, sudden=True)
    pausing = rng.random() < PAUSE_SHARE
    pause_s = float(rng.uniform(0.2, 1.2)) if pausing else 0.0
    clean = sound_views.make_view(clips.sounds[item], window.duration_s, rng, pause_s)

    # The number of segments whose signals belong to the newest step varies.
    in_a_step = window.step_s / (corpora.params.speech.hop_frames * 0.01)
    few, many = max(1, math.floor(in_a_step)), math.ceil(in_a_step)

    def heard(sound: Float) -> Generator[Float, tuple[Float, Float], tuple[Float, Float]]:
        tensors, quality = corpora.segment_extractor.extract(sound)
        newest = quality[-int(rng.integers(few, many + 1)) :].mean(axis=0)
        # Neighbours overlap by nine tenths; every second one gives the same pooled embedding.
        return pool(*(yield tensors[::-2])), newest

    if schedule.fault == NO_VOICE:
        # Without speech in the whole window it is not a pause, and there is no evidence.
        schedule = FaultSchedule(NO_VOICE, schedule.severity, 1.0, True)
        room_dbfs = float(rng.uniform(*sound_views.ROOM_DBFS))
        embedding, quality = yield from heard(sound_views.room_noise(len(clean), room_dbfs, rng))
        return _row(corpora, "audio", item, schedule, embedding, quality, embedding, False)
    if schedule.fault == CLEAN:
        embedding, quality = yield from heard(clean)
        return _row(corpora, "audio", item, schedule, embedding, quality, embedding, True)
    amiss = sound_views.faulted(clean, schedule.fault, schedule.severity, rng)
    present, before = (amiss, clean) if schedule.present else (clean, amiss)
    target, quality = yield from heard(present)
    mixed = target
    if schedule.share < 1:
        mixed, quality = yield from heard(sound_views.splice(before, present, schedule.share))
    # The network is invariant to gain, but below this level a real converter is silent.
    evidence = sound_views.level_dbfs(present) > SILENT_DBFS
    return _row(corpora, "audio", item, schedule, mixed, quality, target, evidence)


def _text(
    corpora: Corpora, window: WindowSpec, item: int, number: int, rng: np.random.Generator
) -> Maker:
    params = corpora.params.text
    schedule = draw_schedule(number, sorted(FAULTS["text"]), rng)
    words = text_views.spoken(corpora.lines[1][item], rng)
    look_back_ns = round(window.text_s * NS_PER_S)
    if schedule.fault != CLEAN:
        # Unlike light and sound, words do not change within their look-back.
        words = text_views.faulted(words, schedule.fault, schedule.severity, rng)
        schedule = FaultSchedule(schedule.fault, schedule.severity, 1.0, True)
    heard_ns = round(float(rng.uniform(0.3, 1.0)) * look_back_ns)
    seen = describe_words(words, 0, look_back_ns, heard_ns, params)
    if seen.tensor is None:
        return None
    embeddings, _ = yield seen.tensor[None]
    return _row(corpora, "text", item, schedule, embeddings[0], seen.quality, embeddings[0], True)


MAKERS: dict[str, Callable[[Corpora, WindowSpec, int, int, np.random.Generator], Maker]] = {
    "vision": _vision,
    "audio": _audio,
    "text": _text,
}


def _row(
    corpora: Corpora,
    stream: str,
    item: int,
    schedule: FaultSchedule,
    embedding: Float,
    quality: Float,
    target: Float,
    evidence: bool,
) -> Row:
    return {
        "embedding": embedding,
        "quality": quality,
        "target": target,
        "evidence": evidence,
        "label": int(corpora.labels(stream)[item]),
        "item": item,
        "fault": schedule.fault if schedule.present else CLEAN,
        "severity": schedule.severity if schedule.present else 0.0,
        "share": schedule.share,
    }
