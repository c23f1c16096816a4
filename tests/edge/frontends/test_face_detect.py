"""The right face is found, and the right one of several is followed."""

from __future__ import annotations

import subprocess
import sys

import cv2
import numpy as np
import pytest
from fixtures.pictures import picture

from edge.errors import SourceError
from edge.frontends.face_detect import Face, FaceFinder, FaceTrack
from edge.types import NS_PER_S


def face(x: int, y: int = 100, width: int = 100, name: float = 1.0) -> Face:
    """`name` rides along as the score."""
    return Face((x, y, width, width), name, np.zeros((4, 2), np.float32))


ANNA, BEN = 0.9, 0.8


class Room:
    """A track that is asked ten times a second."""

    def __init__(self) -> None:
        self.track = FaceTrack(away_s=1.0)
        self.tick = 0

    def shows(self, *faces: Face, seconds: float = 0.1) -> float | None:
        """Who is followed at the end, by score."""
        followed = None
        for _ in range(round(seconds * 10)):
            self.tick += 1
            followed = self.track.follow(faces, self.tick * NS_PER_S // 10)
        return followed.score if followed else None


def test_the_nearest_of_two_is_followed() -> None:
    assert Room().shows(face(50, width=60, name=BEN), face(300, width=90, name=ANNA)) == ANNA


def test_who_is_followed_stays_followed_when_another_comes_nearer() -> None:
    room = Room()
    room.shows(face(400, width=90, name=ANNA), face(0, width=60, name=BEN))
    for width in range(60, 260, 10):
        assert room.shows(face(0, width=width, name=BEN), face(400, width=90, name=ANNA)) == ANNA


def test_nobody_is_followed_until_who_was_followed_has_been_away_for_a_second() -> None:
    room = Room()
    room.shows(face(400, width=90, name=ANNA), face(50, width=60, name=BEN))
    assert room.shows(face(50, width=60, name=BEN), seconds=1.0) is None
    assert room.shows(face(50, width=60, name=BEN), seconds=0.1) == BEN


def test_after_a_switch_the_first_has_lost_her_place() -> None:
    room = Room()
    room.shows(face(400, width=90, name=ANNA))
    room.shows(face(50, width=60, name=BEN), seconds=1.1)
    assert room.shows(face(50, width=60, name=BEN), face(400, width=90, name=ANNA)) == BEN


def test_a_short_look_away_loses_nothing() -> None:
    room = Room()
    room.shows(face(400, width=90, name=ANNA), face(50, width=60, name=BEN))
    for _ in range(5):
        assert room.shows(face(50, width=60, name=BEN), seconds=0.9) is None
        assert (
            room.shows(face(50, width=60, name=BEN), face(420, width=90, name=ANNA), seconds=0.2)
            == ANNA
        )


def test_an_empty_room_follows_nobody_and_the_next_to_come_is_followed() -> None:
    room = Room()
    assert room.shows(seconds=3) is None
    assert room.shows(face(10, name=BEN)) == BEN
    assert room.shows(seconds=3) is None
    assert room.shows(face(500, name=ANNA)) == ANNA


def test_a_walk_through_the_picture_and_towards_the_camera_is_followed() -> None:
    room = Room()
    room.shows(face(0, width=60, name=ANNA), face(400, width=55, name=BEN))
    for step in range(20):
        width = 60 + 8 * step
        nearer = face(20 * step, width=width, name=ANNA)
        assert room.shows(nearer, face(400, 400, 220, name=BEN)) == ANNA


def test_two_who_sit_side_by_side_are_not_mixed_up_whatever_their_order() -> None:
    room = Room()
    rng = np.random.default_rng(2)
    room.shows(face(100, width=100, name=ANNA))
    for _ in range(50):
        both = [
            face(100 + int(rng.integers(-15, 15)), width=int(rng.integers(90, 110)), name=ANNA),
            face(230 + int(rng.integers(-15, 15)), width=int(rng.integers(90, 130)), name=BEN),
        ]
        rng.shuffle(both)
        assert room.shows(*both) == ANNA


def test_a_box_without_width_breaks_nothing() -> None:
    room = Room()
    room.shows(face(10, width=0))
    assert room.shows(face(10, width=0), face(200, width=50)) is not None


@pytest.mark.parametrize("scale", [0.3, 0.6, 1.0, 2.5])
def test_key_points_are_in_pixels_of_the_picture_that_was_given(
    portrait: np.ndarray, portrait_face: Face, finder: FaceFinder, scale: float
) -> None:
    size = (round(512 * scale), round(600 * scale))
    [found] = finder.find(picture(cv2.resize(portrait, size, interpolation=cv2.INTER_AREA)))
    eyes = float(np.hypot(*(portrait_face.keypoints[0] - portrait_face.keypoints[1])))
    off = np.abs(found.keypoints / scale - portrait_face.keypoints).max()
    assert off < 0.08 * eyes
    assert found.box[2] == pytest.approx(portrait_face.box[2] * scale, rel=0.1)


def test_the_points_are_right_eye_left_eye_nose_and_mouth(portrait_face: Face) -> None:
    right, left, nose, mouth = portrait_face.keypoints
    assert right[0] < nose[0] < left[0], "the person's right is on the picture's left"
    assert max(right[1], left[1]) < nose[1] < mouth[1]
    x, y, width, height = portrait_face.box
    inside = (portrait_face.keypoints >= (x, y)) & (
        portrait_face.keypoints < (x + width, y + height)
    )
    assert inside.all()
    assert 0.5 <= portrait_face.score <= 1


def test_a_grey_picture_is_as_good(
    portrait: np.ndarray, portrait_face: Face, finder: FaceFinder
) -> None:
    [found] = finder.find(picture(cv2.cvtColor(portrait, cv2.COLOR_BGR2GRAY)))
    eyes = float(np.hypot(*(portrait_face.keypoints[0] - portrait_face.keypoints[1])))
    assert np.abs(found.keypoints - portrait_face.keypoints).max() < 0.15 * eyes


def test_of_two_the_larger_comes_first(scene: object, finder: FaceFinder) -> None:
    assert callable(scene)
    far_left = finder.find(scene((150, 250, 0.45), (470, 240, 0.75)))
    far_right = finder.find(scene((150, 240, 0.75), (490, 250, 0.45)))
    assert len(far_left) == len(far_right) == 2
    assert far_left[0].box[0] > far_left[1].box[0]
    assert far_right[0].box[0] < far_right[1].box[0]


def test_nobody_is_seen_in_a_room_in_noise_or_in_the_dark(
    scene: object, finder: FaceFinder
) -> None:
    assert callable(scene)
    noise = np.random.default_rng(1).integers(0, 256, (480, 640, 3), dtype=np.uint8)
    for seen in (scene(), noise, np.zeros((480, 640, 3), np.uint8)):
        assert finder.find(seen) == []


CONSTRUCT = """
import numpy as np
from edge.frontends.face_detect import FaceFinder
finder = FaceFinder(0.5, 320)
finder.find(np.zeros((48, 64, 3), np.uint8))
finder.close()
print("done")
"""


def test_the_detectors_chatter_stays_off_the_terminal() -> None:
    done = subprocess.run([sys.executable, "-c", CONSTRUCT], capture_output=True, text=True)
    assert done.stdout == "done\n"
    assert done.stderr == ""


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")
def test_a_process_without_standard_error_can_look_for_faces() -> None:
    """As one started by a service manager may be."""
    command = ["sh", "-c", '"$0" -c "$1" 2>&-', sys.executable, CONSTRUCT]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    assert done.stdout == "done\n"


def test_without_the_library_one_sentence_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mediapipe", None)
    with pytest.raises(SourceError, match=r"pip install mediapipe.*--camera none"):
        FaceFinder(0.5, 320)
