"""What is measured of each hop of voiced sound: log-mel, pitch, and the bundle's embedding."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.bundle import Bundle
from edge.bundle.networks import Networks
from edge.frontends.sound_level import QUALITY
from edge.frontends.speech import SpeechFrontEnd, SpeechParams
from edge.recognition.speaking import VOICED
from edge.types import Chunk, Float
from train.cache import Arrays, cached, digest, fingerprint
from train.corpora import ravdess, voices
from train.corpora.folder import read_columns
from train.corpora.known import FILES, read_clips
from train.studies.strangers.left_out_voices import TILT
from train.studies.voices.pitch import pitch_hz

log = logging.getLogger("train")

HOP_S = 0.1
_VOICE = QUALITY.index("voice")


@dataclass(frozen=True)
class Hops:
    """n hops of 0.1 s in which the live front end hears a voice, clip by clip.

    Attributes:
        mel: (n, 10, 64), log-mel.
        pitch: (n, 10), Hz; NaN where there is none.
        embedding: (n, D) of the last second; in a clip's first second, of that.
        clip: (n,), the number of the clip.
        persons: (clips,), as `corpus/speaker`.
        labels: (clips,).
        women: (clips,), whether the speaker is a woman.
    """

    mel: NDArray[np.float16]
    pitch: NDArray[np.float16]
    embedding: NDArray[np.float16]
    clip: NDArray[np.int64]
    persons: NDArray[np.str_]
    labels: NDArray[np.int64]
    women: NDArray[np.bool_]


def measure_hops(
    data: Path, corpus: str, bundle: Bundle, speakers: int, clips: int, cache: Path
) -> Hops:
    """The hops of at most `clips` clips of each of the `speakers` speakers with most; made once. A
    speaker whose clips are marked with both sexes is left out.

    Raises:
        DataError: The corpus is missing or damaged.
    """
    manifest = bundle.manifest
    graph = manifest.files[manifest.streams["audio"].graph]
    file = fingerprint(data / FILES["audio"][corpus])
    facts = (file, graph, manifest.frontend_digest, speakers, clips)
    stored = cached(
        cache,
        f"voice-hops-{corpus}",
        digest("voice-hops", 3, *facts),
        lambda: _made(data, corpus, bundle, speakers, clips, cache),
    )
    return Hops(**stored)


def elsewhere(hops: Hops, rng: np.random.Generator) -> Hops:
    """The same voices through another microphone, or with the head turned: a smooth response for
    each speaker, of `TILT`. The embedding is left as it is."""
    knots = np.linspace(0, hops.mel.shape[2] - 1, 8)
    persons, who = np.unique(hops.persons, return_inverse=True)
    tilts = [
        np.interp(np.arange(hops.mel.shape[2]), knots, rng.normal(0, TILT, len(knots)))
        for _ in persons
    ]
    added = np.stack(tilts)[who[hops.clip]][:, None]
    return replace(hops, mel=(hops.mel + added).astype(np.float16))


def _made(
    data: Path, corpus: str, bundle: Bundle, speakers: int, clips: int, cache: Path
) -> Arrays:
    loaded = read_clips(data, (corpus,), cache)
    sexes = _sexes(data, corpus)
    rng = np.random.default_rng(1)
    persons, counts = np.unique(loaded.persons, return_counts=True)
    sure = [one for one in persons[np.argsort(-counts, kind="stable")] if _id(one) in sexes]
    chosen = [
        row
        for person in sure[:speakers]
        for row in rng.permutation(np.flatnonzero(loaded.persons == person))[:clips]
    ]
    log.info("%s: %d clips", corpus, len(chosen))
    networks = Networks(bundle)
    front_end = SpeechFrontEnd(SpeechParams())
    size = bundle.manifest.fusion.embedding_size
    parts: list[Arrays] = []
    for number, row in enumerate(chosen):
        part = _of_clip(loaded.sounds[row], front_end, networks, size)
        part["clip"] = np.full(len(part["mel"]), number)
        parts.append(part)
    return {
        **{name: np.concatenate([part[name] for part in parts]) for name in parts[0]},
        "persons": loaded.persons[chosen],
        "labels": loaded.labels[chosen],
        "women": np.array([sexes[_id(one)] == "F" for one in loaded.persons[chosen]]),
    }


def _id(person: str) -> str:
    return person.split("/", 1)[1]


def _of_clip(
    sound: Float, front_end: SpeechFrontEnd, networks: Networks, size: int
) -> dict[str, Any]:
    params = front_end.params
    front_end.reset()
    found = front_end.process(Chunk(0, np.ascontiguousarray(sound), params.rate_hz, 0))
    full = [at for at, one in enumerate(found) if one.tensor is not None]
    voiced = [at for at, one in enumerate(found) if one.quality[_VOICE] >= VOICED] if full else []
    hop, count = params.hop_frames, len(voiced)
    mel = np.zeros((count, hop, params.mels), np.float16)
    pitch = np.zeros((count, hop), np.float16)
    embedding = np.zeros((count, size), np.float16)
    for into, at in enumerate(voiced):
        # The first whole segment holds the hops of its second.
        tensor = found[max(at, full[0])].tensor
        assert tensor is not None
        last = params.segment_frames - hop * max(0, full[0] - at)
        mel[into] = tensor[0, last - hop : last]
        # Of every second hop: it is of a whole second, so the next one's is nearly the same.
        embedding[into] = embedding[into - 1] if into % 2 else networks.encode("audio", tensor)[0]
        here = sound[at * hop * params.shift :]
        pitch[into] = pitch_hz(here, params.rate_hz, params.shift, hop)
    return {"mel": mel, "pitch": pitch, "embedding": embedding}


def _sexes(data: Path, corpus: str) -> dict[str, str]:
    """ "F" or "M" of each speaker. One whose clips have both is left out: perhaps two people.
    RAVDESS numbers the women evenly."""
    if corpus == "ravdess":
        actors = np.unique(ravdess.listed(data).actors)
        return {f"{actor:02d}": "M" if actor % 2 else "F" for actor in actors}
    rows = read_columns(voices.file_of(data, corpus), ["speaker", "sex"])
    found: dict[str, set[str]] = {}
    for speaker, sex in zip(rows["speaker"], rows["sex"], strict=True):
        found.setdefault(str(speaker).strip(), set()).add(str(sex))
    return {speaker: sexes.pop() for speaker, sexes in found.items() if len(sexes) == 1}
