"""Only absence and staleness make a stream unusable by themselves."""

from __future__ import annotations

import numpy as np
import pytest

from edge.recognition.availability import availability
from edge.recognition.window import EMPTY, StreamWindow
from edge.types import NS_PER_MS

CODE = np.zeros(2, np.float32)


def window(
    age_ms: float | None = 30, silence_ms: float = 30, left_out_ms: int | None = None
) -> StreamWindow:
    age_ns = None if age_ms is None else round(age_ms * NS_PER_MS)
    embedding = None if age_ms is None else CODE
    left_out_ns = None if left_out_ms is None else left_out_ms * NS_PER_MS
    silence_ns = round(silence_ms * NS_PER_MS)
    return StreamWindow(embedding, CODE, age_ns, silence_ns, 1.0, left_out_age_ns=left_out_ns)


@pytest.mark.parametrize(
    ("stream", "link", "seen", "signal", "young", "outcome"),
    [
        ("vision", "up", window(), None, False, (True, None)),
        # Measured faults close nothing: that is the learned confidence's to decide.
        ("vision", "up", window(), "dark", False, (True, None)),
        ("audio", "up", window(), "noisy", False, (True, None)),
        ("vision", "off", window(), None, False, (False, None)),
        ("vision", "lost", window(), "dark", False, (False, "disconnected")),
        ("vision", "up", EMPTY, None, True, (False, "starting")),
        ("vision", "up", EMPTY, None, False, (False, "stale")),
        ("audio", "up", window(1500, 1500), None, False, (False, "stale")),
        ("vision", "up", window(1500), "no_face", False, (False, "no_face")),
        ("vision", "up", window(None), "dark", False, (False, "dark")),
        # Dark pictures that are left out show that the camera delivers, and those of long ago not.
        ("vision", "up", window(2500, left_out_ms=30), "dark", False, (True, None)),
        ("vision", "up", window(2500, left_out_ms=1500), "no_face", False, (False, "no_face")),
        ("audio", "up", window(None), None, False, (False, "starting")),
        ("vision", "up", window(), "frozen", False, (False, "frozen")),
        ("text", "up", window(9000, 100), None, False, (True, None)),
        ("text", "up", window(None, 100), "no_words", False, (False, "no_words")),
        ("text", "up", window(9000, 2500), None, False, (True, None)),
        ("text", "up", window(9000, 3500), None, False, (False, "stale")),
    ],
)
def test_what_closes_a_stream_and_what_does_not(
    stream: str,
    link: str,
    seen: StreamWindow,
    signal: str | None,
    young: bool,
    outcome: tuple[bool, str | None],
) -> None:
    assert availability(stream, link, seen, signal, young) == outcome  # type: ignore[arg-type]
