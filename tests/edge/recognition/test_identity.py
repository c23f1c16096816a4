"""When a face is another person's: only on a second of clear pictures, held for two."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from edge.frontends.face_crop import QUALITY
from edge.recognition.identity import another_is_seen
from edge.types import NS_PER_S, Reading

END_NS = 10 * NS_PER_S
HZ = 12
WELL = {"face": 1, "brightness": 0.5, "contrast": 0.2, "sharpness": 2.5, "face_px": 60}


def picture(place: int, known: bool | None, score: float = 0.95, **signals: float) -> Reading:
    """`place`: 1 for the newest, 2 for the one before."""
    values = WELL | signals
    quality = np.array([values.get(name, 0) for name in QUALITY], np.float32)
    t_ns = END_NS - (place - 1) * NS_PER_S // HZ - 1
    detail: dict[str, object] = {
        "box": [1, 2, 3, 4] if score else None,
        "score": score,
        "known": known,
    }
    return Reading(t_ns, quality, None, 0.0, 0, detail)


def film(known: Sequence[bool | None], score: float = 0.95, **signals: float) -> list[Reading]:
    places = range(len(known), 0, -1)
    return [picture(p, k, score, **signals) for p, k in zip(places, known, strict=True)]


SWAPPED = film([True] * HZ + [False] * HZ)


def test_a_second_of_another_face_is_told() -> None:
    assert another_is_seen(SWAPPED, END_NS, told=False)


@pytest.mark.parametrize(
    "seen",
    [
        pytest.param(film([True] * HZ + [False] * (HZ - 2)), id="less than a second"),
        pytest.param(film([False] * 18 + [True] + [False] * 5), id="known in between"),
        pytest.param(film([False] * 18 + [None] + [False] * 5), id="away in between"),
        pytest.param(film([None] * 24), id="not watched"),
        pytest.param(SWAPPED[:15] + SWAPPED[20:], id="a gap"),
        pytest.param(SWAPPED[::2][:-2], id="too few"),
        pytest.param(film([False] * 24, score=0.8), id="covered"),
        pytest.param(film([False] * 24, brightness=0.1), id="dark"),
        pytest.param(film([False] * 24, brightness=0.95), id="over-exposed"),
        pytest.param(film([False] * 24, sharpness=0.5), id="blurred"),
        pytest.param(film([False] * 24, frozen_s=3.0), id="frozen"),
        pytest.param([], id="no camera"),
    ],
)
def test_a_face_that_may_be_the_same_is_believed(seen: list[Reading]) -> None:
    assert not another_is_seen(seen, END_NS, told=False)


def test_a_dropped_stream_that_is_probed_tells_nothing() -> None:
    heartbeat = Reading(END_NS - 1, np.zeros(len(QUALITY), np.float32), None, 0.0, 0, {})
    assert not another_is_seen([*SWAPPED[:-1], heartbeat], END_NS, told=False)


def test_it_holds_while_the_window_shows_the_other() -> None:
    back = film([False] + [True] * 23)
    assert another_is_seen(back, END_NS, told=True)
    assert not another_is_seen(back, END_NS, told=False)
    assert not another_is_seen(back[1:], END_NS, told=True)
    assert not another_is_seen([], END_NS, told=True)
