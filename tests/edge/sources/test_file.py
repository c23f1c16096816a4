"""Media files: sound and picture by their time stamps, and errors of one sentence."""

from __future__ import annotations

import itertools
import struct
import subprocess
import sys
import threading
import time
import wave
from pathlib import Path

import av
import numpy as np
import pytest
from av.stream import Disposition
from fixtures.media import bursts, tone, write_clip
from fixtures.timecode import number_in
from fixtures.waiting import LIMIT_S, Stopwatch, eventually

from edge.clock import HandClock, MonotonicClock
from edge.errors import ConfigError, MediaError, SourceError
from edge.sources.damage import Damage
from edge.sources.decode import _decoded
from edge.sources.file import MediaFile
from edge.types import NS_PER_S, Chunk, Float, Frame, Packet


def read(path: Path) -> tuple[MediaFile, list[Packet]]:
    source = MediaFile(path, HandClock())
    source.open()
    return source, list(source.packets())


def frames_of(packets: list[Packet]) -> list[Frame]:
    return [packet for packet in packets if isinstance(packet, Frame)]


def chunks_of(packets: list[Packet]) -> list[Chunk]:
    return [packet for packet in packets if isinstance(packet, Chunk)]


def samples_of(packets: list[Packet]) -> Float:
    return np.concatenate([chunk.samples for chunk in chunks_of(packets)])


def onsets_ns(packets: list[Packet]) -> list[int]:
    """Capture times at which sound begins after 50 ms of quiet."""
    chunks = chunks_of(packets)
    loud = np.abs(samples_of(packets)) > 0.2
    times = np.concatenate(
        [chunk.t_ns + np.arange(len(chunk.samples)) * NS_PER_S // chunk.rate_hz for chunk in chunks]
    )
    hits = times[loud]
    starts = np.diff(hits, prepend=hits[0] - NS_PER_S) > 50_000_000
    return [int(t) for t in hits[starts]]


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


def test_live_pace_takes_the_recorded_time(tmp_path: Path) -> None:
    source = MediaFile(write_clip(tmp_path / "clip.mp4", 0.6), MonotonicClock(), pace="live")
    source.open()
    start_ns = time.monotonic_ns()
    for packet in source.packets():
        now_ns = time.monotonic_ns()
        due_ns = packet.end_ns if isinstance(packet, Chunk) else packet.t_ns
        assert packet.t_ns >= start_ns
        assert 0 <= now_ns - due_ns < 100_000_000
    assert time.monotonic_ns() - start_ns > 0.55 * NS_PER_S


def test_live_pace_waits_on_the_injected_clock_alone(tmp_path: Path) -> None:
    clock = HandClock(5 * NS_PER_S)
    source = MediaFile(write_clip(tmp_path / "clip.mp4", 20), clock, pace="live")
    source.open()
    start = time.monotonic()
    packets = list(source.packets())
    assert time.monotonic() - start < 10
    assert packets[0].t_ns == 5 * NS_PER_S
    assert clock.now_ns() == pytest.approx(25 * NS_PER_S, abs=0.1 * NS_PER_S)


def test_closing_ends_a_live_file_at_once(tmp_path: Path) -> None:
    source = MediaFile(write_clip(tmp_path / "clip.mp4", 20), MonotonicClock(), pace="live")
    source.open()
    taken: list[Packet] = []
    reader = threading.Thread(target=lambda: taken.extend(source.packets()))
    reader.start()
    eventually(lambda: taken)
    with Stopwatch() as watch:
        source.close()
        source.close()
        reader.join(LIMIT_S)
        assert not reader.is_alive() and watch.seconds < 0.5
    assert len(taken) < 100


def test_closing_before_reading_leaves_nothing_to_read(tmp_path: Path) -> None:
    source = MediaFile(write_clip(tmp_path / "clip.mp4", 1), HandClock())
    source.open()
    source.close()
    assert list(source.packets()) == []


def test_closing_while_a_file_is_opened_waits_for_its_decoder(tmp_path: Path) -> None:
    """A closed container under a running decoder is a crash of the whole process, so the film is
    opened in one of its own; nothing of it counts as decoded, so that opening takes long."""
    path = write_clip(tmp_path / "long.mkv", 60, sound=None)
    done = subprocess.run(
        [sys.executable, "-c", OPEN_AND_CLOSE, str(path)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["closed"] * 5


OPEN_AND_CLOSE = """
import sys, threading, time
from edge.clock import HandClock
from edge.errors import SourceError
from edge.sources import decode
from edge.sources.file import MediaFile

path = sys.argv[1]
began = threading.Event()
decoded = decode._decoded

def all_rotten(*given):
    for _ in decoded(*given):
        began.set()
    yield from ()

decode._decoded = all_rotten
for delay_s in (0, 0.001, 0.003, 0.01, 0.03):
    began.clear()
    film = MediaFile(path, HandClock(), wanted=frozenset({"vision"}))
    errors = []
    def opening():
        try:
            film.open()
        except SourceError as error:
            errors.append(str(error))
    opener = threading.Thread(target=opening)
    opener.start()
    began.wait(5)
    time.sleep(delay_s)
    film.close()
    opener.join(5)
    assert not opener.is_alive()
    assert list(film.packets()) == []
    assert errors and "was closed before" in errors[0], errors
    print("closed")
"""


def test_closing_ends_a_file_that_decodes_nothing_more() -> None:
    class Rotten:
        size, stream, pts, dts = 0, None, None, None

        def decode(self) -> list[av.VideoFrame]:
            time.sleep(0.001)
            raise av.InvalidDataError(1, "rotten")

    stop, damage = threading.Event(), Damage()
    rest = _decoded(iter(Rotten, None), damage, stop)
    reader = threading.Thread(target=lambda: list(rest))
    reader.start()
    with Stopwatch() as watch:
        stop.set()
        reader.join(LIMIT_S)
        assert not reader.is_alive() and watch.seconds < 0.5


def test_reading_without_opening_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="opened"):
        next(MediaFile(tmp_path / "clip.mp4", HandClock()).packets())


def test_a_truncated_video_gives_its_packets_and_a_report(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "cut.mp4", 10, options={"movflags": "+faststart"})
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    source, packets = read(path)
    frames = frames_of(packets)
    assert 20 < len(frames) < 240
    assert [number_in(frame.bgr) for frame in frames[:20]] == list(range(20))
    assert "truncated" in (source.report().torn or "")
    assert "10.0 s" in (source.report().torn or "")


@pytest.mark.parametrize(
    ("ending", "codecs"), [("mpg", ("mpeg1video", "mp2")), ("vob", ("mpeg2video", "mp2"))]
)
def test_a_truncated_program_stream_gives_its_packets_and_a_report(
    tmp_path: Path, ending: str, codecs: tuple[str, str]
) -> None:
    path = write_clip(tmp_path / f"cut.{ending}", 4, codecs=codecs)
    source, packets = read(path)
    assert not source.report().notes and len(frames_of(packets)) == 100
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2 // 2048 * 2048 + 700])
    source, packets = read(path)
    assert 20 < len(frames_of(packets)) < 100 and chunks_of(packets)
    assert f"cut.{ending} is truncated" in (source.report().torn or "")


def test_a_damaged_video_gives_the_rest_and_a_report(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "scratched.mkv", 6, sound=bursts, codecs=("mjpeg", "flac"))
    whole = bytearray(path.read_bytes())
    for start in range(len(whole) // 3, len(whole) // 2, 500):
        whole[start : start + 40] = bytes(40)
    path.write_bytes(bytes(whole))
    source, packets = read(path)
    assert len(packets) > 50
    assert len(source.report().notes) == 1 and "damaged" in source.report().notes[0]


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


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("gone.mp4", None, "does not exist"),
        ("folder", "", "directory"),
        ("empty.mp4", b"", "0 bytes"),
        ("text.mp4", b"Dear diary,\ntoday I renamed a text file.\n" * 50, "not a media file"),
        ("noise.mp4", bytes(range(256)) * 40, "not a media file"),
    ],
)
def test_a_file_that_is_no_media_file_is_refused_in_one_sentence(
    tmp_path: Path, name: str, content: bytes | str | None, says: str
) -> None:
    path = tmp_path / name
    if content == "":
        path.mkdir()
    elif isinstance(content, bytes):
        path.write_bytes(content)
    with pytest.raises(MediaError) as caught:
        MediaFile(path, HandClock()).open()
    message = str(caught.value)
    assert says in message and name in message
    assert "\n" not in message and message.endswith(".") and ". " not in message


@pytest.mark.parametrize("codecs", [("mpeg4", "mp3"), ("mjpeg", "pcm_s16le")])
@pytest.mark.parametrize("kept", [0.4, 0.9, 0.995])
def test_a_truncated_avi_gives_its_packets_and_a_report(
    tmp_path: Path, codecs: tuple[str, str], kept: float
) -> None:
    path = write_clip(tmp_path / "cut.avi", 4, codecs=codecs)
    whole, packets = read(path)
    assert packets and not whole.report().notes
    path.write_bytes(path.read_bytes()[: int(kept * path.stat().st_size)])
    source, packets = read(path)
    assert packets
    assert "cut.avi is truncated" in (source.report().torn or "")


def test_a_wave_file_of_unknown_length_is_read_completely(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "pipe.wav", 2, fps=None, codecs=("mpeg4", "pcm_s16le"))
    raw = bytearray(path.read_bytes())
    raw[4:8] = b"\xff\xff\xff\xff"
    path.write_bytes(bytes(raw))
    source, packets = read(path)
    assert packets and source.report().torn is None


def test_a_video_without_its_index_is_refused(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "torn.mp4", 4)
    path.write_bytes(path.read_bytes()[:20_000])
    with pytest.raises(MediaError, match=r"torn\.mp4 .*truncated"):
        MediaFile(path, HandClock()).open()


def test_subtitles_alone_are_neither_sound_nor_picture(tmp_path: Path) -> None:
    path = tmp_path / "words.srt"
    path.write_text("1\n00:00:00,000 --> 00:00:01,000\nHello\n\n" * 3)
    with pytest.raises(MediaError, match="no sound and no video"):
        MediaFile(path, HandClock()).open()


def test_a_playlist_cannot_reach_the_network(tmp_path: Path, closed_port: int) -> None:
    path = tmp_path / "list.m3u8"
    path.write_text(
        "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n"
        f"http://127.0.0.1:{closed_port}/a.ts\n#EXT-X-ENDLIST\n"
    )
    with pytest.raises(MediaError):
        MediaFile(path, HandClock()).open()


def test_an_unknown_pace_is_refused() -> None:
    with pytest.raises(ConfigError, match="'live' or 'fast'"):
        MediaFile("a.mp4", HandClock(), pace="slow")  # type: ignore[arg-type]


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


def test_half_of_a_real_clip_runs_and_is_reported(data_dir: Path, tmp_path: Path) -> None:
    clips = sorted((data_dir / "av_clips").glob("grid_*.mpg"))
    if not clips:
        pytest.skip(f"no real data: no GRID clips in {data_dir}")
    for clip in clips[:4]:
        whole = clip.read_bytes()
        half = tmp_path / clip.name
        half.write_bytes(whole[: len(whole) // 2 + 100])
        source, packets = read(half)
        assert 10 < len(frames_of(packets)) < 70
        assert "truncated" in (source.report().torn or "")


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
