"""A file with faults: other content at the same times."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from fixtures.media import write_clip

from edge.clock import HandClock
from edge.sources.base import Source
from edge.sources.file import MediaFile
from edge.types import Chunk, Frame, Packet
from train.corpora.recorded import faulted
from train.corpora.recorded.faulted import Faulted
from train.corpora.recorded.views import View

Faults = dict[str, tuple[str, float]]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("media") / "clip.mp4", 1.0)


def _packets(source: Source) -> list[Packet]:
    source.open()
    try:
        return list(source.packets())
    finally:
        source.close()


def _faulted(clip: Path, faults: Faults, seed: tuple[int, ...] = (0, 1)) -> list[Packet]:
    return _packets(Faulted(clip, HandClock(), View("clip", 1, faults), seed))


def _place(packet: Packet) -> tuple[object, ...]:
    if isinstance(packet, Frame):
        return packet.t_ns, packet.index, packet.bgr.shape
    return packet.t_ns, packet.first_sample, len(packet.samples), packet.gap


def _data(packets: list[Packet], kind: type[Packet]) -> list[bytes]:
    of_kind = [packet for packet in packets if isinstance(packet, kind)]
    return [p.bgr.tobytes() if isinstance(p, Frame) else p.samples.tobytes() for p in of_kind]


@pytest.mark.parametrize("passage_samples", [1, 4000, 10**6])
def test_packets_keep_their_order_and_times(
    clip: Path, monkeypatch: pytest.MonkeyPatch, passage_samples: int
) -> None:
    monkeypatch.setattr(faulted, "PASSAGE_SAMPLES", passage_samples)
    clean = _packets(MediaFile(clip, HandClock()))
    faults = {"vision": ("blur", 0.8), "audio": ("noise", 0.8)}
    changed = _faulted(clip, faults)
    assert [_place(packet) for packet in changed] == [_place(packet) for packet in clean]
    for kind in (Frame, Chunk):
        pairs = zip(_data(changed, kind), _data(clean, kind), strict=True)
        assert all(ours != theirs for ours, theirs in pairs)


@pytest.mark.parametrize(
    ("faults", "same"), [({"vision": ("dark", 0.5)}, Chunk), ({"audio": ("hum", 0.5)}, Frame)]
)
def test_a_stream_without_a_fault_is_unchanged(
    clip: Path, faults: Faults, same: type[Packet]
) -> None:
    clean = _packets(MediaFile(clip, HandClock()))
    assert _data(_faulted(clip, faults), same) == _data(clean, same)


def test_the_seed_alone_decides(clip: Path) -> None:
    faults = {"vision": ("dark", 0.5), "audio": ("noise", 0.5)}
    one, two, other = (_faulted(clip, faults, seed) for seed in ((0, 1), (0, 1), (0, 2)))
    for kind in (Frame, Chunk):
        assert _data(one, kind) == _data(two, kind) != _data(other, kind)


def test_an_object_before_the_face_stays_where_it_is(clip: Path) -> None:
    clean = [p.bgr for p in _packets(MediaFile(clip, HandClock())) if isinstance(p, Frame)]
    covered = [p.bgr for p in _faulted(clip, {"vision": ("occluded", 0.5)}) if isinstance(p, Frame)]
    changed = np.array([(a != b).any(axis=2) for a, b in zip(clean, covered, strict=True)])
    rows, columns = np.nonzero(changed.any(axis=0))
    box = np.zeros(changed.shape[1:], bool)
    box[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1] = True
    assert 0.3 < box.mean() < 0.6  # of all frames together, no larger than of one
    first = {frame[box].tobytes() for frame in covered}
    assert len(first) == 1


def test_a_fault_of_a_stream_that_the_file_lacks_changes_nothing(tmp_path: Path) -> None:
    mute = write_clip(tmp_path / "mute.mp4", 0.4, sound=None)
    clean = _packets(MediaFile(mute, HandClock()))
    assert _data(_faulted(mute, {"audio": ("noise", 1.0)}), Frame) == _data(clean, Frame)
