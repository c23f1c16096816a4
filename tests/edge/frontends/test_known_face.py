"""Whether the tracked face is the one from before: gradual change is followed, a swap is not."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from edge.demo.portrait import Portrait
from edge.faults import dark
from edge.frontends.face import EVERYTHING, FaceFrontEnd, FaceParams, Watches
from edge.frontends.known_face import KnownFace
from edge.types import NS_PER_MS, Float, Frame

PICTURE_NS = 80 * NS_PER_MS
SECOND = 13  # pictures, a little more
ROOM = np.full((96, 128, 3), 90, np.uint8)


def look(seed: int) -> Float:
    made = np.random.default_rng(seed).standard_normal(144).astype(np.float32)
    made -= made.mean()
    return np.asarray(made / np.linalg.norm(made), np.float32)


ANNA, BEN = look(1), look(2)


def between(share: float) -> Float:
    mixed = (1 - share) * ANNA + share * BEN
    return np.asarray(mixed / np.linalg.norm(mixed), np.float32)


class Camera:
    """Shows one face after the other, 12 pictures a second."""

    def __init__(self) -> None:
        self.known, self.t_ns = KnownFace(), 10**12

    def shows(
        self, face: Float | None, pictures: int, score: float = 0.95, scene: np.ndarray = ROOM
    ) -> list[bool]:
        found = []
        for _ in range(pictures):
            self.t_ns += PICTURE_NS
            self.known.look_at(scene, self.t_ns)
            if face is not None:
                found.append(self.known.is_known(face, score, self.t_ns))
        return found


@pytest.fixture
def camera() -> Camera:
    made = Camera()
    assert all(made.shows(ANNA, 2 * SECOND))
    return made


def test_another_face_is_not_known_and_the_first_one_is_when_it_returns(camera: Camera) -> None:
    assert not any(camera.shows(BEN, 2 * SECOND))
    assert all(camera.shows(ANNA, SECOND))


def test_whoever_changes_gradually_stays_known(camera: Camera) -> None:
    for share in np.linspace(0, 1, 2 * SECOND):
        assert camera.shows(between(float(share)), 1) == [True]
    assert all(camera.shows(BEN, 4 * SECOND))


def test_a_gap_breaks_a_gradual_change(camera: Camera) -> None:
    for share in np.linspace(0, 0.8, 6):
        assert camera.shows(between(float(share)), 1) == [True]
    assert camera.shows(between(0.8), 1) == [True]
    camera.shows(None, 5)
    assert camera.shows(between(0.8), 1) == [False]


def test_another_who_stays_for_ten_seconds_is_known_from_then_on(camera: Camera) -> None:
    found = camera.shows(BEN, 12 * SECOND)
    assert found.index(True) == pytest.approx(125, abs=2)
    assert all(found[found.index(True) :])
    assert not any(camera.shows(ANNA, SECOND))


def test_whoever_comes_after_two_seconds_of_nobody_is_known(camera: Camera) -> None:
    camera.shows(None, 2 * SECOND)
    assert all(camera.shows(BEN, SECOND))


def test_a_short_absence_changes_nothing(camera: Camera) -> None:
    camera.shows(None, SECOND)
    assert not any(camera.shows(BEN, SECOND))


def test_after_a_cut_of_the_scene_another_is_known(camera: Camera) -> None:
    assert all(camera.shows(BEN, SECOND, scene=np.full_like(ROOM, 200)))


def test_a_change_of_half_the_picture_is_no_cut(camera: Camera) -> None:
    half = ROOM.copy()
    half[:48] = 200
    assert not any(camera.shows(BEN, SECOND, scene=half))


def test_unclear_pictures_teach_nothing(camera: Camera) -> None:
    """A hand that comes and stays before the face does not become the face."""
    for share in np.linspace(0, 1, SECOND):
        camera.shows(between(float(share)), 1, score=0.7)
    camera.shows(BEN, 12 * SECOND, score=0.7)
    assert camera.shows(BEN, 1) == [False]  # half of the hand is gone, and the score is high
    assert all(camera.shows(ANNA, SECOND))


def observed(films: list[list[np.ndarray]], watches: Watches = EVERYTHING) -> Iterator[object]:
    front_end = FaceFrontEnd(FaceParams(), watches)
    for index, picture in enumerate(picture for film in films for picture in film):
        yield front_end.process(Frame(index * PICTURE_NS, picture, index)).detail["known"]
    front_end.close()


def test_a_portrait_that_speaks_smiles_and_gets_sad_stays_known() -> None:
    portrait = Portrait()
    states = [
        {name: float(share)}
        for name in ("smile", "sad")
        for share in (*np.linspace(0, 1, 6), *np.linspace(1, 0, 6))
    ]
    film = [portrait.speaking(i % 3 / 2, state) for i, state in enumerate(states)]
    assert set(observed([film])) == {True}


def test_a_dark_room_and_light_again_stay_the_same_persons() -> None:
    portrait, rng = Portrait().speaking(0.0), np.random.default_rng(0)
    film = [portrait] * 6 + [dark(portrait, 0.5, rng) for _ in range(6)] + [portrait] * 6
    assert False not in set(observed([film]))


def test_without_a_face_or_a_watch_nothing_is_said() -> None:
    portrait = Portrait().speaking(0.0)
    assert set(observed([[np.zeros_like(portrait)] * 3])) == {None}
    assert set(observed([[portrait] * 3], Watches(person=False))) == {None}


def test_a_camera_of_another_size_knows_whoever_it_shows_first() -> None:
    portrait = Portrait().speaking(0.0)
    small = np.asarray(cv2.resize(portrait, None, fx=0.5, fy=0.5), np.uint8)
    mirrored = np.ascontiguousarray(small[:, ::-1])
    assert set(observed([[portrait] * 3, [mirrored] * 3])) == {True}
