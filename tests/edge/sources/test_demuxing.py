"""Streams that turn up after a file was opened."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from fixtures.damaged import NULL_PACKET
from fixtures.media import write_clip

from edge.clock import HandClock
from edge.sources.demuxing import demuxed
from edge.sources.file import MediaFile


class TwoKnown:
    """As PyAV's container does: the flushing packet of the known stream, then the error."""

    def demux(self, stream: object) -> Iterator[str]:
        yield from ("packet", "flush")
        raise IndexError("list index out of range")


def test_all_of_the_known_stream_comes_and_the_late_one_is_told() -> None:
    told: list[bool] = []
    packets = demuxed(TwoKnown(), None, lambda: told.append(True))  # type: ignore[arg-type]
    assert list(packets) == ["packet", "flush"] and told == [True]


def test_a_file_in_which_a_stream_appears_late_is_used_as_far_as_it_is_known(
    tmp_path: Path,
) -> None:
    codecs = ("mpeg2video", "aac")
    first = write_clip(tmp_path / "first.ts", 2, sound=None, codecs=codecs)
    other = {"mpegts_start_pid": "0x200", "mpegts_pmt_start_pid": "0x1100"}
    second = write_clip(tmp_path / "second.ts", 2, codecs=codecs, options=other)
    path = tmp_path / "late.ts"
    # Farther on than FFmpeg looks for streams when it opens a file (5 MB).
    path.write_bytes(first.read_bytes() + NULL_PACKET * 40_000 + second.read_bytes())
    source = MediaFile(path, HandClock(), wanted=frozenset({"vision"}))
    source.open()
    assert len(list(source.packets())) == 50
    for note in source.report().notes:  # PyAV may also overlook the late stream
        assert "a stream that begins late" in note
