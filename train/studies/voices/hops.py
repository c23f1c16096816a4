"""What is measured of each hop of voiced sound: log-mel, pitch, and the bundle's embedding."""

from __future__ import annotations

import logging
from dataclasses import dataclass
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
    """The hops of at most `clips` clips of each of the `speakers` speakers with most; made once.

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


def _made(
    data: Path, corpus: str, bundle: Bundle, speakers: int, clips: int, cache: Path
) -> Arrays:
    loaded = read_clips(data, (corpus,), cache)
    women = _women(data, corpus)
    rng = np.random.default_rng(1)
    persons, counts = np.unique(loaded.persons, return_counts=True)
    chosen = [
        row
        for person in persons[np.argsort(-counts, kind="stable")][:speakers]
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
        "women": np.array([one.split("/")[1] in women for one in loaded.persons[chosen]]),
    }


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


def _women(data: Path, corpus: str) -> set[str]:
    """The speakers who are women; RAVDESS numbers them evenly."""
    if corpus == "ravdess":
        return {f"{actor:02d}" for actor in ravdess.listed(data).actors if actor % 2 == 0}
    rows = read_columns(voices.file_of(data, corpus), ["speaker", "sex"])
    both = list(zip(rows["speaker"], rows["sex"], strict=True))
    return {
        str(speaker).strip()
        for speaker in {one for one, _ in both}
        if 2 * sum(sex == "F" for one, sex in both if one == speaker)
        > sum(one == speaker for one, _ in both)
    }
