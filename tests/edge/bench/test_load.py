"""A looped file is one stream: times, frame numbers and sample counts continue."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from fixtures.media import write_clip

from edge.bench.load import BOTH, LoopedFile, standard_load
from edge.clock import HandClock
from edge.errors import MediaError
from edge.types import NS_PER_S, Chunk, Frame, Packet


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("bench") / "clip.mkv", 1.0)


def taken(path: Path, seconds: float, streams: frozenset[str] = BOTH) -> list[Packet]:
    source = LoopedFile(path, HandClock(), seconds, streams)
    source.open()
    assert source.streams == streams
    return list(source.packets())


def test_a_clip_of_one_second_lasts_three_and_a_half(clip: Path) -> None:
    packets = taken(clip, 3.5)
    frames = [packet for packet in packets if isinstance(packet, Frame)]
    assert [frame.index for frame in frames] == list(range(len(frames)))
    assert 85 <= len(frames) <= 88
    gaps_s = [(b.t_ns - a.t_ns) / NS_PER_S for a, b in pairwise(frames)]
    assert min(gaps_s) > 0.03 and max(gaps_s) < 0.15


def test_looped_sound_has_no_gap(clip: Path) -> None:
    chunks = [packet for packet in taken(clip, 3.5) if isinstance(packet, Chunk)]
    assert all(chunk.gap is None for chunk in chunks)
    for before, after in pairwise(chunks):
        assert after.first_sample == before.first_sample + len(before.samples)


def test_only_requested_streams_are_decoded(clip: Path) -> None:
    assert all(isinstance(packet, Frame) for packet in taken(clip, 1.5, frozenset({"vision"})))


def test_a_missing_file_is_an_error_of_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"nothing\.mp4"):
        LoopedFile(tmp_path / "nothing.mp4", HandClock(), 1.0).open()


def test_the_standard_load_moves_and_speaks_and_is_the_same_each_time() -> None:
    load = standard_load(1.0)
    first, second = (list(load.source(HandClock(), BOTH).packets()) for _ in range(2))
    assert len(first) == len(second)
    for a, b in zip(first, second, strict=True):
        if isinstance(a, Frame) and isinstance(b, Frame):
            assert np.array_equal(a.bgr, b.bgr)
        else:
            assert isinstance(a, Chunk) and isinstance(b, Chunk)
            assert np.array_equal(a.samples, b.samples)
    frames = [packet.bgr for packet in first if isinstance(packet, Frame)]
    assert all(not np.array_equal(a, b) for a, b in pairwise(frames))
