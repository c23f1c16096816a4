"""Absence and staleness: the conditions that close a stream at any reliability. Pure."""

from __future__ import annotations

from typing import Literal

from edge.recognition.reasons import ENGINE_FAILED
from edge.recognition.window import StreamWindow
from edge.types import NS_PER_S

Link = Literal["off", "starting", "up", "lost"]
"""A stream is not configured, is about to be connected, is connected, or is lost."""

STALE_NS = NS_PER_S
"""A stream with nothing new for this long is `stale`: 30 missed frames, 10 missed hops."""
TEXT_STALE_NS = 3 * NS_PER_S
"""Speech-to-text may be later: Vosk's final results come 1.5-2.5 s late (vosk-api#336)."""


def availability(
    stream: str, link: Link, window: StreamWindow, signal: str | None, young: bool
) -> tuple[bool, str | None]:
    """Whether a stream can be used at all, and the reason if it cannot.

    Args:
        stream: The stream's name.
        link: Its connection state.
        window: Its content in this window.
        signal: The cause that its measured signals show, if any.
        young: The run is not older than a window, so an empty window is not a fault.
    """
    if link == "off":
        return False, None
    if link == "lost":
        return False, "disconnected"
    if link == "starting":
        return False, "starting"
    if window.detail.get(ENGINE_FAILED):
        # Its older embeddings may be in the window, but nothing new follows until a pass succeeds.
        return False, ENGINE_FAILED
    if window.silence_ns is None and young:
        return False, "starting"
    limit_ns = TEXT_STALE_NS if stream == "text" else STALE_NS
    if window.silence_ns is None or window.silence_ns > limit_ns:
        return False, "stale"
    if stream == "text":
        return (True, None) if window.embedding is not None else (False, "no_words")
    # Newer items that were left out because they are poor show that the stream delivers.
    ages_ns = [age for age in (window.age_ns, window.left_out_age_ns) if age is not None]
    if not ages_ns or min(ages_ns) > STALE_NS:
        # The stream delivers, but nothing that could be encoded. The measured signal explains it,
        # or the gate does (a dropped stream whose packets are not processed now), or a microphone
        # is in the first second after a gap.
        return False, signal or (None if window.detail.get("heartbeat") else "starting")
    if signal == "frozen":  # the frames are old, however often they come
        return False, signal
    return True, None
