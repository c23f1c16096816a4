"""Media files: sound and picture by their time stamps."""

from __future__ import annotations

import itertools
import struct
import wave
from pathlib import Path

import av
import numpy as np
import pytest
from av.stream import Disposition
from fixtures.media import bursts, tone, write_clip
from fixtures.packets import chunks_of, frames_of, onsets_ns, read, samples_of
from fixtures.timecode import number_in

from edge.clock import HandClock
from edge.sources.file import MediaFile
from edge.types import NS_PER_S, Frame


def test_an_artist_in_latin_1_does_not_stop_the_sound(tmp_path: Path) -> None:
    path = tmp_path / "song.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", "NONE"))
        file.writeframes(np.full(16_000, 8_000, "<i2").tobytes())
    artist = "Künstler".encode("latin-1")
    tag = b"INFOIART" + struct.pack("<I", len(artist)) + artist
    whole = bytearray(path.read_bytes() + b"LIST" + struct.pack("<I", len(tag)) + tag)
    whole[4:8] = struct.pack("<I", len(whole) - 8)
    path.write_bytes(whole)
    _, packets = read(path)
    assert len(samples_of(packets)) == 16_000


@pytest.mark.parametrize(
    ("ending", "codecs"),
    [
        ("mp4", ("mpeg4", "aac")),
        ("mkv", ("mpeg4", "flac")),
        ("mov", ("mjpeg", "pcm_s16le")),
        ("webm", ("libvpx", "libopus")),
    ],
)
def test_every_frame_comes_at_its_own_time_and_sound_beside_it(
    tmp_path: Path, ending: str, codecs: tuple[str, str]
) -> None:
    source, packets = read(write_clip(tmp_path / f"clip.{ending}", 3, sound=bursts, codecs=codecs))
    assert source.streams == {"audio", "vision"} and not source.report().notes
    frames = frames_of(packets)
    assert [number_in(frame.bgr) for frame in frames] == list(range(75))
    for frame in frames:
        assert frame.t_ns == pytest.approx(frame.index * NS_PER_S / 25, abs=2e6)
        assert frame.bgr.dtype == np.uint8 and frame.bgr.shape == (96, 384, 3)
    assert onsets_ns(packets) == pytest.approx([0, 1e9, 2e9], abs=3e6)


def test_packets_come_in_the_order_of_their_capture(tmp_path: Path) -> None:
    # An AVI's interleaving is coarse: the writer above puts all sound after the first picture.
    _, packets = read(write_clip(tmp_path / "clip.avi", 2))
    times = [packet.t_ns for packet in packets]
    assert times == sorted(times) and times[0] == 0
    kinds = [isinstance(packet, Frame) for packet in packets]
    assert len(list(itertools.groupby(kinds))) > 90


def test_sound_is_mono_16_khz_without_a_hole(tmp_path: Path) -> None:
    _, packets = read(write_clip(tmp_path / "tone.flac", 2, fps=None, codecs=("", "flac")))
    chunks = chunks_of(packets)
    assert all(chunk.rate_hz == 16_000 and chunk.gap is None for chunk in chunks)
    assert all(
        a.first_sample + len(a.samples) == b.first_sample for a, b in itertools.pairwise(chunks)
    )
    samples = samples_of(packets)
    assert samples.dtype == np.float32 and len(samples) == pytest.approx(32_000, abs=400)
    want = tone(np.arange(len(samples)) / 16_000)
    assert np.abs(samples - want)[200:31_000].max() < 0.01


@pytest.mark.parametrize("channels", [1, 2])
def test_a_voice_on_both_channels_is_not_louder_than_on_one(tmp_path: Path, channels: int) -> None:
    path = write_clip(tmp_path / "a.flac", 1, fps=None, channels=channels, codecs=("", "flac"))
    _, packets = read(path)
    assert np.abs(samples_of(packets)[1000:15_000]).max() == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize(
    ("ending", "codec"),
    [("wav", "pcm_s16le"), ("flac", "flac"), ("opus", "libopus"), ("mka", "aac"), ("mp3", "mp3")],
)
def test_a_sound_file_runs_and_reports_that_it_has_no_picture(
    tmp_path: Path, ending: str, codec: str
) -> None:
    path = write_clip(tmp_path / f"a.{ending}", 3, fps=None, sound=bursts, codecs=("", codec))
    source, packets = read(path)
    assert source.streams == {"audio"}
    assert len(source.report().notes) == 1 and "no video" in source.report().notes[0]
    assert onsets_ns(packets) == pytest.approx([0, 1e9, 2e9], abs=3e6)


def test_a_video_without_sound_runs_and_reports_it(tmp_path: Path) -> None:
    source, packets = read(write_clip(tmp_path / "mute.mp4", 1, sound=None))
    assert source.streams == {"vision"} and len(packets) == 25
    assert len(source.report().notes) == 1 and "mute.mp4 has no sound" in source.report().notes[0]


def test_an_unrequested_stream_is_not_reported_as_missing(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "mute.mp4", 1, sound=None)
    source = MediaFile(path, HandClock(), wanted=frozenset({"vision"}))
    source.open()
    assert not source.report().notes and len(list(source.packets())) == 25


def test_a_gap_in_the_sound_is_marked_and_later_sound_keeps_its_time(tmp_path: Path) -> None:
    path = write_clip(
        tmp_path / "hole.mkv", 4, sound=bursts, hole_s=(1.3, 2.4), codecs=("mpeg4", "pcm_s16le")
    )
    _, packets = read(path)
    chunks = chunks_of(packets)
    gaps = [(a, b) for a, b in itertools.pairwise(chunks) if b.gap is not None]
    assert len(gaps) == 1
    before, after = gaps[0]
    assert after.gap == "missing"
    lost = after.first_sample - before.first_sample - len(before.samples)
    assert lost / 16_000 == pytest.approx(1.1, abs=0.05)
    assert onsets_ns(packets) == pytest.approx([0, 1e9, 3e9], abs=3e6)


def test_sound_that_starts_late_starts_late(tmp_path: Path) -> None:
    path = write_clip(
        tmp_path / "late.mkv", 3, sound=bursts, sound_start_s=0.5, codecs=("mpeg4", "pcm_s16le")
    )
    _, packets = read(path)
    chunks = chunks_of(packets)
    assert chunks[0].first_sample == 0 and chunks[0].gap is None
    assert chunks[0].t_ns == pytest.approx(0.5e9, abs=2e6)
    assert onsets_ns(packets) == pytest.approx([1e9, 2e9], abs=3e6)


def test_a_rotated_video_is_turned_upright(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "phone.mp4", 0.4, sound=None)
    data = bytearray(path.read_bytes())
    matrix = data.index(b"tkhd") + 4 + 40  # version 0: flags, times, id, layer, volume come first
    one = 1 << 16
    quarter_turn = struct.pack(">9i", 0, one, 0, -one, 0, 0, 0, 0, 1 << 30)
    assert struct.unpack_from(">9i", data, matrix)[0] == one
    data[matrix : matrix + 36] = quarter_turn
    path.write_bytes(bytes(data))
    _, packets = read(path)
    frame = frames_of(packets)[3]
    assert frame.bgr.shape == (384, 96, 3) and frame.bgr.flags.c_contiguous
    # The player is told to turn the stored picture clockwise by a quarter.
    assert number_in(np.rot90(frame.bgr, 1)) == 3


def test_cover_art_is_no_picture(tmp_path: Path) -> None:
    cover = np.full((64, 64, 3), 200, np.uint8)
    song = write_clip(tmp_path / "song.flac", 1, fps=None, codecs=("", "flac"))
    path = tmp_path / "with_cover.mp4"
    with av.open(str(song)) as source, av.open(str(path), "w") as target:
        sound = target.add_stream_from_template(source.streams.audio[0])
        art = target.add_stream("mjpeg", rate=1)
        art.width, art.height, art.pix_fmt = 64, 64, "yuvj420p"
        art.disposition = Disposition.attached_pic
        target.mux(art.encode(av.VideoFrame.from_ndarray(cover, format="bgr24")))
        target.mux(art.encode(None))
        for packet in source.demux(source.streams.audio[0]):
            if packet.dts is not None:
                packet.stream = sound
                target.mux(packet)
    media, packets = read(path)
    assert media.streams == {"audio"} and not frames_of(packets)


def test_real_clips_give_their_frames_and_their_sound(data_dir: Path) -> None:
    clips = sorted((data_dir / "av_clips").glob("grid_*.mpg"))
    if not clips:
        pytest.skip(f"no real data: no GRID clips in {data_dir}")
    for clip in clips:
        source, packets = read(clip)
        assert source.streams == {"audio", "vision"} and not source.report().notes
        assert len(frames_of(packets)) == 75
        assert len(samples_of(packets)) == pytest.approx(2.97 * 16_000, abs=800)
        assert all(chunk.gap is None for chunk in chunks_of(packets))
