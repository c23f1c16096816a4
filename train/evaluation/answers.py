"""What the product answers on a recording: its events go through the live recogniser, with the
bundle's own networks, windows and gate. Nothing of it is done again here."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.bundle import Bundle
from edge.bundle.networks import Fused, Networks
from edge.clock import HandClock
from edge.errors import RecordingError
from edge.recognition.recognizer import Recognizer
from edge.recognition.verdict import Verdict
from edge.recording import events
from edge.recording.failures import with_failures
from edge.recording.log import read_log
from edge.recording.player import Player
from edge.recording.session import read_session
from edge.types import NS_PER_S, Float, Utterance, Word


@dataclass(frozen=True, slots=True)
class Answer:
    """One verdict and what the networks said for it.

    Attributes:
        middle_s: The middle of its window, in seconds from the beginning of the recording.
        length_s: Of the window, which does not begin before the recording.
        fused: Every mask's probabilities.
        embeddings: (3, D), zeros for a stream that could not be used.
        quality: (Q,), the signals.
    """

    verdict: Verdict
    middle_s: float
    length_s: float
    fused: Fused
    embeddings: Float
    quality: Float


class SeenNetworks(Networks):
    """A bundle's networks that keep what they were asked for the newest step.

    `known` holds the encodings of earlier replays by content: the encoders are the slow part, and a
    bundle that differs in its fusion alone needs them once.
    """

    def __init__(
        self, bundle: Bundle, known: dict[bytes, tuple[Float, float]] | None = None
    ) -> None:
        super().__init__(bundle)
        files = bundle.manifest.files
        self._known = {} if known is None else known
        self._files = {s: files[one.graph] for s, one in bundle.manifest.streams.items()}
        self.asked: tuple[Float, Float, Fused] | None = None

    def encode(self, stream: str, tensor: NDArray[np.generic]) -> tuple[Float, float]:
        """As `Networks.encode`."""
        content = hashlib.blake2b(np.ascontiguousarray(tensor).tobytes(), digest_size=16)
        key = f"{stream} {self._files[stream]} {tensor.shape} ".encode() + content.digest()
        if key not in self._known:
            self._known[key] = super().encode(stream, tensor)
        return self._known[key]

    def fuse(self, embeddings: Float, quality: Float) -> Fused:
        """As `Networks.fuse`."""
        fused = super().fuse(embeddings, quality)
        self.asked = embeddings, quality, fused
        return fused


def answers(
    recording: Path, bundle: Bundle, networks: SeenNetworks, words: tuple[Word, ...] | None = None
) -> Iterator[Answer]:
    """The answers of every step of one recording.

    The window is the bundle's. Where its step is another than that of the recording, its steps are
    made when the recording's next step was.

    Args:
        networks: Those of the bundle.
        words: What was said, with times from the beginning of the recording, in place of what
            speech-to-text recognised. A word is heard when it has ended.

    Raises:
        RecordingError: It is no recording, of another front end, or it has no complete step.
    """
    session = read_session(recording)
    manifest = bundle.manifest
    if session.content == "features" and session.frontend_digest != manifest.frontend_digest:
        raise RecordingError(
            f"{recording} has features of another front end than the one of {bundle.folder}: record"
            " it again with this release."
        )
    step_ns = round(manifest.window.step_s * NS_PER_S)
    same_step = step_ns == round(session.window.step_s * NS_PER_S)
    clock = HandClock()
    raw = session.content == "raw"
    if not raw and session.people != "nearest":
        raise RecordingError(
            f"{recording} has the faces of several people (--people), and no single answer: record"
            " it again without --people, or with --record-raw."
        )
    recognizer = Recognizer(bundle, networks, clock, takes_packets=raw)
    player = Player(recording, manifest, recognizer, clock, raw)
    begin_ns: int | None = None
    last_ns: int | None = None
    try:
        for event, array, failed in with_failures(read_log(recording)):
            if isinstance(event, events.Stepped):
                if begin_ns is None or last_ns is None:
                    first_ns = event.end_ns - round(session.window.step_s * NS_PER_S)
                    begin_ns = first_ns if event.origin_ns is None else event.origin_ns
                    last_ns = begin_ns
                if words is not None:
                    event = event.model_copy(update={"links": event.links | {"text": "up"}})
                dues = [event.end_ns]
                if not same_step:
                    dues = list(range(last_ns + step_ns, event.end_ns + 1, step_ns))
                for due_ns in dues:
                    if words is not None:
                        recognizer.accept_utterances(*_said(words, begin_ns, due_ns))
                    (verdict,) = player.steps(event.model_copy(update={"end_ns": due_ns}), failed)
                    yield _answer(verdict, networks, begin_ns)
                    last_ns = due_ns
            elif isinstance(event, events.Read):
                if words is None:
                    player.take(event, array)
            elif not isinstance(event, events.Judged | events.Ended):
                player.take(event, array)
    finally:
        recognizer.close()
    if last_ns == begin_ns:
        raise RecordingError(f"{recording} has no complete step: it cannot be replayed.")


def _said(words: tuple[Word, ...], begin_ns: int, heard_ns: int) -> tuple[list[Utterance], int]:
    """The words that have ended, as one utterance that grows."""
    ended = tuple(
        Word(word.text, word.start_ns + begin_ns, word.end_ns + begin_ns, word.confidence)
        for word in words
        if word.end_ns + begin_ns <= heard_ns
    )
    return [Utterance(0, ended, False, heard_ns)], heard_ns


def _answer(verdict: Verdict, networks: SeenNetworks, begin_ns: int) -> Answer:
    assert networks.asked is not None
    embeddings, quality, fused = networks.asked
    start_ns, end_ns = verdict.span_ns
    return Answer(
        verdict=verdict,
        middle_s=((start_ns + end_ns) / 2 - begin_ns) / NS_PER_S,
        length_s=(end_ns - start_ns) / NS_PER_S,
        fused=fused,
        embeddings=embeddings,
        quality=quality,
    )
