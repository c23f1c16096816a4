"""Faces are found, and the right one of several is followed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from fixtures.pictures import picture

import edge
from edge.errors import SourceError
from edge.frontends import face_detect
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


def test_the_followed_face_is_kept_when_another_comes_nearer() -> None:
    room = Room()
    room.shows(face(400, width=90, name=ANNA), face(0, width=60, name=BEN))
    for width in range(60, 260, 10):
        assert room.shows(face(0, width=width, name=BEN), face(400, width=90, name=ANNA)) == ANNA


def test_another_face_is_followed_only_after_a_second_of_absence() -> None:
    room = Room()
    room.shows(face(400, width=90, name=ANNA), face(50, width=60, name=BEN))
    assert room.shows(face(50, width=60, name=BEN), seconds=1.0) is None
    assert room.shows(face(50, width=60, name=BEN), seconds=0.1) == BEN


def test_after_a_switch_the_first_face_is_not_preferred() -> None:
    room = Room()
    room.shows(face(400, width=90, name=ANNA))
    room.shows(face(50, width=60, name=BEN), seconds=1.1)
    assert room.shows(face(50, width=60, name=BEN), face(400, width=90, name=ANNA)) == BEN


def test_a_short_absence_keeps_the_track() -> None:
    room = Room()
    room.shows(face(400, width=90, name=ANNA), face(50, width=60, name=BEN))
    for _ in range(5):
        assert room.shows(face(50, width=60, name=BEN), seconds=0.9) is None
        assert (
            room.shows(face(50, width=60, name=BEN), face(420, width=90, name=ANNA), seconds=0.2)
            == ANNA
        )


def test_in_an_empty_room_no_face_is_followed_and_then_the_next_one() -> None:
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


def test_a_box_without_width_is_accepted() -> None:
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


def test_a_grey_picture_gives_the_same_faces(
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


def test_no_face_is_found_in_a_room_in_noise_or_in_the_dark(
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


def test_messages_of_the_detector_are_not_printed() -> None:
    done = subprocess.run([sys.executable, "-c", CONSTRUCT], capture_output=True, text=True)
    assert done.stdout == "done\n"
    assert done.stderr == ""


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")
def test_a_process_without_standard_error_can_look_for_faces() -> None:
    """As one started by a service manager may be."""
    command = ["sh", "-c", '"$0" -c "$1" 2>&-', sys.executable, CONSTRUCT]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    assert done.stdout == "done\n"


def test_a_missing_model_is_named_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(face_detect, "MODEL", tmp_path / "gone.onnx")
    with pytest.raises(SourceError, match=r"model cannot be loaded: .*gone\.onnx.*--camera none"):
        FaceFinder(0.5, 320)


@pytest.mark.parametrize("size", [0, 100, 100_000])
def test_a_damaged_model_is_an_error_of_one_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, size: int
) -> None:
    damaged = tmp_path / "damaged.onnx"
    damaged.write_bytes(face_detect.MODEL.read_bytes()[:size])
    monkeypatch.setattr(face_detect, "MODEL", damaged)
    with pytest.raises(SourceError, match=r"cannot be loaded: .*damaged\.onnx") as raised:
        FaceFinder(0.5, 320)
    assert "\n" not in str(raised.value)


def test_faces_below_the_minimum_score_are_dropped(
    portrait: np.ndarray, portrait_face: Face
) -> None:
    sure, unsure = FaceFinder(0.99, 320), FaceFinder(0.9, 320)
    assert 0.9 < portrait_face.score < 0.99
    assert sure.find(portrait) == []
    assert len(unsure.find(portrait)) == 1
    sure.close()
    unsure.close()


BY_MEDIAPIPE: dict[str, tuple[float, list[list[float]]]] = {
    "whole": (
        0.9354,
        [[221.809, 194.733], [307.997, 184.966], [268.361, 225.951], [272.764, 274.305]],
    ),
    "half": (
        0.9368,
        [[111.376, 97.492], [154.666, 93.963], [134.318, 114.939], [135.714, 138.554]],
    ),
    "grey": (
        0.9211,
        [[222.856, 198.173], [308.309, 190.434], [269.575, 237.65], [272.662, 281.226]],
    ),
    "wide": (
        0.9515,
        [[313.828, 114.54], [358.293, 117.573], [334.033, 136.323], [332.577, 159.111]],
    ),
    "turned": (
        0.9436,
        [[234.768, 212.77], [291.377, 201.39], [270.929, 229.928], [275.382, 261.226]],
    ),
}
"""Score and key points that MediaPipe 0.10.14's own detector gives, on the same pictures."""


@pytest.mark.parametrize("name", BY_MEDIAPIPE)
def test_key_points_are_those_that_mediapipe_finds(name: str) -> None:
    path = Path(edge.__file__).parent / "assets" / "grace_hopper.jpg"
    whole = np.asarray(cv2.imread(str(path)), np.uint8)
    height, width = whole.shape[:2]
    half = cv2.resize(whole, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    turn = cv2.getRotationMatrix2D((width / 2, height * 0.4), 15, 0.7)
    pictures = {
        "whole": whole,
        "half": half,
        "grey": cv2.cvtColor(whole, cv2.COLOR_BGR2GRAY),
        "wide": cv2.copyMakeBorder(half, 20, 60, 200, 40, cv2.BORDER_REPLICATE),
        "turned": cv2.warpAffine(whole, turn, (width, height), borderMode=cv2.BORDER_REPLICATE),
    }
    (face,) = FaceFinder(0.5, 320).find(np.asarray(pictures[name], np.uint8))
    score, points = BY_MEDIAPIPE[name]
    assert face.score == pytest.approx(score, abs=1e-3)
    np.testing.assert_allclose(face.keypoints, points, atol=0.05)
