"""Cost follows the work: a longer window costs a step hardly more. Ratios, no absolute times."""

from __future__ import annotations

import time

import numpy as np
import pytest

from edge.bundle import Bundle, default_bundle
from edge.bundle.networks import Networks
from edge.clock import HandClock
from edge.recognition.recognizer import Recognizer
from edge.types import NS_PER_S, Observation, Utterance, Word

pytestmark = pytest.mark.alone

LONGEST_S = 8
RATE_HZ = {"vision": 25, "audio": 10}


@pytest.fixture(scope="module")
def filled() -> dict[int, Recognizer]:
    """A recogniser for windows of 2 s and one for 8 s, both after 8 s of everything."""
    bundle = Bundle.load(default_bundle())
    networks = Networks(bundle)
    rng = np.random.default_rng(0)
    words = tuple(
        Word(text, at * NS_PER_S, at * NS_PER_S + NS_PER_S // 2, 0.9)
        for at, text in enumerate(["well", "this", "is", "a", "very", "good", "day"])
    )
    recognizers = {}
    for duration_s in (2, LONGEST_S):
        window = bundle.manifest.window.model_copy(update={"duration_s": float(duration_s)})
        recognizer = Recognizer(bundle, networks, HandClock(), window)
        for stream, rate_hz in RATE_HZ.items():
            spec = bundle.manifest.streams[stream]
            quality = np.array(spec.typical_quality, np.float32)
            for index in range(1, LONGEST_S * rate_hz + 1):
                tensor = rng.random(spec.shape, np.float32)
                t_ns = index * NS_PER_S // rate_hz
                recognizer.observe(stream, Observation(t_ns, tensor, quality))
        end_ns = LONGEST_S * NS_PER_S
        recognizer.accept_utterances([Utterance(0, words, True, end_ns)], end_ns)
        for stream in recognizer.links:
            recognizer.set_link(stream, "up")
        recognizers[duration_s] = recognizer
    return recognizers


def cpu_s_of_steps(recognizer: Recognizer, steps: int = 40) -> float:
    begun_s = time.thread_time()
    for _ in range(steps):
        verdict = recognizer.step(LONGEST_S * NS_PER_S, 0)
    assert all(stream.coverage > 0 for stream in verdict.streams.values())
    return time.thread_time() - begun_s


def test_a_step_over_eight_seconds_costs_at_most_1_3_times_one_over_two(
    filled: dict[int, Recognizer],
) -> None:
    # In turns, and the least of each: a neighbour's load hits some rounds, not the least.
    rounds = [[cpu_s_of_steps(filled[d]) for d in (2, LONGEST_S)] for _ in range(8)]
    short_s, long_s = (min(column) for column in zip(*rounds, strict=True))
    assert long_s <= 1.3 * short_s
