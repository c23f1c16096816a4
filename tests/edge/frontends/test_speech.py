"""Segments do not depend on chunk sizes and never join sound across a gap."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import kaldi_native_fbank
import numpy as np
import pytest
from fixtures.examples import examples
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import SourceError
from edge.frontends import speech as module
from edge.frontends.speech import QUALITY, SpeechFrontEnd, SpeechParams, segments
from edge.types import NS_PER_S, Chunk, Observation

PARAMS = SpeechParams()
RATE = PARAMS.rate_hz
FIRST_HOP = 9 * 160 + 400
"""Samples until ten frames of 25 ms, 10 ms apart, are whole."""
HOP = 1600


@pytest.fixture(scope="module")
def front_end() -> SpeechFrontEnd:
    """One for all: making one costs 60 ms, and `reset` must be as good as a new one."""
    return SpeechFrontEnd(PARAMS)


def chunks(
    samples: np.ndarray, sizes: Iterable[int], first: int = 0, start_ns: int = 0
) -> Iterator[Chunk]:
    """`samples` cut by `sizes`, the rest in one piece; the clock starts at sample 0."""
    at = 0
    for size in [*sizes, len(samples)]:
        piece = samples[at : at + size]
        yield Chunk(start_ns + (first + at) * NS_PER_S // RATE, piece, RATE, first + at)
        at += len(piece)


def heard(front_end: SpeechFrontEnd, packets: Iterable[Chunk]) -> list[Observation]:
    return [seen for chunk in packets for seen in front_end.process(chunk)]


def table(seen: list[Observation]) -> np.ndarray:
    return np.stack([one.tensor for one in seen if one.tensor is not None])


def signal(seen: Observation, name: str) -> float:
    return float(seen.quality[QUALITY.index(name)])


def noise(seconds: float, level: float = 0.05, seed: int = 0) -> np.ndarray:
    length = round(seconds * RATE)
    return np.random.default_rng(seed).normal(0, level, length).astype(np.float32)


def same(one: list[Observation], other: list[Observation]) -> bool:
    """To the bit: tensors and measured signals."""
    return len(one) == len(other) and all(
        np.array_equal(a.quality, b.quality)
        and (a.tensor is None) == (b.tensor is None)
        and (a.tensor is None or b.tensor is None or np.array_equal(a.tensor, b.tensor))
        for a, b in zip(one, other, strict=True)
    )


@examples(25)
@given(sizes=st.lists(st.one_of(st.integers(1, 40), st.integers(1, 7000)), max_size=60))
def test_the_result_is_bit_identical_for_any_chunk_sizes(
    front_end: SpeechFrontEnd, speech: np.ndarray, sizes: list[int]
) -> None:
    clip = speech[: 2 * RATE]
    front_end.reset()
    whole = heard(front_end, chunks(clip, []))
    front_end.reset()
    cut = heard(front_end, chunks(clip, sizes))
    assert same(whole, cut)


def test_the_segments_are_those_of_the_library_over_the_whole_clip(
    front_end: SpeechFrontEnd, speech: np.ndarray
) -> None:
    """Dropping frames that were read, as a long run must, loses and changes none."""
    library = kaldi_native_fbank.OnlineFbank(module._options(PARAMS))
    library.accept_waveform(RATE, speech)
    frames = np.array([library.get_frame(i) for i in range(library.num_frames_ready)])
    front_end.reset()
    tensors = table(heard(front_end, chunks(speech, [160] * 2000)))
    assert len(tensors) == (len(frames) - 100) // 10 + 1
    for number, tensor in enumerate(tensors):
        np.testing.assert_array_equal(tensor[0], frames[10 * number : 10 * number + 100])


def test_training_on_a_clip_gets_the_segments_of_a_microphone(
    front_end: SpeechFrontEnd, speech: np.ndarray
) -> None:
    live = [
        seen
        for seen in heard(SpeechFrontEnd(PARAMS), chunks(speech, [512] * 1000))
        if seen.tensor is not None
    ]
    heard(front_end, chunks(noise(2.0), []))  # used before, for another clip
    for tensors, quality in (segments(speech, PARAMS), segments(speech, PARAMS, front_end)):
        np.testing.assert_array_equal(tensors, table(live))
        np.testing.assert_array_equal(quality, np.stack([seen.quality for seen in live]))
    assert tensors.shape[1:] == (1, 100, 64) and tensors.dtype == np.float32


@pytest.mark.parametrize("length", [0, 1, 399, 16_239])
def test_a_clip_shorter_than_a_segment_has_none(front_end: SpeechFrontEnd, length: int) -> None:
    tensors, quality = segments(noise(2.0)[:length], PARAMS, front_end)
    assert tensors.shape == (0, 1, 100, 64) and quality.shape == (0, len(QUALITY))


def test_a_clip_of_just_one_segment_has_one(front_end: SpeechFrontEnd) -> None:
    assert len(segments(noise(2.0)[:16_240], PARAMS, front_end)[0]) == 1


def test_each_tenth_of_a_second_gives_an_observation_with_its_end_time(
    front_end: SpeechFrontEnd,
) -> None:
    front_end.reset()
    start_ns = 5_000_000_123
    seen = heard(front_end, chunks(noise(3.0), [333] * 200, start_ns=start_ns))
    ends = FIRST_HOP + HOP * np.arange(len(seen))
    assert ends[-1] <= 3 * RATE < ends[-1] + HOP
    for one, end in zip(seen, ends.tolist(), strict=True):
        assert abs(one.t_ns - start_ns - end * NS_PER_S / RATE) <= 2
    assert [one.tensor is not None for one in seen] == [False] * 9 + [True] * (len(seen) - 9)


@pytest.mark.parametrize(
    ("gap", "lost"),
    [("overflow", 800), ("restart", 0), (None, 800), (None, 1), (None, -400), (None, 10**9)],
)
def test_after_a_gap_no_earlier_sound_is_used(
    front_end: SpeechFrontEnd, speech: np.ndarray, gap: str | None, lost: int
) -> None:
    """Marked, or only to be seen from the count of samples, which may go back, too."""
    before, after = speech[: 2 * RATE + 77], speech[3 * RATE : 5 * RATE]
    front_end.reset()
    unbroken = heard(front_end, chunks(after, []))
    front_end.reset()
    heard(front_end, chunks(before, [700] * 20))
    first = len(before) + lost
    packets = list(chunks(after, [700] * 20, first=first))
    packets[0] = Chunk(packets[0].t_ns, packets[0].samples, RATE, first, gap)
    assert same(heard(front_end, packets), unbroken)


def test_a_gap_in_every_chunk_gives_no_segment_and_no_crash(front_end: SpeechFrontEnd) -> None:
    front_end.reset()
    sound = noise(0.5)
    for number in range(20):
        for seen in front_end.process(Chunk(0, sound, RATE, number * 9000, "overflow")):
            assert seen.tensor is None


def test_right_after_a_gap_noise_is_as_flat_as_later(front_end: SpeechFrontEnd) -> None:
    """The empty part of the first segment once counted as sound."""
    front_end.reset()
    flatness = [signal(seen, "flatness") for seen in heard(front_end, chunks(noise(2.0), []))]
    assert min(flatness) > 0.9
    front_end.reset()
    tone = (0.1 * np.sin(2 * np.pi * 440 * np.arange(2 * RATE) / RATE)).astype(np.float32)
    flatness = [signal(seen, "flatness") for seen in heard(front_end, chunks(tone, []))]
    assert max(flatness) < 0.01


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e19, -3e38])
def test_an_invalid_sample_is_silence_and_is_counted(speech: np.ndarray, bad: float) -> None:
    front_end = SpeechFrontEnd(PARAMS)
    clip = speech[: 2 * RATE]
    torn, healed = clip.copy(), clip.copy()
    torn[[100, 5000, 5001, 20_000]] = bad
    healed[[100, 5000, 5001, 20_000]] = 0.0
    spoilt = heard(front_end, chunks(torn, [1000] * 10))
    assert front_end.bad_samples == 4
    front_end.reset()
    assert same(spoilt, heard(front_end, chunks(healed, [])))
    assert front_end.bad_samples == 4, "a reset forgets the sound, not the count"


def test_overdriven_sound_is_still_sound(front_end: SpeechFrontEnd, speech: np.ndarray) -> None:
    """Resampling overshoots; gains of 20 dB over full scale occur."""
    bad = front_end.bad_samples
    tensors, _ = segments(speech[: 2 * RATE] * 10, PARAMS, front_end)
    assert np.isfinite(tensors).all() and front_end.bad_samples == bad


@pytest.mark.parametrize("rate_hz", [8000, 44_100, 48_000])
def test_sound_at_another_rate_is_refused_in_one_sentence(
    front_end: SpeechFrontEnd, rate_hz: int
) -> None:
    with pytest.raises(SourceError, match=rf"16000 Hz, not {rate_hz} Hz: resample"):
        front_end.process(Chunk(0, noise(0.1), rate_hz, 0))


def test_an_empty_chunk_changes_nothing(front_end: SpeechFrontEnd) -> None:
    sound = noise(1.5)
    front_end.reset()
    whole = heard(front_end, chunks(sound, []))
    front_end.reset()
    assert same(heard(front_end, chunks(sound, [0, 0, 5000, 0, 3000, 0])), whole)


def test_one_channel_of_an_interleaved_read_only_buffer_is_accepted(
    front_end: SpeechFrontEnd,
) -> None:
    sound = noise(1.5)
    stereo = np.stack([sound, noise(1.5, seed=9)], axis=1)
    stereo.flags.writeable = False
    front_end.reset()
    whole = heard(front_end, chunks(sound, []))
    front_end.reset()
    assert same(heard(front_end, chunks(stereo[:, 0], [800] * 10)), whole)


def test_returned_arrays_are_not_written_to_again(
    front_end: SpeechFrontEnd, speech: np.ndarray
) -> None:
    """Encoders may run on it later, in another thread."""
    front_end.reset()
    kept = heard(front_end, chunks(speech[: 2 * RATE], []))
    copies = [None if seen.tensor is None else seen.tensor.copy() for seen in kept]
    heard(front_end, chunks(noise(2.0), [], first=2 * RATE))
    for seen, copy in zip(kept, copies, strict=True):
        np.testing.assert_array_equal(seen.tensor, copy)


def mel(hertz: float) -> float:
    return float(1127 * np.log(1 + hertz / 700))


@pytest.mark.parametrize("hertz", [100, 440, 1000, 3000, 7000])
def test_a_tone_appears_in_its_mel_band(front_end: SpeechFrontEnd, hertz: float) -> None:
    band = round((mel(hertz) - mel(20)) / ((mel(8000) - mel(20)) / 65)) - 1
    tone = (0.1 * np.sin(2 * np.pi * hertz * np.arange(2 * RATE) / RATE)).astype(np.float32)
    tensors, _ = segments(tone, PARAMS, front_end)
    assert tensors[-1, 0].mean(axis=0).argmax() == band


def test_ten_times_the_amplitude_is_a_hundred_times_the_energy(
    front_end: SpeechFrontEnd, speech: np.ndarray
) -> None:
    soft, _ = segments(speech[: 2 * RATE] * np.float32(0.1), PARAMS, front_end)
    loud, _ = segments(speech[: 2 * RATE], PARAMS, front_end)
    audible = soft > np.log(PARAMS.energy_floor) + 3
    np.testing.assert_allclose((loud - soft)[audible], np.log(100), atol=1e-2)


def test_digital_silence_is_at_the_floor(front_end: SpeechFrontEnd) -> None:
    tensors, _ = segments(np.zeros(2 * RATE, np.float32), PARAMS, front_end)
    np.testing.assert_allclose(tensors, np.log(PARAMS.energy_floor), rtol=1e-6)


def test_the_values_are_those_on_which_networks_were_trained(front_end: SpeechFrontEnd) -> None:
    """A chord, so that no decoder has a say. Changed? Raise SpeechParams.version; train again."""
    t = np.arange(2 * RATE) / RATE
    chord = sum(0.05 * np.sin(2 * np.pi * hertz * t) for hertz in (220, 554, 1320, 5000))
    tensors, _ = segments(np.asarray(chord, np.float32), PARAMS, front_end)
    np.testing.assert_allclose(
        tensors[-1, 0, -1, ::7],
        [-13.61, -3.67, 0.00, -12.50, -8.11, -15.94, -15.94, -13.06, -11.87, -15.94],
        atol=0.01,
    )


def resident_kib() -> int:
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux' /proc")
def test_ten_minutes_take_no_more_memory_than_a_minute(
    speech: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Frames are 256 bytes, a hundred a second: keeping them would take 15 MB."""
    monkeypatch.setattr("edge.frontends.voice.VoiceActivity.process", lambda self, block: 0.5)
    front_end = SpeechFrontEnd(PARAMS)
    at = 0

    def listen(seconds: int) -> None:
        nonlocal at
        for _ in range(seconds // 10):
            front_end.process(Chunk(0, speech[: 10 * RATE], RATE, at))
            at += 10 * RATE

    listen(60)
    before = resident_kib()
    listen(600)
    assert resident_kib() - before < 8 * 1024
