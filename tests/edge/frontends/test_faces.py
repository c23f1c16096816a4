"""The vision front end for several people, on pictures of real faces."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from fixtures.people import clip_of, placed

from edge.frontends.face import QUALITY, FaceFrontEnd, FaceParams
from edge.frontends.faces import TURNS, WAIT_LIMIT_NS, FacesFrontEnd
from edge.types import NS_PER_MS, NS_PER_S, Frame, Observation

Scene = Callable[..., np.ndarray]


class Camera:
    """Shows pictures to a front end of its own."""

    def __init__(self, limit: int = 16, hz: int = 25) -> None:
        self.front_end = FacesFrontEnd(FaceParams(), limit)
        self.tick, self.hz = 0, hz

    def shows(self, picture: np.ndarray, count: int = 1) -> list[Observation]:
        """What is made of the last picture."""
        for _ in range(count):
            self.tick += 1
            frame = Frame(self.tick * NS_PER_S // self.hz, picture, self.tick)
            seen = self.front_end.process(frame)
        return seen


@pytest.fixture
def camera() -> Iterator[Camera]:
    camera = Camera()
    yield camera
    camera.front_end.close()


def places(seen: list[Observation]) -> dict[object, float | None]:
    """The middle of each person's face, from left to right."""
    found: dict[object, float | None] = {}
    for one in seen:
        box = one.detail["box"]
        assert box is None or isinstance(box, tuple)
        found[one.detail["person"]] = None if box is None else box[0] + box[2] / 2
    return found


def test_one_face_is_seen_as_the_front_end_for_one_sees_it(camera: Camera, scene: Scene) -> None:
    alone = FaceFrontEnd(FaceParams())
    for x in (300, 304, 310):
        picture = scene((x, 240, 0.75))
        (seen,) = camera.shows(picture)
        nearest = alone.process(Frame(seen.t_ns, picture, camera.tick))
        assert nearest.tensor is not None
        np.testing.assert_array_equal(seen.tensor, nearest.tensor)
        np.testing.assert_array_equal(seen.quality, nearest.quality)
        # People are numbered in place of it.
        assert nearest.detail.pop("known") is True
        assert seen.detail == {**nearest.detail, "person": 1}
    alone.close()


def test_an_empty_room_gives_one_observation_of_nobody(camera: Camera, scene: Scene) -> None:
    (seen,) = camera.shows(scene())
    assert seen.tensor is None and seen.detail["person"] is None and seen.detail["faces"] == 0


def test_two_people_who_cross_keep_their_numbers(camera: Camera, data_dir: Path) -> None:
    left, right = clip_of(data_dir, 0)[0], clip_of(data_dir, 3)[0]
    for index in range(0, 75):
        x = round(20 + 380 * index / 74)
        seen = places(camera.shows(placed((left[index], x), (right[index], 420 - x))))
        if index == 0:
            (first,) = [number for number, at in seen.items() if at is not None and at < 320]
    other = 3 - int(str(first))
    assert set(seen) == {1, 2}
    assert (seen[first] or 0) > 320 > (seen[other] or 640)


def test_who_is_away_for_a_second_keeps_the_number(camera: Camera, data_dir: Path) -> None:
    left, right = clip_of(data_dir, 0)[0], clip_of(data_dir, 3)[0]
    for index in range(10):
        before = places(camera.shows(placed((left[index], 20), (right[index], 380))))
    for index in range(10, 35):
        away = places(camera.shows(placed((right[index], 380))))
    assert list(away.values()).count(None) == 1
    after = places(camera.shows(placed((left[35], 60), (right[35], 380))))
    assert set(after) == {1, 2}
    for number, at in after.items():
        assert at == pytest.approx(before[number], abs=80)


CROWD = ((100, 120, 0.35), (300, 120, 0.37), (100, 350, 0.39), (300, 350, 0.41))


def test_four_faces_take_turns_to_be_encoded(camera: Camera, scene: Scene) -> None:
    picture = scene(*CROWD, width=420)
    assert len(camera.shows(picture, count=10)) == 4
    turns = [[one.tensor is not None for one in camera.shows(picture)] for _ in range(8)]
    assert all(sum(encoded) == TURNS for encoded in turns)
    assert all(sum(encoded[who] for encoded in turns) == 4 for who in range(4))


@pytest.mark.parametrize("gap_ms", [40, 80, 100])
def test_no_face_of_nine_waits_longer_than_the_limit(
    gap_ms: int, camera: Camera, data_dir: Path
) -> None:
    row = np.hstack([clip_of(data_dir, place)[0][0][40:280, 70:290] for place in (0, 3, 9)])
    picture = np.vstack([row] * 3)
    last_ms: dict[object, int] = {}
    for t_ms in range(0, 3000, gap_ms):
        for one in camera.front_end.process(Frame(t_ms * NS_PER_MS, picture, t_ms)):
            number = one.detail["person"]
            if one.tensor is not None:
                assert t_ms - last_ms.get(number, t_ms) <= WAIT_LIMIT_NS // NS_PER_MS
                last_ms[number] = t_ms
    assert len(last_ms) == 9


def test_at_a_low_frame_rate_each_face_is_encoded_in_each_frame(scene: Scene) -> None:
    camera = Camera(hz=5)
    for _ in range(4):
        seen = camera.shows(scene(*CROWD, width=420))
    assert [one.tensor is not None for one in seen] == [True] * 4
    camera.front_end.close()


def test_each_face_is_measured_by_itself(camera: Camera, scene: Scene) -> None:
    picture = scene((160, 240, 0.6), (480, 240, 0.6))
    picture[:, :320] = cv2.GaussianBlur(picture[:, :320], (0, 0), 6)
    seen = {one.detail["person"]: one for one in camera.shows(picture)}
    at = places(list(seen.values()))
    sharpness = {n: float(one.quality[QUALITY.index("sharpness")]) for n, one in seen.items()}
    blurred = min(at, key=lambda number: at[number] or 0)
    clear = max(at, key=lambda number: at[number] or 0)
    assert sharpness[blurred] < sharpness[clear] - 0.5


def test_the_picture_size_may_change_within_a_stream(camera: Camera, scene: Scene) -> None:
    picture = scene((160, 240, 0.6), (480, 240, 0.5))
    before = places(camera.shows(picture, count=3))
    small = np.asarray(cv2.resize(picture, (320, 240), interpolation=cv2.INTER_AREA), np.uint8)
    after = places(camera.shows(small))
    assert set(after) == set(before) == {1, 2}
    assert after[1] == pytest.approx((before[1] or 0) / 2, abs=5)
