"""A media file that is cut, damaged or none gives what is whole, or one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from fixtures.media import bursts, write_clip
from fixtures.packets import chunks_of, frames_of, read
from fixtures.timecode import number_in

from edge.clock import HandClock
from edge.errors import MediaError
from edge.sources.file import MediaFile


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
