"""Level, noise and clipping signals have the right values and order."""

from __future__ import annotations

import numpy as np
import pytest

from edge.frontends.sound_level import MIN_DBFS, QUALITY, clipping
from edge.frontends.speech import SpeechFrontEnd, SpeechParams, segments

RATE = 16_000
PARAMS = SpeechParams()


@pytest.fixture(scope="module")
def front_end() -> SpeechFrontEnd:
    return SpeechFrontEnd(PARAMS)


def noise(level: float, seconds: float = 2.0) -> np.ndarray:
    length = round(seconds * RATE)
    return np.random.default_rng(4).normal(0, level, length).astype(np.float32)


def tone(hertz: float, amplitude: float, seconds: float = 2.0) -> np.ndarray:
    t = np.arange(round(seconds * RATE)) / RATE
    return (amplitude * np.sin(2 * np.pi * hertz * t)).astype(np.float32)


@pytest.fixture(scope="module")
def sounds(speech: np.ndarray) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(8)
    room = rng.normal(0, 1e-3, len(speech)).astype(np.float32)
    return {
        "silence": np.zeros(4 * RATE, np.float32),
        "room": room[: 4 * RATE],
        "speech": (speech + room)[: 4 * RATE],
        "noisy speech": (speech + 60 * room)[: 4 * RATE],
        "noise": 60 * room[: 4 * RATE],
        "tone": tone(440, 0.1, 4.0) + room[: 4 * RATE],
        "hum": tone(50, 0.3, 4.0) + room[: 4 * RATE],
        "clipped speech": np.clip(20 * (speech + room), -1, 1)[: 4 * RATE],
    }


@pytest.fixture(scope="module")
def measured(
    sounds: dict[str, np.ndarray], front_end: SpeechFrontEnd
) -> dict[str, dict[str, float]]:
    means = {}
    for name, sound in sounds.items():
        quality = segments(sound, PARAMS, front_end)[1].mean(axis=0)
        means[name] = dict(zip(QUALITY, quality.tolist(), strict=True))
    return means


@pytest.mark.parametrize(
    ("signal", "rising"),
    [
        ("level_dbfs", ("silence", "room", "speech", "clipped speech")),
        ("floor_dbfs", ("silence", "room", "speech", "noisy speech")),
        ("floor_dbfs", ("room", "noisy speech", "tone", "hum")),
        ("range_db", ("noise", "noisy speech", "speech")),
        ("range_db", ("silence", "speech")),
        ("clipping", ("speech", "clipped speech")),
        ("flatness", ("tone", "speech", "noisy speech", "noise")),
        ("voice", ("noise", "noisy speech")),
        ("voice", ("noise", "speech")),
        ("voice", ("silence", "speech")),
        ("voice", ("room", "speech")),
        ("voice", ("tone", "speech")),
    ],
)
def test_sounds_are_ordered_as_by_human_listeners(
    measured: dict[str, dict[str, float]], signal: str, rising: tuple[str, ...]
) -> None:
    values = [measured[name][signal] for name in rising]
    assert (np.diff(values) > 0).all(), dict(zip(rising, values, strict=True))


def test_clean_sounds_have_no_clipping(measured: dict[str, dict[str, float]]) -> None:
    for name in ("silence", "room", "speech", "noise", "tone", "hum"):
        assert measured[name]["clipping"] < 0.001, name


@pytest.mark.parametrize("amplitude", [1.0, 0.1, 0.01, 1e-4])
def test_the_level_of_a_sine_is_three_decibels_below_its_peak(
    front_end: SpeechFrontEnd, amplitude: float
) -> None:
    quality = segments(tone(440, amplitude), PARAMS, front_end)[1][-1]
    assert quality[QUALITY.index("level_dbfs")] == pytest.approx(
        20 * np.log10(amplitude) - 3.01, abs=0.1
    )


def test_silence_has_the_lowest_level(front_end: SpeechFrontEnd) -> None:
    quality = segments(np.zeros(2 * RATE, np.float32), PARAMS, front_end)[1]
    assert (quality[:, QUALITY.index("level_dbfs")] == MIN_DBFS).all()
    assert (quality[:, QUALITY.index("floor_dbfs")] == MIN_DBFS).all()
    assert (quality[:, QUALITY.index("range_db")] == 0).all()


def test_a_shout_affects_the_level_for_a_quarter_second_and_the_range_for_one(
    front_end: SpeechFrontEnd,
) -> None:
    sound = noise(1e-3, 5.0)
    sound[2 * RATE : round(2.2 * RATE)] = np.clip(noise(0.5, 0.2), -1, 1)
    quality = segments(sound, PARAMS, front_end)[1]
    # Segment i ends 1.015 s + i/10 after the start.
    ends_s = 1.015 + np.arange(len(quality)) / 10
    level = quality[:, QUALITY.index("level_dbfs")]
    assert level[np.searchsorted(ends_s, 2.2)] > -20
    assert level[np.searchsorted(ends_s, 2.46)] < -55
    clipped = quality[:, QUALITY.index("clipping")]
    assert clipped[np.searchsorted(ends_s, 2.2)] > 0.02
    assert clipped[np.searchsorted(ends_s, 2.46)] == 0
    wide = quality[:, QUALITY.index("range_db")]
    assert wide[np.searchsorted(ends_s, 3.0)] > 30
    assert wide[np.searchsorted(ends_s, 3.3)] < 5


@pytest.mark.parametrize("overdrive", [1.5, 3.0, 10.0])
def test_clipping_is_the_share_of_a_sine_above_the_rail(overdrive: float) -> None:
    cut = np.clip(tone(200, overdrive), -1, 1)
    share = 1 - 2 / np.pi * np.arcsin(1 / overdrive)
    assert clipping(cut) == pytest.approx(share, abs=0.03)


@pytest.mark.parametrize("gain", [0.8, 0.3, 0.12])
def test_sound_that_was_clipped_before_it_was_turned_down_is_still_clipped(gain: float) -> None:
    cut = np.clip(tone(200, 3.0), -1, 1)
    assert clipping((gain * cut).astype(np.float32)) == pytest.approx(clipping(cut), abs=0.03)


def test_a_square_wave_is_all_clipped() -> None:
    assert clipping(np.sign(tone(100, 1.0) + 1e-9).astype(np.float32)) > 0.95


@pytest.mark.parametrize("hertz", [50, 100, 440, 3000])
@pytest.mark.parametrize("bits", [16, 24])
def test_a_pure_tone_in_whole_steps_of_its_format_is_not_clipped(hertz: float, bits: int) -> None:
    """The top of a slow sine in 16 bits has equal samples in a row, but few."""
    steps = 2 ** (bits - 1)
    for amplitude in (0.11, 0.3, 0.9):
        sampled = np.round(tone(hertz, amplitude) * steps) / steps
        assert clipping(sampled.astype(np.float32)) == 0


@pytest.mark.parametrize("length", [0, 1, 2, 5])
def test_a_few_samples_can_be_measured(length: int) -> None:
    assert clipping(np.zeros(length, np.float32)) == 0.0
    assert clipping(np.full(length, 1.0, np.float32)) == (1.0 if length else 0.0)
