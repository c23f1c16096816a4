"""A damaged time stamp is not a pause; a pause is."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import pytest
from fixtures.damaged import PICTURE, SOUND, restamp
from fixtures.media import bursts, write_clip
from fixtures.timecode import number_in

from edge.clock import HandClock
from edge.errors import MediaError
from edge.sources.file import MediaFile
from edge.types import NS_PER_S, Chunk, Frame, Packet

SECONDS = 3
CODECS = ("mpeg2video", "aac")


def read(path: Path, *wanted: str) -> tuple[MediaFile, list[Packet]]:
    source = MediaFile(path, HandClock(), wanted=frozenset(wanted or ("audio", "vision")))
    source.open()
    return source, list(source.packets())


def times_s(packets: list[Packet]) -> list[float]:
    return [packet.t_ns / NS_PER_S for packet in packets if isinstance(packet, Frame)]


def numbers(packets: list[Packet]) -> list[int]:
    return [number_in(packet.bgr) or 0 for packet in packets if isinstance(packet, Frame)]


def told(source: MediaFile) -> str:
    report = source.report()
    assert report.torn is None and len(report.notes) == 1, report
    assert "a time stamp is damaged: " in report.notes[0]
    return report.notes[0]


def remuxed(path: Path, stamps: dict[int, float]) -> Path:
    """A copy as Matroska in which the pictures of these numbers have these stamps, in seconds."""
    copy = path.with_suffix(".copy.mkv")
    with av.open(str(path)) as whole, av.open(str(copy), "w") as container:
        streams: dict[int, Any] = {
            stream.index: container.add_stream_from_template(stream) for stream in whole.streams
        }
        number = 0
        for packet in whole.demux():
            if not packet.size or packet.time_base is None:
                continue
            if packet.stream.type == "video":
                if number in stamps:
                    packet.pts = round(Fraction(stamps[number]) / packet.time_base)
                number += 1
            packet.stream = streams[packet.stream.index]
            container.mux(packet)
    return copy


@pytest.mark.parametrize("number", [20, 50, 74])
def test_one_stamp_of_hours_is_not_hours(tmp_path: Path, number: int) -> None:
    whole, packets = read(write_clip(tmp_path / "a.mkv", SECONDS))
    assert not whole.report().notes
    source, mended = read(remuxed(tmp_path / "a.mkv", {number: 9_880}))
    assert "1 packet was placed" in told(source)
    assert numbers(mended) == list(range(75))
    assert times_s(mended) == pytest.approx(times_s(packets), abs=0.002)
    assert len(mended) == len(packets)


@pytest.mark.parametrize("number", [0, 41, 43, 149])
def test_pictures_that_are_stored_out_of_order_stay_in_order(tmp_path: Path, number: int) -> None:
    path = write_clip(tmp_path / "a.mp4", 6, codecs=("libx264", "aac"))
    _, packets = read(path)
    source, mended = read(remuxed(path, {number: 9_880}))
    assert "1 packet was placed" in told(source)
    assert numbers(mended) == list(range(150))
    assert times_s(mended) == pytest.approx(times_s(packets), abs=0.3)


@pytest.mark.parametrize("kind", [PICTURE, SOUND])
@pytest.mark.parametrize("by_s", [9_880, -880])
@pytest.mark.parametrize("first", [0, 2, -1])
def test_a_stamp_that_jumps_is_placed_after_the_one_before(
    tmp_path: Path, kind: int, by_s: float, first: int
) -> None:
    options = {"output_ts_offset": "1000"}
    path = write_clip(tmp_path / "a.ts", SECONDS, sound=bursts, codecs=CODECS, options=options)
    whole, packets = read(path)
    assert not whole.report().notes
    source, mended = read(restamp(path, kind, first, by_s))
    told(source)
    assert numbers(mended) == list(range(75))
    assert times_s(mended) == pytest.approx(times_s(packets), abs=0.03)
    chunks, before = ([p for p in side if isinstance(p, Chunk)] for side in (mended, packets))
    assert len(chunks) == pytest.approx(len(before), abs=2)
    assert chunks[-1].t_ns == pytest.approx(before[-1].t_ns, abs=0.05 * NS_PER_S)


@pytest.mark.parametrize("by_s", [9_880, -880])
def test_what_follows_a_jump_for_good_keeps_its_distances(tmp_path: Path, by_s: float) -> None:
    options = {"output_ts_offset": "1000"}
    path = write_clip(tmp_path / "a.ts", 8, sound=None, codecs=CODECS, options=options)
    source, packets = read(restamp(path, PICTURE, 30, by_s, count=0), "vision")
    times = times_s(packets)
    steps = [b - a for a, b in pairwise(times)]
    if by_s < 0:
        assert steps == pytest.approx([0.04] * 199, abs=0.001)
        told(source)
    else:  # all of the rest says so, and so does the container
        assert max(steps) == pytest.approx(by_s, abs=0.1) and not source.report().notes


def test_a_pause_of_pictures_and_sound_remains_a_pause(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mkv", 8, codecs=("mpeg4", "aac"))
    later = {number: number / 25 + 40 for number in range(100, 200)}
    source, packets = read(remuxed(path, later))
    assert not source.report().notes
    times = times_s(packets)
    assert times[:100] == pytest.approx([n / 25 for n in range(100)], abs=0.002)
    assert times[100:] == pytest.approx([later[n] for n in range(100, 200)], abs=0.002)


def test_a_stamp_behind_the_stated_end_moves_all_that_follows(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", SECONDS, sound=None, options={"use_editlist": "0"})
    data = bytearray(path.read_bytes())
    at = data.index(b"stts") + 8  # one run of 75 pictures becomes 30, one that is long, and 44
    runs, count, step = (int.from_bytes(data[k : k + 4], "big") for k in (at, at + 4, at + 8))
    assert (runs, count) == (1, 75)
    table = (3, 30, step, 1, 9_880 * 25 * step, 44, step)
    path.write_bytes(_grown(data, at, b"".join(n.to_bytes(4, "big") for n in table), 12))
    source, packets = read(path, "vision")
    told(source)
    steps = [b - a for a, b in pairwise(times_s(packets))]
    assert len(steps) == 74 and max(steps) < 1.1


def _grown(data: bytearray, at: int, content: bytes, old: int) -> bytes:
    """Put a longer content into the stts of an MP4 whose moov comes last."""
    more = len(content) - old
    for name in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stts"):
        size = data.index(name) - 4
        grown = int.from_bytes(data[size : size + 4], "big") + more
        data[size : size + 4] = grown.to_bytes(4, "big")
    return bytes(data[:at] + content + data[at + old :])


def test_pictures_that_are_hours_apart_are_not_used(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.avi", 2, codecs=("mpeg4", "mp2"))
    with_sound, packets = read(stating_hours(path))
    assert not times_s(packets) and max(packet.t_ns for packet in packets) < 3 * NS_PER_S
    report = with_sound.report()
    assert report.torn is None and len(report.notes) == 1, report
    assert (
        "no video that can be used (its time stamps are damaged: they are 10,486 s apart"
        in (report.notes[0])
    )
    silent = write_clip(tmp_path / "b.avi", 2, sound=None, codecs=("mpeg4", ""))
    with pytest.raises(MediaError, match="10,486 s apart"):
        read(stating_hours(silent))


def stating_hours(path: Path) -> Path:
    """An AVI whose headers say that a picture lasts 10,486 s."""
    data = bytearray(path.read_bytes())
    at = data.index(b"vids") + 20  # scale and rate
    data[at : at + 8] = (104_858).to_bytes(4, "little") + (10).to_bytes(4, "little")
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("rate_hz", [1, 100, 2**31 - 1])
def test_sound_of_an_impossible_rate_is_not_used(tmp_path: Path, rate_hz: int) -> None:
    path = write_clip(tmp_path / "a.wav", 1, fps=None, codecs=("", "pcm_s16le"))
    data = bytearray(path.read_bytes())
    at = data.index(b"fmt ") + 12
    data[at : at + 4] = rate_hz.to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(MediaError, match=f"sample rate is damaged: it states {rate_hz} Hz"):
        read(path)


@pytest.mark.parametrize(
    ("number", "step", "told"),
    [
        (0, 1, "lists 150 pictures, and its time stamps put all but"),
        (1, 1, "lists 283 packets of sound, and its time stamps put all but 1 of them"),
        (0, 1_280_000, "no video that can be used (its time stamps are damaged: they are 100 s"),
    ],
)
def test_what_damaged_times_put_outside_an_mp4_is_told(
    tmp_path: Path, number: int, step: int, told: str
) -> None:
    path = write_clip(tmp_path / "a.mp4", 6, codecs=("libx264", "aac"))
    source, _ = read(path)
    assert not source.report().notes
    data = bytearray(path.read_bytes())
    at = -1
    for _ in range(number + 1):
        at = data.index(b"stts", at + 1)
    data[at + 16 : at + 20] = step.to_bytes(4, "big")  # of the first run of its table
    path.write_bytes(data)
    source, _ = read(path)
    assert any(told in note for note in source.report().notes), source.report()


def test_a_clip_that_was_trimmed_without_encoding_is_not_damaged(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", 8, codecs=("libx264", "aac"))
    data = bytearray(path.read_bytes())
    for at in [n for n in range(len(data)) if data.startswith(b"elst", n)]:
        assert int.from_bytes(data[at + 8 : at + 12], "big") == 1
        data[at + 12 : at + 16] = (2_000).to_bytes(4, "big")  # of 8,000 ms
    path.write_bytes(data)
    source, packets = read(path)
    assert 45 <= len(numbers(packets)) <= 55
    assert not source.report().notes and source.report().torn is None
