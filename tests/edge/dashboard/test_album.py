"""Pictures for looking back: one a second, bounded, and sent only where they are kept or seen."""

from __future__ import annotations

import numpy as np
import pytest

from edge.dashboard import pictures, wire
from edge.dashboard.album import Album
from edge.dashboard.pictures import Pictures
from edge.types import Frame

S = 1_000_000_000


def test_one_picture_a_second_is_kept_and_stands_for_the_times_around_it() -> None:
    album = Album(1000)
    for tenth in range(50):
        album.add(tenth * S // 10, b"%d" % tenth)
    assert [album.nearest(t) for t in (0, S + 1, 2 * S - 1, 5 * S, 9 * S)] == [
        *(0, S, 2 * S, 4 * S),
        None,
    ]
    assert album.picture(2 * S) == b"20" and album.picture(2 * S + 1) == b""


@pytest.mark.parametrize("limit_bytes", [0, 250])
def test_memory_is_bounded(limit_bytes: int) -> None:
    album = Album(limit_bytes)
    for second in range(9):
        album.add(second * S, b"x" * 100)
    assert [len(album.picture(second * S)) > 0 for second in range(9)].count(True) == (
        limit_bytes // 100
    )
    assert album.nearest(3 * S) is None


def test_nothing_is_encoded_that_nobody_sees(monkeypatch: pytest.MonkeyPatch) -> None:
    def frame() -> tuple[Frame, None]:
        return Frame(7, np.zeros((4, 4, 3), np.uint8), 0), None

    assert Pictures(frame, keep=False).message(watched=False) is None
    sent = Pictures(frame, keep=True).message(watched=False)
    assert sent is not None
    t_ns, _, jpeg = wire.opened_picture(sent[wire.HEAD.size :])
    assert t_ns == 7 and jpeg.startswith(b"\xff\xd8")
    kept = Pictures(frame, keep=True)
    assert kept.message(watched=False) and not kept.message(watched=False)  # one a second
    monkeypatch.setattr(pictures, "KEPT_EVERY_S", 0.0)
    assert kept.message(watched=False)
