"""Explains in one word, from measured signals, why a stream is not used.

The gate (`edge.recognition.gate`) decides by learned reliability. These limits only name the
likeliest cause for people. Absence and staleness close a stream by themselves: see
`edge.recognition.availability`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from edge.types import Float

ENGINE_FAILED = "engine_failed"
"""The reason, and the mark in the detail of an observation whose encoder failed."""

NO_FACE = "no_face"
"""The reason of pictures in which no face was found."""

STARTING = "starting"
"""The reason of a stream that has no evidence yet, or, while it is used and no label is given, too
little of it."""

OFF = "off"
"""The reason of a stream that a person has switched off while the run goes on."""

NOT_THIS_FACE = "not_this_face"
"""The reason of a face whose mouth stands still while a voice is heard."""

OTHER_PERSON = "other_person"
"""The reason of another person's face in the place of the one that was followed."""

NOT_SPEAKING = "not_speaking"
"""With several people: the voice that is heard, or the words, are of another or of nobody."""

REASONS = (
    "dark",
    "over_exposed",
    "blurred",
    NO_FACE,
    "frozen",
    "silent",
    "clipped",
    "noisy",
    "no_words",
    STARTING,
    OFF,
    "stale",
    "disconnected",
    ENGINE_FAILED,
    NOT_THIS_FACE,
    OTHER_PERSON,
    NOT_SPEAKING,
    "unreliable",
    "disagrees",
    "recovering",
)
"""Every value of `streams.*.reason` in a verdict. A stream that is used may have `dark` or
`over_exposed`: its newest pictures are so, and the window uses the earlier ones. It has `starting`
where the answer is withheld because no stream reaches back far enough.

This module measures `dark` to `no_words`. `edge.recognition.availability` gives `starting` (no
evidence yet), `stale` (nothing new), `disconnected` and `engine_failed` (its newest item could not
be encoded, or the fusion failed); `edge.recognition.adjustment` gives `off`,
`edge.recognition.speaking` gives `not_this_face`, `edge.recognition.identity` gives `other_person`,
`edge.recognition.people` gives `not_speaking`.
`edge.recognition.gate` gives the rest when no measured signal explains the drop: `unreliable`
(reliability below the limit), `disagrees` (it contradicts the others and what was said before, or
they are more confident without it), `recovering` (good again, waiting for readmission).
"""

POOR = frozenset({"dark", "over_exposed"})
"""The signals of items that tell little. Noise is not among them: a noisy item tells more than none
(docs/faults.md)."""

FROZEN_S = 2.0
"""A sensor's noise changes every frame, so frames that stay the same for this long are old. An
H.264 camera at 200 kbit/s repeats a motionless scene for up to 2.0 s (measured); a person moves."""

Signals = Mapping[str, float]


def _vision(signal: Signals) -> str | None:
    # Before frozen: a covered lens may give the same black frame indefinitely.
    if signal["brightness"] < 0.15:
        return "dark"
    if signal["frozen_s"] > FROZEN_S:
        return "frozen"
    if signal["brightness"] > 0.92:
        return "over_exposed"
    if signal["face"] < 0.5:
        return NO_FACE
    if signal["sharpness"] < 1.0:
        return "blurred"
    return None


def _audio(signal: Signals) -> str | None:
    if signal["level_dbfs"] < -70 or (signal["level_dbfs"] < -50 and signal["voice"] < 0.1):
        return "silent"
    # Before clipped: loud noise also overdrives the microphone. Not below -50 dBFS: in a pause, the
    # hiss of a quiet room is just as flat.
    if signal["flatness"] > 0.3 and signal["level_dbfs"] > -50:
        return "noisy"
    if signal["clipping"] > 0.02:
        return "clipped"
    if signal["floor_dbfs"] > -30:
        return "noisy"
    return None


def _text(signal: Signals) -> str | None:
    if signal["words"] < 1:
        return "no_words"
    return None


_EXPLAIN: dict[str, Callable[[Signals], str | None]] = {
    "text": _text,
    "audio": _audio,
    "vision": _vision,
}


def is_poor(stream: str, names: Sequence[str], quality: Float) -> bool:
    """Whether an item with these signals (Q,) tells little."""
    return explain(stream, dict(zip(names, quality.tolist(), strict=True))) in POOR


def explain(stream: str, signals: Signals) -> str | None:
    """The first cause that the measured signals of `stream` show, or None when they are normal."""
    return _EXPLAIN[stream](signals)
