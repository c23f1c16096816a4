"""What several faces cost."""

from __future__ import annotations

import pytest

from edge.bench import people
from edge.frontends.face_detect import FaceFinder


@pytest.mark.parametrize("faces", people.FACES)
def test_the_room_has_as_many_faces_as_are_measured(faces: int) -> None:
    finder = FaceFinder(0.5, 320)
    assert len(finder.find(people.room(faces))) == faces
    finder.close()


@pytest.mark.slow
@pytest.mark.alone
def test_four_faces_cost_less_than_twice_as_much_as_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(people, "FRAMES", 80)
    measured = people.frames_ms()
    assert measured["all", 1] < 1.2 * measured["nearest", 1]
    assert measured["all", 4] < 2 * measured["nearest", 1]
