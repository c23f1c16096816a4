"""What `make fuzz` found, made small by code."""

from __future__ import annotations

from pathlib import Path

import pytest
from fixtures.damaged import restamp_flv
from fixtures.media import write_clip
from fixtures.packets import chunks_of, frames_of, read

from edge.clock import HandClock
from edge.errors import MediaError
from edge.sources.file import MediaFile


def without_decoders(path: Path, codec: bytes) -> Path:
    """A Matroska file of a codec that FFmpeg does not know."""
    data = path.read_bytes()
    assert codec in data
    path.write_bytes(data.replace(codec, codec[:-1] + b"?"))
    return path


def test_pictures_that_no_decoder_knows_cost_the_pictures(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mkv", 1, codecs=("mjpeg", "flac"))
    source, packets = read(without_decoders(path, b"V_MJPEG"))
    assert chunks_of(packets) and not frames_of(packets)
    assert "has no video that can be decoded" in source.report().notes[0]


def test_sound_that_no_decoder_knows_costs_the_sound(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mkv", 1, codecs=("mjpeg", "flac"))
    source, packets = read(without_decoders(path, b"A_FLAC"))
    assert len(frames_of(packets)) == 25 and not chunks_of(packets)
    assert "has no sound that can be decoded" in source.report().notes[0]


def test_a_file_of_which_no_decoder_knows_anything_is_refused(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mkv", 1, sound=None, codecs=("mjpeg", "flac"))
    source = MediaFile(without_decoders(path, b"V_MJPEG"), HandClock())
    with pytest.raises(MediaError, match="that can be decoded"):
        source.open()


@pytest.mark.parametrize("kind", [8, 9])
def test_a_stream_that_begins_weeks_after_the_stated_end_begins_with_the_file(
    tmp_path: Path, kind: int
) -> None:
    codecs = ("flv", "mp3")
    path = write_clip(tmp_path / "a.flv", 1, codecs=codecs)
    source, packets = read(restamp_flv(path, kind, 1_426_359))
    frames, chunks = frames_of(packets), chunks_of(packets)
    assert len(frames) == 25
    assert max(frame.t_ns for frame in frames) < 2e9
    assert max(chunk.t_ns for chunk in chunks) < 2e9
    assert "a time stamp is damaged" in source.report().notes[0]
