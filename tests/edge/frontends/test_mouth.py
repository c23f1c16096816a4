"""The mouth's motion on a portrait that speaks, a photograph in a hand, and real speakers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import cv2
import numpy as np
import pytest
from fixtures.packets import chunks_of, frames_of, read

from edge.demo.portrait import Portrait
from edge.frontends.face import FaceFrontEnd, FaceParams
from edge.frontends.sound_level import QUALITY
from edge.frontends.speech import SpeechFrontEnd, SpeechParams
from edge.recognition.speaking import STILL, VOICED
from edge.types import NS_PER_S, Frame

Picture = np.ndarray
WINDOW_S = 1.0


def motions(pictures: Iterable[Picture], fps: float = 25) -> list[float | None]:
    """The measure of each picture, through the whole front end."""
    front_end = FaceFrontEnd(FaceParams())
    found = []
    for index, picture in enumerate(pictures):
        seen = front_end.process(Frame(round(index / fps * NS_PER_S), picture, index))
        mouth = seen.detail["mouth"]
        assert mouth is None or isinstance(mouth, float)
        found.append(mouth)
    front_end.close()
    return found


def in_a_hand(
    opening: Callable[[int], float], noise: float = 2.0, frames: int = 25
) -> list[Picture]:
    """The portrait sways, the light changes, the sensor is noisy."""
    rng, portrait, made = np.random.default_rng(0), Portrait(), []
    for i in range(frames):
        turn = cv2.getRotationMatrix2D((256, 300), 3 * np.sin(i / 9), 1 + 0.03 * np.sin(i / 7))
        turn[:, 2] += (8 * np.sin(i / 11), 6 * np.cos(i / 8))
        picture = cv2.warpAffine(
            portrait.speaking(opening(i)), turn, (512, 600), borderMode=cv2.BORDER_REPLICATE
        )
        light = picture * (1 + 0.05 * np.sin(i / 6)) + rng.normal(0, noise, picture.shape)
        made.append(np.clip(light, 0, 255).astype(np.uint8))
    return made


def syllables(i: int) -> float:
    return 0.5 - 0.5 * float(np.cos(i * 2 * np.pi / 6))


def test_a_photograph_in_a_hand_has_a_still_mouth_and_a_speaker_has_not() -> None:
    still, speaking = motions(in_a_hand(lambda i: 0.0)), motions(in_a_hand(syllables))
    assert still[0] is None  # nothing to compare it with
    assert max(m for m in still[1:] if m is not None) < STILL
    assert np.median([m for m in speaking[1:] if m is not None]) > 2 * STILL


@pytest.mark.parametrize(
    "spoil",
    [
        lambda p: (p * 0.2).astype(np.uint8),
        lambda p: cv2.resize(p, None, fx=0.15, fy=0.15, interpolation=cv2.INTER_AREA),
    ],
    ids=["dark", "small"],
)
def test_lips_that_cannot_be_seen_are_not_judged(spoil: Callable[[Picture], Picture]) -> None:
    assert set(motions([spoil(p) for p in in_a_hand(syllables, frames=5)])) == {None}


def test_noise_that_hides_the_lips_is_not_judged() -> None:
    assert set(motions(in_a_hand(syllables, noise=30.0, frames=5))) == {None}


def test_a_picture_is_not_compared_with_one_of_long_before() -> None:
    assert set(motions(in_a_hand(syllables, frames=5), fps=2)) == {None}


def test_a_picture_is_not_compared_with_one_of_another_size() -> None:
    shown = in_a_hand(syllables, frames=6)
    shown[3:] = [cv2.resize(one, None, fx=0.5, fy=0.5) for one in shown[3:]]
    assert [m is None for m in motions(shown)] == [True, False, False, True, False, False]


def test_a_face_that_was_away_is_not_compared_with_the_one_before() -> None:
    shown = in_a_hand(syllables, frames=6)
    shown[3] = np.random.default_rng(1).integers(110, 130, shown[0].shape, dtype=np.uint8)
    found = motions(shown)
    assert [m is None for m in found] == [True, False, False, True, True, False]


@pytest.mark.parametrize("every", [4, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("keep", [1, 2, 3], ids=["25 fps", "12 fps", "8 fps"])
def test_no_real_speaker_has_a_still_mouth_for_a_second(
    data_dir: Path, keep: int, every: int
) -> None:
    clips = sorted((data_dir / "av_clips").glob("grid_*.mpg"))[::every]
    judged = 0
    for clip in clips:
        _, packets = read(clip)
        frames, front_end = frames_of(packets)[::keep], SpeechFrontEnd(SpeechParams())
        heard = [o for chunk in chunks_of(packets) for o in front_end.process(chunk)]
        voice = [float(o.quality[QUALITY.index("voice")]) for o in heard]
        mouths = motions((frame.bgr for frame in frames), fps=25 / keep)
        times_s = np.array([(frame.t_ns - frames[0].t_ns) / NS_PER_S for frame in frames])
        voices = np.interp(times_s, [(o.t_ns - frames[0].t_ns) / NS_PER_S for o in heard], voice)
        for start_s in times_s[times_s <= times_s[-1] - WINDOW_S]:
            inside = (times_s >= start_s) & (times_s < start_s + WINDOW_S)
            if np.mean(voices[inside] >= VOICED) > 0.9:
                judged += 1
                seen = [m for m, at in zip(mouths, inside, strict=True) if at and m is not None]
                assert max(seen) > STILL, (clip.name, start_s)
    assert judged >= len(clips)
