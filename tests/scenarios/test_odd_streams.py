"""Pictures and sound as they should not be: handled, and named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from fixtures.film import Film, verdicts
from fixtures.media import write_clip
from numpy.typing import NDArray

from edge.clock import Clock
from edge.config import load_config
from edge.demo.script import Script
from edge.recognition.verdict import Verdict
from edge.runtime.feed import Feed
from edge.runtime.run import Run
from edge.sources.base import CHUNK_SAMPLES
from edge.types import NS_PER_S, Chunk, Frame, Packet

Picture = NDArray[np.uint8]
RATE_HZ = 16_000


@pytest.fixture(scope="module")
def script() -> Script:
    return Script(60)


def filmed(
    script: Script, seconds: float, spoil: Callable[[float, Picture], Picture], fps: int = 15
) -> list[Packet]:
    frames: list[Packet] = []
    for i in range(round(seconds * fps)):
        t_s = i / fps
        picture = spoil(t_s, script.frame(round(t_s * 25)))
        frames.append(Frame(round(t_s * NS_PER_S), picture, i))
    return frames


def vision(verdict: Verdict) -> tuple[str, str | None]:
    return verdict.streams["vision"].state, verdict.streams["vision"].reason


def at(found: list[Verdict], t_s: float) -> Verdict:
    return min(found, key=lambda v: abs(v.span_ns[1] - t_s * NS_PER_S))


def test_a_frozen_picture_is_named_and_forgiven(script: Script) -> None:
    still = script.frame(0)
    found = verdicts(filmed(script, 9, lambda t, p: still if 3 <= t < 6 else p))
    assert vision(at(found, 2.5)) == ("used", None)
    assert vision(at(found, 5.5)) == ("dropped", "frozen")
    assert vision(at(found, 8)) == ("used", None)


def test_a_black_picture_is_named_and_forgiven(script: Script) -> None:
    black = np.zeros((480, 640, 3), np.uint8)
    found = verdicts(filmed(script, 9, lambda t, p: black if 3 <= t < 6 else p))
    assert vision(at(found, 2.5)) == ("used", None)
    assert vision(at(found, 5.5)) == ("dropped", "dark")
    assert vision(at(found, 8)) == ("used", None)


def test_a_face_leaves_and_returns(script: Script) -> None:
    rng = np.random.default_rng(0)

    def away(t_s: float, picture: Picture) -> Picture:
        wall = rng.integers(110, 130, (480, 640, 3), dtype=np.uint8)
        return wall if 3 <= t_s < 6 else picture

    found = verdicts(filmed(script, 9, away))
    assert vision(at(found, 5.5)) == ("dropped", "no_face")
    assert vision(at(found, 8)) == ("used", None)


def test_of_two_people_the_count_is_told_and_one_is_followed(script: Script) -> None:
    def both(t_s: float, picture: Picture) -> Picture:
        pair = np.hstack([picture, cv2.resize(picture, (426, 480))])
        return np.ascontiguousarray(pair)

    found = verdicts(filmed(script, 2, both))
    assert all(v.faces == 2 for v in found[1:])
    assert vision(found[-1]) == ("used", None)


def test_torn_pictures_between_good_ones_change_nothing(script: Script) -> None:
    rng = np.random.default_rng(0)

    def torn(t_s: float, picture: Picture) -> Picture:
        if round(t_s * 15) % 5:
            return picture
        picture = picture.copy()
        picture[240:] = rng.integers(0, 255, (240, 640, 3), dtype=np.uint8)
        return picture

    found = verdicts(filmed(script, 5, torn))
    assert all(vision(v) == ("used", None) for v in found[2:])


def test_the_picture_may_change_its_size_in_flight(script: Script) -> None:
    sizes = [(640, 480), (1280, 960), (320, 240)]

    def resized(t_s: float, picture: Picture) -> Picture:
        return np.asarray(cv2.resize(picture, sizes[int(t_s) % len(sizes)]), np.uint8)

    found = verdicts(filmed(script, 6, resized))
    assert len(found) == 24
    assert sum(vision(v) == ("used", None) for v in found) >= 20


def test_a_camera_that_slows_from_sixty_to_five_a_second_stays_in_use(script: Script) -> None:
    times_s = [*np.arange(0, 3, 1 / 60), *np.arange(3, 7, 1 / 5)]
    frames: list[Packet] = [
        Frame(round(t * NS_PER_S), script.frame(round(t * 25)), i) for i, t in enumerate(times_s)
    ]
    found = verdicts(frames)
    assert all(vision(v) == ("used", None) for v in found[2:])
    assert found[-2].streams["vision"].coverage > 0.8


def spoken(
    script: Script, seconds: float, spoil: Callable[[int, NDArray[np.float32]], NDArray[np.float32]]
) -> list[Packet]:
    chunks: list[Packet] = []
    for first in range(0, round(seconds * RATE_HZ), CHUNK_SAMPLES):
        samples = spoil(first, script.samples(first, CHUNK_SAMPLES).copy())
        chunks.append(Chunk(first * NS_PER_S // RATE_HZ, samples, RATE_HZ, first))
    return chunks


def test_time_stamps_that_jump_by_an_hour_do_not_outlast_the_limit(script: Script) -> None:
    chunks = spoken(script, 2, lambda first, samples: samples)
    hour_ns = 3600 * NS_PER_S
    later = [Chunk(c.t_ns + hour_ns, c.samples, RATE_HZ, c.first_sample) for c in chunks]  # type: ignore[union-attr]
    source = Film([*chunks, *later], frozenset({"audio"}))

    def feeds(clock: Clock) -> list[Feed]:
        return [Feed(source, frozenset({"audio"}), lossless=True)]

    run = Run(load_config(None, ["asr.engine=none"], {"seconds": 3.0}), feeds)
    assert len(list(run.verdicts())) == 12
    run = Run(load_config(None, ["asr.engine=none"], {}), feeds)
    for verdict in run.verdicts():
        if verdict.seq == 20:  # in the middle of the hour in which there is nothing
            run.stop()
    assert verdict.seq == 20


def test_samples_that_are_no_numbers_do_not_reach_the_label(script: Script) -> None:
    def bad(first: int, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        samples[first // CHUNK_SAMPLES % 100 :: 160] = (np.nan, np.inf, -np.inf)[first % 3]
        return samples

    found = verdicts(spoken(script, 5, bad))
    assert len(found) == 20
    for verdict in found:
        assert all(np.isfinite(p) for p in verdict.scores.values())
    assert any(v.streams["audio"].reliability is not None for v in found)


def test_a_hole_in_the_sound_is_waited_out_and_not_spliced(script: Script) -> None:
    chunks = spoken(script, 8, lambda first, samples: samples)
    held = [c for c in chunks if not 3 * NS_PER_S <= c.t_ns < 4 * NS_PER_S]
    found = verdicts(held)
    assert at(found, 2.9).streams["audio"].reliability is not None
    # A second is missing, and the next segment needs a second of whole sound.
    assert at(found, 4.75).streams["audio"].reason == "starting"
    assert at(found, 6).streams["audio"].reliability is not None


@pytest.mark.parametrize(
    ("rate_hz", "channels"),
    [
        (44_100, 2),
        pytest.param(8_000, 1, marks=pytest.mark.slow),
        pytest.param(48_000, 6, marks=pytest.mark.slow),
    ],
)
def test_sound_of_any_rate_and_number_of_channels(
    tmp_path: Path, script: Script, rate_hz: int, channels: int
) -> None:
    track = script.samples(0, 5 * RATE_HZ).astype(np.float64)

    def sound(times_s: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.interp(times_s, np.arange(len(track)) / RATE_HZ, track)

    clip = write_clip(
        tmp_path / "clip.wav",
        4,
        fps=None,
        sound=sound,
        rate_hz=rate_hz,
        channels=channels,
        codecs=("", "pcm_s16le"),
    )
    asr = "pocketsphinx" if rate_hz >= RATE_HZ else "none"  # a telephone's sound is misheard
    run = Run(load_config(None, [], {"source.file": str(clip), "asr.engine": asr}))
    found = list(run.verdicts())
    assert len(found) == pytest.approx(16, abs=1)
    assert found[-1].streams["audio"].reliability is not None
    age_ms = found[-1].streams["audio"].age_ms
    assert age_ms is not None and age_ms <= 300
    if rate_hz >= RATE_HZ:
        assert "happy" in found[-1].transcript or "wonderful" in found[-1].transcript
