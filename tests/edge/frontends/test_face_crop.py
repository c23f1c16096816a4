"""Faces are aligned with the template, and the quality signals have the right values."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from fixtures.pictures import picture
from hypothesis import given
from hypothesis import strategies as st

from edge.frontends.face_crop import (
    QUALITY,
    FaceParams,
    describe,
    describe_without_face,
    similarity,
)
from edge.frontends.face_detect import Face

PARAMS = FaceParams()
TEMPLATE = np.asarray(PARAMS.template)


def signal(quality: np.ndarray, name: str) -> float:
    return float(quality[QUALITY.index(name)])


def likeness(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


def turned(
    scale: float, degrees: float, shift: tuple[float, float], points: np.ndarray
) -> np.ndarray:
    """`points` after a turn about the origin, a stretch and a shift."""
    angle = np.deg2rad(degrees)
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return points @ turn.T + shift


def dots(points: np.ndarray, radius: float, size: int = 600) -> np.ndarray:
    """A soft white dot at each point, a pixel's centre at +0.5."""
    y, x = np.mgrid[0:size, 0:size] + 0.5
    light = np.zeros((size, size))
    for px, py in points:
        light += np.exp(-((x - px) ** 2 + (y - py) ** 2) / (2 * radius**2))
    return np.clip(255 * light, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("degrees", [0, 25, -40, 180])
@pytest.mark.parametrize("scale", [1.0, 2.7, 8.0])
def test_the_four_points_land_on_the_template_to_a_third_of_a_pixel(
    scale: float, degrees: float
) -> None:
    centred = TEMPLATE - TEMPLATE.mean(axis=0)
    points = turned(scale, degrees, (301.3, 297.8), centred)
    crop = describe(dots(points, 1.2 * scale), points, PARAMS)[0][0]
    y, x = np.mgrid[0:48, 0:48] + 0.5
    for px, py in TEMPLATE:
        near = crop * (np.hypot(x - px, y - py) < 4)
        found = np.array([(near * x).sum(), (near * y).sum()]) / near.sum()
        assert np.hypot(*(found - (px, py))) < 0.33


def test_a_face_that_lies_on_the_template_passes_unchanged() -> None:
    image = np.random.default_rng(3).integers(0, 256, (48, 48), dtype=np.uint8)
    crop, quality = describe(image, TEMPLATE, PARAMS)
    assert crop.dtype == np.float32 and crop.shape == (1, 48, 48)
    np.testing.assert_array_equal(crop[0], image / np.float32(255))
    assert signal(quality, "face_px") == pytest.approx(17.0)


@pytest.mark.parametrize("scale", [0.35, 0.6, 1.0, 1.9, 3.0])
@pytest.mark.parametrize("degrees", [0, 20, -35, 90])
@pytest.mark.parametrize("shift", [(0, 0), (130.4, 77.7)])
def test_the_same_face_gives_the_same_crop_at_any_scale_angle_and_place(
    portrait: np.ndarray,
    portrait_face: Face,
    scale: float,
    degrees: float,
    shift: tuple[float, float],
) -> None:
    matrix = cv2.getRotationMatrix2D((270, 250), degrees, scale)
    matrix[:, 2] = matrix[:, 2] + (400, 380) + shift
    soft = cv2.GaussianBlur(portrait, (0, 0), 0.4 / scale) if scale < 1 else portrait
    moved = picture(cv2.warpAffine(soft, matrix, (1200, 1100), flags=cv2.INTER_LINEAR))
    # OpenCV counts from a pixel's centre, key points from its corner.
    points = (portrait_face.keypoints - 0.5) @ matrix[:, :2].T + matrix[:, 2] + 0.5
    still, _ = describe(portrait, portrait_face.keypoints, PARAMS)
    crop, quality = describe(moved, points, PARAMS)
    assert likeness(crop, still) > 0.98
    assert np.abs(crop - still).mean() < 0.02
    eyes_px = np.hypot(*(portrait_face.keypoints[0] - portrait_face.keypoints[1]))
    assert signal(quality, "face_px") == pytest.approx(scale * eyes_px, rel=1e-3)


def test_a_large_face_is_averaged_and_not_subsampled() -> None:
    """Stripes far finer than a pixel of the crop would come out as stripes by picking."""
    stripes = np.zeros((480, 480), np.uint8)
    stripes[:, ::2] = 255
    for degrees in (0, 11):
        points = turned(10.0, degrees, (240, 240), TEMPLATE - 24)
        crop, _ = describe(stripes, points, PARAMS)
        assert crop.std() < 0.02
        assert crop.mean() == pytest.approx(0.5, abs=0.02)


def test_grey_and_colour_give_one_crop(portrait: np.ndarray, portrait_face: Face) -> None:
    grey = picture(cv2.cvtColor(portrait, cv2.COLOR_BGR2GRAY))
    in_colour, _ = describe(portrait, portrait_face.keypoints, PARAMS)
    in_grey, _ = describe(grey, portrait_face.keypoints, PARAMS)
    np.testing.assert_array_equal(in_colour, in_grey)


def test_a_view_into_a_larger_picture_gives_the_same_crop_as_a_copy(
    portrait: np.ndarray, portrait_face: Face
) -> None:
    mirrored = portrait[:, ::-1]
    points = portrait_face.keypoints * [-1, 1] + [portrait.shape[1], 0]
    of_view, _ = describe(mirrored, points[[1, 0, 2, 3]], PARAMS)
    of_copy, _ = describe(mirrored.copy(), points[[1, 0, 2, 3]], PARAMS)
    np.testing.assert_array_equal(of_view, of_copy)


def test_the_crop_is_that_on_which_networks_were_trained(portrait: np.ndarray) -> None:
    """Coarse blocks, so that another OpenCV's rounding passes and another alignment does not."""
    points = np.array([[222.0, 195.4], [308.0, 187.7], [266.6, 229.0], [270.1, 276.4]])
    crop, _ = describe(portrait, points, PARAMS)
    blocks = crop[0].reshape(4, 12, 4, 12).mean(axis=(1, 3))
    np.testing.assert_allclose(blocks, PINNED_BLOCKS, atol=0.004)


PINNED_BLOCKS = [
    [0.149, 0.306, 0.288, 0.14],
    [0.366, 0.524, 0.552, 0.418],
    [0.588, 0.607, 0.608, 0.587],
    [0.452, 0.546, 0.569, 0.536],
]

AWKWARD = {
    "half beyond the left border": TEMPLATE * 6 - [150, 0],
    "wholly beyond the corner": TEMPLATE - [-5000, -4000],
    "wholly before the corner": TEMPLATE - [5000, 4000],
    "all points in one": np.full((4, 2), 30.0),
    "smaller than a pixel": TEMPLATE * 0.01 + 20,
    "larger than the picture": TEMPLATE * 300 - 6000,
    "upside down": TEMPLATE * -2 + 150,
    "in a mirror": TEMPLATE * [-2, 2] + [150, 0],
}


@pytest.mark.parametrize("case", AWKWARD)
@pytest.mark.parametrize("shape", [(120, 160), (120, 160, 3), (1, 1, 3), (1, 700), (700, 1, 3)])
def test_any_points_in_any_picture_give_a_crop(case: str, shape: tuple[int, ...]) -> None:
    image = np.random.default_rng(5).integers(0, 256, shape, dtype=np.uint8)
    crop, quality = describe(image, AWKWARD[case], PARAMS)
    assert crop.shape == (1, 48, 48) and crop.min() >= 0 and crop.max() <= 1
    assert np.isfinite(quality).all() and signal(quality, "face") == 1


def test_the_border_of_the_picture_is_replicated() -> None:
    """A black edge where the face leaves the picture would be a feature of its own."""
    crop, _ = describe(np.full((100, 100), 180, np.uint8), TEMPLATE * 3 - [70, 70], PARAMS)
    np.testing.assert_allclose(crop, 180 / 255, atol=1e-6)


@given(
    scale=st.floats(0.05, 40),
    degrees=st.floats(-180, 180),
    shift=st.tuples(st.floats(-3000, 3000), st.floats(-3000, 3000)),
)
def test_a_similarity_transform_is_recovered(
    scale: float, degrees: float, shift: tuple[float, float]
) -> None:
    moved = turned(scale, degrees, shift, TEMPLATE)
    matrix = similarity(moved, TEMPLATE)
    np.testing.assert_allclose(moved @ matrix[:, :2].T + matrix[:, 2], TEMPLATE, atol=1e-6)


@given(st.lists(st.tuples(st.floats(0, 500), st.floats(0, 500)), min_size=4, max_size=4))
def test_no_face_is_ever_mirrored(points: list[tuple[float, float]]) -> None:
    matrix = similarity(np.array(points), TEMPLATE)
    assert np.isfinite(matrix).all()
    assert np.linalg.det(matrix[:, :2]) >= 0
    assert matrix[0, 0] == matrix[1, 1] and matrix[0, 1] == -matrix[1, 0]


def test_quality_is_that_of_the_crop(portrait: np.ndarray, portrait_face: Face) -> None:
    crop, quality = describe(portrait, portrait_face.keypoints, PARAMS)
    assert quality.shape == (len(QUALITY),) and quality.dtype == np.float32
    assert signal(quality, "face") == 1
    assert signal(quality, "brightness") == pytest.approx(crop.mean(), abs=1e-4)
    assert signal(quality, "contrast") == pytest.approx(crop.std(), abs=1e-4)
    assert signal(quality, "frozen_s") == 0


@pytest.mark.parametrize(
    ("what", "spoil", "name", "direction"),
    [
        ("less light", lambda x, k: (x * (1 - k)).astype(np.uint8), "brightness", -1),
        ("less light", lambda x, k: (x * (1 - k)).astype(np.uint8), "contrast", -1),
        (
            "over-exposure",
            lambda x, k: np.clip(x * (1 + 9 * k), 0, 255).astype(np.uint8),
            "brightness",
            1,
        ),
        ("defocus", lambda x, k: cv2.GaussianBlur(x, (0, 0), 0.1 + 15 * k), "sharpness", -1),
        ("fog", lambda x, k: (x * (1 - k) + 200 * k).astype(np.uint8), "contrast", -1),
    ],
)
def test_a_signal_follows_its_fault(
    portrait: np.ndarray, portrait_face: Face, what: str, spoil: object, name: str, direction: int
) -> None:
    assert callable(spoil)
    values = [
        direction * signal(describe(spoil(portrait, k), portrait_face.keypoints, PARAMS)[1], name)
        for k in (0.0, 0.2, 0.4, 0.6, 0.8, 0.95)
    ]
    assert (np.diff(values) > 0).all(), what


def test_without_a_face_the_whole_picture_is_measured() -> None:
    half_lit = np.zeros((480, 640, 3), np.uint8)
    half_lit[:, 320:] = 200
    quality = describe_without_face(half_lit)
    assert signal(quality, "face") == 0 and signal(quality, "face_px") == 0
    assert signal(quality, "brightness") == pytest.approx(100 / 255, abs=0.01)
    assert signal(quality, "contrast") == pytest.approx(100 / 255, abs=0.01)


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 1), (1, 4000, 3), (4000, 1, 3), (4320, 7680, 3)])
def test_a_picture_of_any_shape_can_be_measured(shape: tuple[int, ...]) -> None:
    quality = describe_without_face(np.full(shape, 51, np.uint8))
    assert signal(quality, "brightness") == pytest.approx(0.2, abs=1e-6)
    assert np.isfinite(quality).all()
