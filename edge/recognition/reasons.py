"""Why a stream is not trusted, in one word, from what was measured.

The learned confidence decides (`edge.recognition.gate`); these limits only name the likeliest cause
for people. Two of them are facts on their own, staleness and absence: see
`edge.recognition.availability`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

REASONS = (
    "dark",
    "over_exposed",
    "blurred",
    "no_face",
    "frozen",
    "silent",
    "clipped",
    "noisy",
    "no_words",
    "starting",
    "stale",
    "disconnected",
    "unreliable",
    "disagrees",
    "recovering",
)
"""Every word that `streams.*.reason` of a verdict may hold.

Measured here: `dark` to `no_words`. From `edge.recognition.availability`: `starting` (no evidence
yet), `stale` (nothing new), `disconnected`. From `edge.recognition.gate`, where no measured signal
explains it: `unreliable` (its own reliability is below the limit), `disagrees` (the others are more
confident without it), `recovering` (well again, waiting to be readmitted).
"""

FROZEN_S = 2.0
"""A sensor's noise changes every picture: one that stays the same for this long is old. An H.264
camera at 200 kbit/s holds a motionless scene for up to 2.0 s (measured); a person moves."""

Signals = Mapping[str, float]


def _vision(signal: Signals) -> str | None:
    # Before frozen: a covered lens may give the same black picture for ever.
    if signal["brightness"] < 0.15:
        return "dark"
    if signal["frozen_s"] > FROZEN_S:
        return "frozen"
    if signal["brightness"] > 0.92:
        return "over_exposed"
    if signal["face"] < 0.5:
        return "no_face"
    if signal["sharpness"] < 1.0:
        return "blurred"
    return None


def _audio(signal: Signals) -> str | None:
    if signal["level_dbfs"] < -70 or (signal["level_dbfs"] < -50 and signal["voice"] < 0.1):
        return "silent"
    # Before clipped: noise that is loud enough overdrives the microphone, too. Not below -50 dBFS:
    # in a pause, a quiet room's own hiss is as flat as any.
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


def explain(stream: str, signals: Signals) -> str | None:
    """The first cause that the measured signals of `stream` show, or None when they look well."""
    return _EXPLAIN[stream](signals)
