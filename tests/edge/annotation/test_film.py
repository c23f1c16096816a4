"""The written film, read again: its pictures, its sound, and what is drawn, at their times."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from fixtures.media import bursts, write_clip
from fixtures.timecode import number_in
from fixtures.verdicts import abstaining, verdict
from fixtures.written import of_film, write_verdicts
from numpy.typing import NDArray

from edge.annotation.film.drawing import GREY, LABEL_BGR
from edge.annotation.film.write import write_film
from edge.annotation.verdicts import Verdicts
from edge.recognition.verdict import Verdict

BOTH = frozenset({"vision", "audio"})
FPS = 25


def pictures(path: Path) -> list[tuple[float, NDArray[np.uint8]]]:
    with av.open(str(path)) as film:
        shown = film.decode(video=0)
        return [
            (float(one.time or 0), np.asarray(one.to_ndarray(format="bgr24"), np.uint8))
            for one in shown
        ]


def sound(path: Path) -> NDArray[np.float32]:
    """Mono at 48 kHz; sample 0 is at time 0."""
    with av.open(str(path)) as film:
        parts = list(film.decode(audio=0))
    assert parts[0].time == pytest.approx(0, abs=1e-3)
    return np.concatenate([part.to_ndarray().mean(axis=0) for part in parts])


def happy_then_sad(steps: int) -> list[Verdict]:
    """Four a second; the label changes after each second."""
    labels = ("happy", "sad")
    return [of_film(replace(verdict(i), label=labels[i // 4 % 2])) for i in range(steps)]


def film(
    folder: Path,
    clip: Path,
    verdicts: list[Verdict],
    seconds: float | None = None,
    streams: frozenset[str] = BOTH,
) -> Path:
    source = write_verdicts(folder / "v.jsonl", verdicts)
    out = folder / "out.mp4"
    write_film(clip, Verdicts(source), streams, out, seconds)
    return out


def test_every_picture_is_there_at_its_time_with_the_answer_of_its_time(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "in.mp4", 3, fps=FPS)
    shown = pictures(film(tmp_path, clip, happy_then_sad(12)))
    assert [number_in(picture[:96]) for _, picture in shown] == list(range(3 * FPS))
    for index, (time_s, picture) in enumerate(shown):
        assert time_s == pytest.approx(index / FPS, abs=1e-4)
        labels = ("neutral", "happy", "sad")
        expected = LABEL_BGR[labels.index("sad" if 1 <= time_s < 2 else "happy")]
        swatch = picture[96 + 8, 2].astype(int)
        assert np.abs(swatch - expected).max() < 40, (time_s, swatch)


def test_the_sound_is_kept_on_time_also_after_a_hole(tmp_path: Path) -> None:
    clip = write_clip(
        tmp_path / "in.mkv",
        4,
        fps=FPS,
        sound=bursts,
        sound_start_s=0.5,
        hole_s=(1.5, 1.8),
        codecs=("mpeg4", "pcm_s16le"),
    )
    heard = np.abs(sound(film(tmp_path, clip, happy_then_sad(16))))
    assert heard[: int(0.9 * 48_000)].max() < 0.05
    for second in (1, 2, 3):
        part = heard[int((second - 0.3) * 48_000) : int((second + 0.3) * 48_000)]
        begins_s = second - 0.3 + np.flatnonzero(part > 0.2)[0] / 48_000
        assert begins_s == pytest.approx(second, abs=0.01)


def test_the_length_that_was_run_is_the_length_of_the_film(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "in.mp4", 3, fps=FPS)
    out = film(tmp_path, clip, happy_then_sad(4), seconds=1)
    assert len(pictures(out)) == FPS
    assert len(sound(out)) / 48_000 == pytest.approx(1, abs=0.1)


def test_time_begins_with_the_first_stream_of_the_run(tmp_path: Path) -> None:
    """A run of the sound alone began with the sound: its times are not those of the pictures."""
    clip = write_clip(tmp_path / "in.mkv", 3, fps=FPS, sound_start_s=1.0)
    out = film(tmp_path, clip, happy_then_sad(8), streams=frozenset({"audio"}))
    assert [number_in(picture[:96]) for _, picture in pictures(out)] == list(range(25, 75))


def test_a_film_without_sound_and_with_odd_sides(tmp_path: Path) -> None:
    clip = tmp_path / "in.avi"
    with av.open(str(clip), "w") as container:
        stream = container.add_stream("mjpeg", rate=10)
        stream.width, stream.height, stream.pix_fmt = 333, 251, "yuvj420p"
        for index in range(10):
            one = av.VideoFrame.from_ndarray(np.full((251, 333, 3), 90, np.uint8), format="bgr24")
            one.pts, one.time_base = index, Fraction(1, 10)
            container.mux(stream.encode(one))
        container.mux(stream.encode(None))
    out = film(tmp_path, clip, happy_then_sad(4))
    with av.open(str(out)) as written:
        assert [stream.type for stream in written.streams] == ["video"]
        assert written.streams.video[0].width == 332
    assert len(pictures(out)) == 10


def test_the_face_is_marked_and_a_withheld_answer_is_grey(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "in.mp4", 1, fps=FPS, sound=None)
    box = (100, 40, 60, 40)
    steps = [of_film(replace(verdict(i), face_box=box)) for i in range(2)]
    steps += [of_film(abstaining(i)) for i in (2, 3)]
    shown = pictures(film(tmp_path, clip, steps))
    (_, early), (_, late) = shown[5], shown[20]
    left_edge = slice(50, 70), slice(99, 102)
    green = early[left_edge][..., 1].astype(int) - early[left_edge][..., 2]
    assert green.mean() > 60
    assert np.ptp(late[left_edge].astype(int)) < 30
    chips = late[96 + round(2.9 * 10)]  # all three streams are off for a reason: red
    assert (chips[..., 2].astype(int) - chips[..., 1] > 60).mean() > 0.5
    strip = late[-12, -20].astype(int)
    assert np.abs(strip - GREY).max() < 40
