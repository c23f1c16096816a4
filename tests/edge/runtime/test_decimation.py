"""A closed stream is processed a few times a second, an open one always."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edge.recognition.verdict import StreamVerdict, Verdict
from edge.runtime.decimation import Decimation
from edge.types import NS_PER_MS, NS_PER_S

USED = StreamVerdict("used", None, 0.9, 1.0, 1.0)
VERDICT = Verdict(
    0,
    (0, 1),
    None,
    {},
    None,
    (),
    dict.fromkeys(("text", "audio", "vision"), USED),
    "",
    {"total": 1},
)


def with_vision(state: str, reason: str | None) -> Verdict:
    stream = StreamVerdict(state, reason, None, None, 0.0)  # type: ignore[arg-type]
    return replace(VERDICT, streams={**VERDICT.streams, "vision": stream})


def processed(decimation: Decimation, fps: int, seconds: int = 4) -> int:
    frames = range(0, seconds * NS_PER_S, NS_PER_S // fps)
    return sum(not decimation.skips("vision", 10 * NS_PER_S + t_ns) for t_ns in frames)


def test_every_item_of_an_open_stream_is_processed() -> None:
    decimation = Decimation()
    decimation.update(VERDICT)
    assert processed(decimation, 25) == 100


@pytest.mark.parametrize("fps", [25, 30, 60])
@pytest.mark.parametrize("reason", ["dark", "no_face", "unreliable"])
def test_a_dropped_stream_costs_at_most_a_fifth_and_is_processed_every_step(
    fps: int, reason: str
) -> None:
    decimation = Decimation()
    decimation.update(with_vision("dropped", reason))
    seen = processed(decimation, fps)
    assert 14 <= seen <= 0.2 * 4 * fps


@pytest.mark.parametrize("reason", ["starting", "stale", "not_this_face", "other_person"])
def test_a_stream_that_the_next_packets_may_clear_is_not_slowed_down(reason: str) -> None:
    decimation = Decimation()
    decimation.update(with_vision("dropped", reason))
    assert processed(decimation, 25) == 100


def test_every_frame_of_a_slow_camera_is_processed() -> None:
    decimation = Decimation()
    decimation.update(with_vision("dropped", "dark"))
    assert processed(decimation, 4) == 16


def test_a_stream_that_is_used_again_is_processed_at_once() -> None:
    decimation = Decimation()
    decimation.update(with_vision("dropped", "dark"))
    assert not decimation.skips("vision", 0)
    assert decimation.skips("vision", 40 * NS_PER_MS)
    decimation.update(VERDICT)
    assert not decimation.skips("vision", 80 * NS_PER_MS)


def test_with_several_people_a_stream_is_slowed_down_only_if_nobody_uses_it() -> None:
    decimation = Decimation()
    decimation.update(with_vision("dropped", "dark"), VERDICT)
    assert processed(decimation, 25) == 100
    decimation.update(with_vision("dropped", "dark"), with_vision("dropped", "no_face"))
    assert processed(decimation, 25) < 25
