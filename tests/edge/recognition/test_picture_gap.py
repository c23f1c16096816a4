"""Pictures that follow another too soon are shown, not looked at."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources

import cv2
import numpy as np
import pytest

from edge.bundle import Bundle, default_bundle
from edge.bundle.networks import Networks
from edge.clock import HandClock
from edge.config import load_config
from edge.recognition.recognizer import Recognizer
from edge.runtime.loaded import Loaded
from edge.types import NS_PER_MS, NS_PER_S, Frame


@pytest.fixture
def recognizer() -> Iterator[Recognizer]:
    """As a run makes it with the default configuration."""
    bundle = Bundle.load(default_bundle())
    loaded = Loaded(bundle, load_config(None, [], {}), HandClock())
    yield loaded.recognizer
    loaded.close()


def looked_at(recognizer: Recognizer, times_ms: list[float]) -> list[bool]:
    black = np.zeros((48, 64, 3), np.uint8)
    frames = [Frame(round(t * NS_PER_MS), black, i) for i, t in enumerate(times_ms)]
    return [recognizer.accept_frame(frame) is not None for frame in frames]


@pytest.mark.parametrize(
    ("fps", "every"), [(10, 1), (16, 1), (20, 1), (24, 2), (25, 2), (30, 2), (60, 3)]
)
def test_of_fast_pictures_some_are_looked_at_and_of_slow_ones_all(
    recognizer: Recognizer, fps: int, every: int
) -> None:
    times_ms = [1000 * index / fps for index in range(12)]
    assert looked_at(recognizer, times_ms) == [index % every == 0 for index in range(12)]


def test_a_clock_that_is_set_back_makes_no_picture_wait(recognizer: Recognizer) -> None:
    assert looked_at(recognizer, [9_000, 8_990, 8_995, 9_040]) == [True, True, False, True]


def test_a_picture_that_is_not_looked_at_is_shown_with_the_last_box(
    recognizer: Recognizer,
) -> None:
    portrait = cv2.imread(str(resources.files("edge") / "assets" / "grace_hopper.jpg"))
    face, black = np.asarray(portrait, np.uint8), np.zeros((48, 64, 3), np.uint8)
    recognizer.accept_frame(Frame(NS_PER_S, face, 0))
    assert recognizer.newest_picture is not None
    box = recognizer.newest_picture[1]
    newer = Frame(NS_PER_S + 40 * NS_PER_MS, black, 1)
    recognizer.accept_frame(newer)
    assert box is not None
    assert recognizer.newest_picture == (newer, box)


def test_without_a_run_such_as_in_a_replay_every_picture_is_looked_at() -> None:
    bundle = Bundle.load(default_bundle())
    recognizer = Recognizer(bundle, Networks(bundle), HandClock())
    assert looked_at(recognizer, [0, 1, 2]) == [True, True, True]
    recognizer.close()
