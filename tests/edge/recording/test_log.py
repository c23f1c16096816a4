"""All complete events of a damaged log are read, and nothing else."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import RecordingError
from edge.recording.events import Ended, Observed, Stepped
from edge.recording.log import LogWriter, read_log
from edge.recording.session import BLOCKS_NAME, EVENTS_NAME


def observation(t_ns: int, quality: tuple[float, ...] = (0.5,), **detail: Any) -> dict[str, Any]:
    return {
        "kind": "observation",
        "stream": "audio",
        "t_ns": t_ns,
        "quality": list(quality),
        "detail": detail,
    }


def step(end_ns: int) -> dict[str, Any]:
    return {
        "kind": "step",
        "end_ns": end_ns,
        "wall_ns": 0,
        "origin_ns": None,
        "is_media": False,
        "links": {"audio": "up"},
        "phase": None,
    }


FRAMES = np.random.default_rng(0).normal(0, 1, (1, 30, 4)).astype(np.float32)
SEGMENTS = [FRAMES[:, k : k + 10] for k in range(20)]


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """Twenty segments that overlap, a step after each, and the end."""
    log = LogWriter(tmp_path)
    for k, segment in enumerate(SEGMENTS):
        log.write(observation(k), segment)
        log.write(step(k))
    log.write({"kind": "end", "cause": None})
    log.close()
    return tmp_path


def test_what_is_written_is_read(recorded: Path) -> None:
    *pairs, (end, _) = list(read_log(recorded))
    assert end == Ended(kind="end", cause=None)
    for k, (segment, (first, array), (second, nothing)) in enumerate(
        zip(SEGMENTS, pairs[::2], pairs[1::2], strict=True)
    ):
        assert isinstance(first, Observed) and first.t_ns == k
        assert array is not None and array.tobytes() == segment.tobytes()
        assert isinstance(second, Stepped) and second.end_ns == k and nothing is None


def test_a_log_truncated_anywhere_gives_the_complete_events(recorded: Path) -> None:
    path = recorded / EVENTS_NAME
    whole = path.read_bytes()
    for size in range(0, len(whole), 37):
        path.write_bytes(whole[:size])
        assert len(list(read_log(recorded))) == whole[:size].count(b"\n")


def test_an_event_with_a_truncated_array_ends_the_log(recorded: Path) -> None:
    path = recorded / BLOCKS_NAME
    path.write_bytes(path.read_bytes()[:-1])
    assert len(list(read_log(recorded))) == 2 * len(SEGMENTS) - 2


def test_an_altered_array_ends_the_log(recorded: Path) -> None:
    path = recorded / BLOCKS_NAME
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    left = list(read_log(recorded))
    assert 0 < len(left) < 2 * len(SEGMENTS)
    assert not isinstance(left[-1][0], Ended)


def test_a_block_that_points_outside_of_its_file_ends_the_log(recorded: Path) -> None:
    path = recorded / EVENTS_NAME
    path.write_bytes(path.read_bytes().replace(b'"at":0,', b'"at":1000000000000,', 1))
    assert list(read_log(recorded)) == []


def test_odd_floats_and_numbers_of_numpy_survive(tmp_path: Path) -> None:
    log = LogWriter(tmp_path)
    log.write(observation(1, (math.nan, math.inf, 1e-45), score=np.float32(0.5), box=(1, 2)))
    log.close()
    [(event, _)] = list(read_log(tmp_path))
    assert isinstance(event, Observed)
    assert math.isnan(event.quality[0]) and event.quality[1:] == (math.inf, 1e-45)
    assert event.detail == {"score": 0.5, "box": [1, 2]}


@given(st.binary(max_size=300) | st.text(max_size=100).map(str.encode))
def test_garbage_is_never_more_than_the_end_of_the_log(garbage: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        log = LogWriter(Path(folder))
        log.write(step(1))
        log.close()
        with (Path(folder) / EVENTS_NAME).open("ab") as file:
            file.write(garbage + b"\n")
        assert len(list(read_log(Path(folder)))) == 1


def test_deep_nesting_is_never_more_than_the_end_of_the_log(recorded: Path) -> None:
    (recorded / EVENTS_NAME).write_bytes(b"[" * 1_000_000 + b"\n")
    assert list(read_log(recorded)) == []


def test_a_missing_file_is_an_error_of_one_sentence(recorded: Path) -> None:
    (recorded / BLOCKS_NAME).unlink()
    with pytest.raises(RecordingError, match="cannot be read"):
        list(read_log(recorded))
