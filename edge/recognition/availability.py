"""Absence and staleness: the two things that close a stream whatever its reliability. Pure."""

from __future__ import annotations

from typing import Literal

from edge.recognition.window import StreamWindow
from edge.types import NS_PER_S

Link = Literal["off", "up", "lost"]
"""A stream is not asked for, is connected, or was and is no more."""

STALE_NS = NS_PER_S
"""A stream with nothing new for this long is `stale`: 30 missed frames, 10 missed hops."""
TEXT_STALE_NS = 3 * NS_PER_S
"""Speech-to-text may lag more: Vosk's finals come 1.5-2.5 s late (vosk-api#336)."""


def availability(
    stream: str, link: Link, window: StreamWindow, signal: str | None, young: bool
) -> tuple[bool, str | None]:
    """Whether a stream can be used at all, and if not, why.

    Args:
        stream: its name.
        link: what it is connected to.
        window: what it has in this window.
        signal: what measurement says is wrong with it.
        young: the run is not older than a window, so nothing has come yet and that is no fault.
    """
    if link == "off":
        return False, None
    if link == "lost":
        return False, "disconnected"
    if window.silence_ns is None and young:
        return False, "starting"
    limit_ns = TEXT_STALE_NS if stream == "text" else STALE_NS
    if window.silence_ns is None or window.silence_ns > limit_ns:
        return False, "stale"
    if stream == "text":
        return (True, None) if window.embedding is not None else (False, "no_words")
    if window.age_ns is None or window.age_ns > STALE_NS:
        # It delivers, but nothing that could be encoded: measurement knows why, or the gate does
        # (a dropped stream whose packets are not processed just now), or a microphone is in the
        # first second after a gap.
        return False, signal or (None if window.detail.get("heartbeat") else "starting")
    if signal == "frozen":  # old pictures, however often they come
        return False, signal
    return True, None
