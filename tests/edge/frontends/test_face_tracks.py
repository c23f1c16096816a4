"""Who is who from frame to frame: by position, speed, size and looks."""

from __future__ import annotations

import numpy as np
import pytest

from edge.frontends.face_detect import Face
from edge.frontends.face_tracks import FaceTracks
from edge.types import NS_PER_S, Float

HZ = 25
RNG = np.random.default_rng(1)
LOOKS: dict[str, Float] = {
    name: np.asarray(look / np.linalg.norm(look), np.float32)
    for name, look in zip(
        ("anna", "ben", "carl"), np.eye(3, 144) + 0.02 * RNG.normal(size=(3, 144)), strict=True
    )
}


class Room:
    """Tracks that see 25 frames a second; people are given as (name, x) or (name, x, width)."""

    def __init__(self, limit: int = 16) -> None:
        self.tracks = FaceTracks(limit)
        self.tick = 0

    def shows(
        self, *people: tuple[str, int] | tuple[str, int, int], seconds: float = 0.04
    ) -> dict[int, str | None]:
        """Whom each number means in the end."""
        shown = sorted(people, key=lambda one: -one[2] if len(one) == 3 else -100)
        faces = []
        for _, x, *width in shown:
            side = width[0] if width else 100
            faces.append(Face((x, 100, side, side), 0.9, np.zeros((4, 2), np.float32)))
        found: list[tuple[int, int | None]] = []
        for _ in range(round(seconds * HZ)):
            self.tick += 1
            t_ns = self.tick * NS_PER_S // HZ
            found = self.tracks.follow(faces, [LOOKS[one[0]] for one in shown], t_ns)
        return {number: None if at is None else shown[at][0] for number, at in found}


def test_the_first_ones_are_numbered_from_the_largest() -> None:
    assert Room().shows(("anna", 0, 80), ("ben", 300, 120)) == {1: "ben", 2: "anna"}


def test_two_who_cross_keep_their_numbers_though_one_hides_the_other() -> None:
    room = Room()
    for step in range(60):
        anna, ben = 10 * step, 590 - 10 * step
        seen = [("anna", anna), ("ben", ben)] if abs(anna - ben) > 80 else [("ben", ben)]
        last = room.shows(*seen)
    assert last == {1: "anna", 2: "ben"}


def test_two_who_turn_round_while_one_hides_the_other_are_told_apart_by_their_looks() -> None:
    room = Room()
    for x in range(0, 240, 10):
        room.shows(("anna", x), ("ben", 560 - x))
    room.shows(("ben", 290), seconds=0.4)
    for x in range(240, 0, -10):  # each goes back to where it came from
        last = room.shows(("anna", x), ("ben", 560 - x))
    assert last == {1: "anna", 2: "ben"}


@pytest.mark.parametrize("x", [300, 420])
def test_who_was_away_for_a_second_is_the_same_person(x: int) -> None:
    room = Room()
    room.shows(("anna", 300), ("ben", 0), seconds=1)
    assert room.shows(("ben", 0), seconds=1) == {1: None, 2: "ben"}
    assert room.shows(("anna", x), ("ben", 0)) == {1: "anna", 2: "ben"}


def test_who_was_away_for_longer_is_a_new_person() -> None:
    room = Room()
    room.shows(("anna", 300), ("ben", 0), seconds=1)
    assert room.shows(("ben", 0), seconds=2.1) == {2: "ben"}
    assert room.shows(("anna", 300), ("ben", 0), seconds=0.5) == {2: "ben", 3: "anna"}


def test_another_who_takes_the_seat_of_one_who_left_is_another_person() -> None:
    room = Room()
    room.shows(("anna", 100), ("ben", 400), seconds=1)
    room.shows(("anna", 100), seconds=1)
    last = room.shows(("anna", 100), ("carl", 600), seconds=0.5)
    assert last == {1: "anna", 2: None, 3: "carl"}


def test_a_face_of_a_moment_is_nobody() -> None:
    room = Room()
    room.shows(("anna", 100), seconds=1)
    room.shows(("anna", 100), ("carl", 500), seconds=0.12)
    assert room.shows(("anna", 100), seconds=0.5) == {1: "anna"}
    assert room.shows(("anna", 100), ("carl", 500), seconds=0.4) == {1: "anna", 2: "carl"}


def test_with_a_limit_the_largest_are_people_until_they_leave() -> None:
    room = Room(limit=2)
    crowd = (("anna", 0, 80), ("ben", 200, 120), ("carl", 450, 100))
    assert room.shows(*crowd, seconds=1) == {1: "ben", 2: "carl"}
    assert room.shows(("anna", 0, 160), *crowd[1:], seconds=1) == {1: "ben", 2: "carl"}
    assert room.shows(crowd[0], crowd[2], seconds=2.2) == {2: "carl", 3: "anna"}


def test_an_empty_room_has_nobody_and_the_next_one_is_there_at_once() -> None:
    room = Room()
    assert room.shows(seconds=1) == {}
    assert room.shows(("anna", 100)) == {1: "anna"}


def test_a_box_without_width_is_accepted() -> None:
    room = Room()
    room.shows(("anna", 10, 0))
    assert room.shows(("anna", 10, 0)) == {1: "anna"}
