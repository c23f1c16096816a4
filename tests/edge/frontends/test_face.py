"""The vision front end on real pictures of a real face: followed, cropped, measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import cv2
import numpy as np
import pytest

from edge.frontends.face import QUALITY, FaceFrontEnd, FaceParams, FrozenPicture
from edge.frontends.face_crop import describe
from edge.frontends.face_detect import Face
from edge.types import NS_PER_S, Frame, Observation

Scene = Callable[..., np.ndarray]


class Camera:
    """Shows pictures to a front end of its own, ten a second."""

    def __init__(self) -> None:
        self.front_end = FaceFrontEnd(FaceParams())
        self.tick = 0

    def shows(self, picture: np.ndarray, seconds: float = 0.1) -> Observation:
        """What is made of the last picture."""
        picture.flags.writeable = False
        for _ in range(round(seconds * 10)):
            self.tick += 1
            seen = self.front_end.process(Frame(self.tick * NS_PER_S // 10, picture, self.tick))
        return seen


@pytest.fixture
def camera() -> Iterator[Camera]:
    camera = Camera()
    yield camera
    camera.front_end.close()


def signal(seen: Observation, name: str) -> float:
    return float(seen.quality[QUALITY.index(name)])


def likeness(one: Observation, other: Observation) -> float:
    assert one.tensor is not None and other.tensor is not None
    return float(np.corrcoef(one.tensor.ravel(), other.tensor.ravel())[0, 1])


def middle(seen: Observation) -> float:
    """Where the followed face is, from left to right."""
    box = seen.detail["box"]
    assert isinstance(box, tuple)
    return float(box[0] + box[2] / 2)


def test_a_portrait_is_encoded_as_training_would(
    camera: Camera, portrait: np.ndarray, portrait_face: Face
) -> None:
    seen = camera.shows(portrait)
    tensor, quality = describe(portrait, portrait_face.keypoints, FaceParams())
    np.testing.assert_array_equal(seen.tensor, tensor)
    np.testing.assert_array_equal(seen.quality, quality)
    assert seen.t_ns == NS_PER_S // 10
    assert seen.detail == {
        "faces": 1,
        "box": portrait_face.box,
        "score": portrait_face.score,
        "mouth": None,
        "known": True,  # there is no picture before
    }


@pytest.mark.parametrize(
    ("x", "y", "scale", "degrees"),
    [
        (320, 240, 0.75, 0),
        (200, 260, 0.75, 0),
        (320, 240, 1.0, 0),
        (320, 240, 0.75, 20),
        (320, 240, 0.75, -20),
        (290, 200, 1.2, 10),
    ],
)
def test_the_crop_does_not_depend_on_the_position_of_the_face(
    camera: Camera, scene: Scene, portrait: np.ndarray, x: int, y: int, scale: float, degrees: float
) -> None:
    still = camera.shows(portrait)
    seen = Camera().shows(scene((x, y, scale, degrees)))
    # What is left is the detector's jitter: a pixel of the crop while the eyes are 60 px apart.
    assert likeness(seen, still) > 0.7
    assert signal(seen, "face_px") == pytest.approx(86 * scale, rel=0.12)


def test_the_nearer_of_two_faces_is_followed_until_it_leaves(camera: Camera, scene: Scene) -> None:
    anna = (480, 240, 0.6)
    seen = camera.shows(scene(anna, (140, 240, 0.45)))
    assert seen.detail["faces"] == 2 and middle(seen) > 320
    for scale in (0.55, 0.65, 0.75, 0.85, 0.95):
        seen = camera.shows(scene((140, 240, scale), anna))
        assert seen.detail["faces"] == 2 and middle(seen) > 320
    seen = camera.shows(scene((140, 240, 0.95)), seconds=0.9)
    assert seen.detail["faces"] == 1 and seen.tensor is None and seen.detail["box"] is None
    seen = camera.shows(scene((140, 240, 0.95)), seconds=0.3)
    assert middle(seen) < 320 and signal(seen, "face") == 1
    seen = camera.shows(scene((140, 240, 0.95), anna))
    assert middle(seen) < 320


def test_a_face_that_leaves_and_returns_is_encoded_at_once(camera: Camera, scene: Scene) -> None:
    before = camera.shows(scene((320, 240, 0.7)))
    for seconds in (0.5, 3.0):
        away = camera.shows(scene(), seconds)
        assert away.tensor is None and signal(away, "face") == 0 and signal(away, "face_px") == 0
        after = camera.shows(scene((320, 240, 0.7)))
        assert likeness(before, after) > 0.99


def test_without_a_face_the_light_of_the_whole_picture_is_measured(camera: Camera) -> None:
    seen = camera.shows(np.full((480, 640, 3), 153, np.uint8))
    assert seen.tensor is None
    assert seen.detail == {"faces": 0, "box": None, "score": 0.0, "mouth": None, "known": None}
    assert signal(seen, "brightness") == pytest.approx(0.6, abs=1e-3)
    assert signal(seen, "contrast") == pytest.approx(0.0, abs=1e-3)


def test_the_picture_size_may_change_within_a_stream(camera: Camera, portrait: np.ndarray) -> None:
    """Cameras do so after a reconnection, browsers' streams at any time."""
    for width, height in ((640, 480), (1920, 1080), (320, 240), (720, 1280), (7680, 4320)):
        canvas = np.full((height, width, 3), 90, np.uint8)
        scale = 0.9 * min(width / 512, height / 600)
        size = (round(512 * scale), round(600 * scale))
        shrunk = cv2.resize(portrait, size, interpolation=cv2.INTER_AREA)
        x, y = (width - size[0]) // 2, (height - size[1]) // 2
        canvas[y : y + size[1], x : x + size[0]] = shrunk
        seen = camera.shows(canvas, seconds=1.2)
        assert signal(seen, "face") == 1
        assert signal(seen, "face_px") == pytest.approx(86 * scale, rel=0.12)


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 640, 3), (480, 1, 3), (2, 3, 3), (480, 640)])
def test_an_unusual_picture_does_not_affect_later_ones(
    camera: Camera, portrait: np.ndarray, shape: tuple[int, ...]
) -> None:
    before = camera.shows(portrait)
    strange = camera.shows(np.full(shape, 128, np.uint8))
    assert strange.tensor is None and signal(strange, "brightness") == pytest.approx(0.5, abs=0.01)
    after = camera.shows(portrait)
    np.testing.assert_array_equal(before.tensor, after.tensor)


def test_a_damaged_picture_does_not_affect_later_ones(camera: Camera, portrait: np.ndarray) -> None:
    """The lower half never came: decoders leave it green, grey or as it was."""
    before = camera.shows(portrait)
    torn = portrait.copy()
    torn[210:] = (0, 135, 0)
    assert np.isfinite(camera.shows(torn).quality).all()
    after = camera.shows(portrait)
    np.testing.assert_array_equal(before.tensor, after.tensor)


def test_a_mirrored_view_of_a_frame_needs_no_copy(camera: Camera, portrait: np.ndarray) -> None:
    view = camera.shows(portrait[:, ::-1])
    copy = Camera().shows(portrait[:, ::-1].copy())
    np.testing.assert_array_equal(view.tensor, copy.tensor)


def test_two_runs_over_the_same_pictures_are_bit_identical(scene: Scene) -> None:
    pictures = [scene((200 + 20 * k, 240, 0.5 + 0.05 * k, 4 * k)) for k in range(5)]
    one, other = Camera(), Camera()
    for picture in pictures:
        first, second = one.shows(picture), other.shows(picture)
        np.testing.assert_array_equal(first.tensor, second.tensor)
        np.testing.assert_array_equal(first.quality, second.quality)


def test_a_frozen_camera_and_its_return_are_detected(camera: Camera, portrait: np.ndarray) -> None:
    assert signal(camera.shows(portrait), "frozen_s") == 0
    for tenths in (1, 2, 3):
        assert signal(camera.shows(portrait), "frozen_s") == pytest.approx(tenths / 10)
    assert signal(camera.shows(portrait, seconds=5), "frozen_s") == pytest.approx(5.3)
    moved = np.roll(portrait, 3, axis=1)
    assert signal(camera.shows(moved), "frozen_s") == 0
    assert signal(camera.shows(moved), "frozen_s") == pytest.approx(0.1)


@pytest.mark.parametrize("noise", [0.3, 1.0, 3.0])
def test_a_still_scene_with_sensor_noise_is_not_frozen(portrait: np.ndarray, noise: float) -> None:
    params = FaceParams()
    frozen = FrozenPicture(params.frozen_grid_px, params.frozen_difference)
    rng = np.random.default_rng(11)
    # The light on a sensor is not in whole grey levels.
    light = portrait + rng.uniform(-0.5, 0.5, portrait.shape)
    for tick in range(20):
        picture = np.clip(light + rng.normal(0, noise, light.shape), 0, 255).round()
        assert frozen.seconds(picture.astype(np.uint8), tick * NS_PER_S // 10) == 0


def test_a_change_too_slow_for_one_step_adds_up() -> None:
    """Dawn on a noiseless camera: a fiftieth of the pixels changes by one level each frame."""
    frozen = FrozenPicture(80, 0.05)
    picture = np.zeros((60, 80, 3), np.uint8)
    longest = 0.0
    for tick in range(100):
        picture = picture.copy()
        picture.reshape(-1, 3)[tick % 50 :: 50] += 1
        longest = max(longest, frozen.seconds(picture, tick * NS_PER_S // 10))
    assert 0 < longest < 1
