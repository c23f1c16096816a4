"""Makes the window readings of each stream and part, with trained encoders, once."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from edge.faults import FAULTS
from edge.frontends.text import describe as describe_words
from edge.pooling import pool
from edge.types import NS_PER_S, Float
from train.config import TrainConfig
from train.data import face_views, sound_views, text_views
from train.data.cache import cached, digest
from train.data.items import Corpora
from train.data.readings import CLEAN, Collector, Plan, Readings, plan
from train.data.sampling import few_even
from train.data.splits import Split
from train.loop import generator
from train.models.classifier import Classifier

log = logging.getLogger("train")

VERSION = 1
"""Raised when the stories change, so that older readings are not taken from the cache."""

WINDOW_S = 3.0
NEWEST = 3
"""Speech segments whose signals belong to the newest step of 0.25 s, at most."""
PAUSE_SHARE = 0.35
SILENT_DBFS = -72.0
"""Speech fainter than this is taken as none: a muted microphone."""
NO_FACE = "no_face"
FROZEN = "frozen"


def readings(
    config: TrainConfig, stream: str, split: Split, corpora: Corpora, model: Classifier, key: str
) -> Readings:
    """All readings of one stream and part.

    Args:
        model: the stream's trained classifier, in eval mode.
        key: digest of its weights.
    """
    count: int = getattr(config.readings, split)
    facts = (stream, split, count, config.readings.most_items, config.seed, VERSION, key)
    name = f"readings-{stream}-{split}"

    def make() -> dict[str, NDArray[Any]]:
        rng = generator(config.seed, "readings", stream, split)
        usable = corpora.usable(stream, split)
        labels = corpora.labels(stream)[usable]
        items = usable[few_even(labels, config.readings.most_items, rng)]
        log.info("%s: %d windows of each of %d %s items", stream, count, len(items), split)
        encode = _encoder(model)
        out = Collector()
        with torch.inference_mode():
            for item in items:
                for number in range(count):
                    one = generator(config.seed, stream, split, int(item), number)
                    _MAKERS[stream](corpora, encode, int(item), number, one, out)
        return out.arrays()

    stored = cached(corpora.cache, name, digest(*facts, *corpora.key()), make)
    return Readings(**stored)


Encode = Callable[[NDArray[Any]], tuple[Float, Float]]


def _encoder(model: Classifier) -> Encode:
    def encode(items: NDArray[Any]) -> tuple[Float, Float]:
        codes, logits = model.encoder(torch.from_numpy(np.array(items)))
        return codes.numpy(), logits.numpy()

    return encode


def _vision(
    corpora: Corpora,
    encode: Encode,
    item: int,
    number: int,
    rng: np.random.Generator,
    out: Collector,
) -> None:
    faces, points = corpora.faces
    params = corpora.params.face
    story = plan(number, [*sorted(FAULTS["vision"]), FROZEN, NO_FACE], rng)
    looks = [face_views.look(faces.pictures[item], points[item], rng) for _ in range(2)]
    good = [face_views.crop(one, params, rng) for one in looks]
    bad, bad_quality, evidence = good, good[1][1].copy(), True
    if story.fault == FROZEN:
        bad_quality[-1] = rng.uniform(0.8, 12.0)
        evidence = False
    elif story.fault == NO_FACE:
        bad_quality = face_views.frame_quality(looks[1], rng)
        evidence = False
    elif story.fault != CLEAN:
        worse = [face_views.faulted(one, story.fault, story.severity, rng) for one in looks]
        bad = [face_views.crop(one, params, rng) for one in worse]
        bad_quality = bad[1][1]
        # The worse the picture, the less often the detector finds the face in it.
        if rng.random() < 0.6 * story.severity**2:
            bad_quality = face_views.frame_quality(worse[1], rng)
            evidence = False
    codes, logits = encode(np.stack([tensor for tensor, _ in [*good, *bad]]))
    clear = pool(codes[:2], logits[:2])
    # Without a face there is nothing to pool: the window keeps what it had.
    found = bool(bad_quality[0] > 0.5)
    amiss = pool(codes[2:], logits[2:]) if found else clear
    share = story.share if story.present else 1 - story.share
    weights = np.repeat([1 - share, share], 2).astype(np.float32)
    mixed = pool(codes, logits + np.log(np.maximum(weights, 1e-9))) if found else clear
    # Now and then the detector misses a face in a good picture, too.
    quality = bad_quality if story.present else good[1][1]
    if quality is good[1][1] and rng.random() < 0.05:
        nobody = face_views.frame_quality(looks[1], rng)
        part = np.float32(rng.uniform(0.0, 0.6))
        quality = (1 - part) * quality + part * nobody
    target, seen = (amiss, evidence) if story.present else (clear, True)
    _add(out, corpora, "vision", item, story, mixed, quality, target, seen)


def _audio(
    corpora: Corpora,
    encode: Encode,
    item: int,
    number: int,
    rng: np.random.Generator,
    out: Collector,
) -> None:
    clips = corpora.clips
    names = sorted(FAULTS["audio"])
    story = plan(number, names, rng)
    pausing = rng.random() < PAUSE_SHARE
    pause_s = float(rng.uniform(0.2, 1.2)) if pausing else 0.0
    clean = sound_views.hearing(clips.sounds[item], WINDOW_S, rng, pause_s)

    def heard(sound: Float) -> tuple[Float, Float]:
        tensors, quality = corpora.listener.hear(sound)
        newest = quality[-int(rng.integers(2, NEWEST + 1)) :].mean(axis=0)
        # Neighbours overlap by nine tenths; every other one gives the same pooled code.
        return pool(*encode(tensors[::-2])), newest

    if story.fault == CLEAN:
        code, quality = heard(clean)
        _add(out, corpora, "audio", item, story, code, quality, code, True)
        return
    amiss = sound_views.faulted(clean, story.fault, story.severity, rng)
    present, before = (amiss, clean) if story.present else (clean, amiss)
    target, quality = heard(present)
    mixed = target
    if story.share < 1:
        mixed, quality = heard(sound_views.splice(before, present, story.share))
    # The network hears scaled speech as well as ever, but below this a real converter is silent.
    evidence = sound_views.level_dbfs(present) > SILENT_DBFS
    _add(out, corpora, "audio", item, story, mixed, quality, target, evidence)


def _text(
    corpora: Corpora,
    encode: Encode,
    item: int,
    number: int,
    rng: np.random.Generator,
    out: Collector,
) -> None:
    params = corpora.params.text
    story = plan(number, sorted(FAULTS["text"]), rng)
    words = text_views.spoken(corpora.lines[1][item], rng)
    look_back_ns = round(text_views.LOOK_BACK_S * NS_PER_S)
    if story.fault != CLEAN:
        # Words do not change back and forth within their look-back as light and sound do.
        words = text_views.faulted(words, story.fault, story.severity, rng)
        story = Plan(story.fault, story.severity, 1.0, True)
    heard_ns = round(float(rng.uniform(0.3, 1.0)) * look_back_ns)
    seen = describe_words(words, 0, look_back_ns, heard_ns, params)
    if seen.tensor is None:
        return
    codes, _ = encode(seen.tensor[None])
    _add(out, corpora, "text", item, story, codes[0], seen.quality, codes[0], True)


_MAKERS = {"vision": _vision, "audio": _audio, "text": _text}


def _add(
    out: Collector,
    corpora: Corpora,
    stream: str,
    item: int,
    story: Plan,
    code: Float,
    quality: Float,
    target: Float,
    evidence: bool,
) -> None:
    out.add(
        code=code,
        quality=quality,
        target=target,
        evidence=evidence,
        label=int(corpora.labels(stream)[item]),
        item=item,
        fault=story.fault if story.present else CLEAN,
        severity=story.severity if story.present else 0.0,
        share=story.share,
    )
