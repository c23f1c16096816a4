"""What a stream gave before it became unreliable counts while the window has it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge.bundle import Bundle, default_bundle
from edge.bundle.networks import Networks
from edge.clock import HandClock
from edge.recognition.availability import Link
from edge.recognition.earlier import Earlier, delivering
from edge.recognition.gate import DISAGREES, RECOVERING, UNRELIABLE, Decision
from edge.recognition.recognizer import Recognizer
from edge.recognition.window import EMPTY, StreamWindow
from edge.types import MASK_ROWS, NS_PER_S, STREAMS, Float, Observation


def window(value: float) -> StreamWindow:
    return StreamWindow(np.full(4, value, np.float32), None, 0, 0, 1.0)


def decision(**rules: str) -> Decision:
    """All streams but these are used."""
    used = frozenset(STREAMS).difference(rules)
    reasons: dict[str, str | None] = dict.fromkeys(STREAMS) | rules
    return Decision(MASK_ROWS[used], used, reasons, dict.fromkeys(STREAMS), 0.9, False, rules)


ALL = frozenset(STREAMS)
NOW = dict.fromkeys(STREAMS, window(1.0))
WELL = decision()


def test_the_last_window_that_was_used_counts_at_once_and_then_what_is_left_of_it() -> None:
    earlier = Earlier()
    earlier.follow(WELL, NOW, 100, ALL)
    assert earlier.until_ns == {}
    noisy = decision(audio=UNRELIABLE)
    assert earlier.windows(noisy, {}, ALL) == {"audio": NOW["audio"]}
    earlier.follow(noisy, dict.fromkeys(STREAMS, window(2.0)), 200, ALL)
    assert earlier.until_ns == {"audio": 100}
    rest = window(0.5)
    assert earlier.windows(noisy, {"audio": rest}, ALL) == {"audio": rest}
    earlier.follow(noisy, NOW, 300, ALL)
    assert earlier.until_ns == {"audio": 100}
    assert earlier.windows(noisy, {"audio": EMPTY}, ALL) == {}


def test_it_counts_without_the_signals_of_its_last_moment() -> None:
    earlier = Earlier()
    signals = np.zeros(6, np.float32)
    measured = replace(window(1.0), quality=signals, found_quality=signals)
    earlier.follow(WELL, dict.fromkeys(STREAMS, measured), 100, ALL)
    for seen in ({}, {"audio": measured}):
        counted = earlier.windows(decision(audio=UNRELIABLE), seen, ALL)["audio"]
        assert counted.embedding is measured.embedding
        assert counted.judged("noisy") is None and counted.judged(None) is None


def test_while_a_stream_recovers_the_same_counts_and_then_its_whole_window() -> None:
    earlier = Earlier()
    earlier.follow(WELL, NOW, 100, ALL)
    earlier.follow(decision(vision=UNRELIABLE), NOW, 200, ALL)
    recovering = decision(vision=RECOVERING)
    assert earlier.windows(recovering, {"vision": window(0.5)}, ALL).keys() == {"vision"}
    earlier.follow(recovering, NOW, 300, ALL)
    assert earlier.windows(WELL, {}, ALL) == {}
    earlier.follow(WELL, NOW, 400, ALL)
    assert earlier.until_ns == {}


@pytest.mark.parametrize("rule", [DISAGREES, "other_person", "not_this_face"])
def test_what_contradicts_or_is_of_another_never_counts_not_even_while_it_recovers(
    rule: str,
) -> None:
    earlier = Earlier()
    earlier.follow(WELL, NOW, 100, ALL)
    denied = decision(vision=rule)
    assert earlier.windows(denied, {}, ALL) == {}
    earlier.follow(denied, NOW, 200, ALL)
    assert earlier.windows(decision(vision=RECOVERING), {}, ALL) == {}


def test_words_do_not_count_because_they_have_a_look_back_of_their_own() -> None:
    earlier = Earlier()
    earlier.follow(WELL, NOW, 100, ALL)
    assert earlier.windows(decision(text=UNRELIABLE), {}, ALL) == {}


def test_a_stream_that_was_never_used_has_nothing_to_count() -> None:
    assert Earlier().windows(decision(audio=UNRELIABLE), {}, ALL) == {}


def test_a_stream_that_is_gone_does_not_count_not_even_when_it_is_back() -> None:
    earlier = Earlier()
    earlier.follow(WELL, NOW, 100, ALL)
    lost = decision(audio=UNRELIABLE)
    without = frozenset({"text", "vision"})
    assert earlier.windows(lost, {}, without) == {}
    earlier.follow(lost, NOW, 200, without)
    assert earlier.windows(lost, {}, ALL) == {}


@pytest.mark.parametrize(
    ("link", "why", "counts"),
    [
        ("up", None, True),
        ("up", "noisy", True),
        ("up", "stale", False),
        ("up", "not_speaking", False),
        ("lost", "disconnected", False),
    ],
)
def test_what_closes_a_stream_decides_whether_it_may_count(
    link: Link, why: str | None, counts: bool
) -> None:
    links: dict[str, Link] = {"text": "up", "audio": link, "vision": "up"}
    found = delivering(links, {"text": None, "audio": why, "vision": None})
    assert ("audio" in found) == counts and "vision" in found


def test_after_a_failure_of_an_engine_nothing_counts() -> None:
    links: dict[str, Link] = dict.fromkeys(STREAMS, "up")
    assert delivering(links, {"text": "engine_failed", "audio": None, "vision": None}) == set()


def test_the_moment_before_a_stream_was_dropped_is_not_measured_on_all_that_counts() -> None:
    """A voice in rising noise: the last step that is used is hardly reliable, those before are."""
    bundle = Bundle.load(default_bundle())
    networks = Networks(bundle)
    recognizer = Recognizer(bundle, networks, HandClock())
    recognizer.set_link("audio", "up")
    spec, limit = bundle.manifest.streams["audio"], bundle.manifest.gate.reliability["audio"].drop
    clear = np.array(spec.typical_quality, np.float32)
    noisy = dict(zip(spec.quality, spec.typical_quality, strict=True))
    noisy |= {"level_dbfs": -10, "floor_dbfs": -12, "range_db": 3, "flatness": 0.9, "voice": 0.01}
    gone = np.array([noisy[name] for name in spec.quality], np.float32)

    def reliability(quality: Float) -> float:
        others = [bundle.manifest.streams[name].typical_quality for name in ("text", "vision")]
        signals = np.concatenate([others[0], quality, others[1]]).astype(np.float32)
        nothing = np.zeros((3, bundle.manifest.fusion.embedding_size), np.float32)
        return float(networks.fuse(nothing, signals).reliability[STREAMS.index("audio")])

    shares = np.linspace(0, 1, 101, dtype=np.float32)
    risen = [clear + share * (gone - clear) for share in shares]
    rising = next(one for one in risen if reliability(one) < limit + 0.1)

    def step(number: int, quality: Float) -> tuple[str, float | None]:
        end_ns = number * NS_PER_S // 4
        tensor = np.zeros(spec.shape, np.float32)
        recognizer.observe("audio", Observation(end_ns, tensor, quality))
        verdict = recognizer.step(end_ns, 0)
        assert verdict.mask == ("audio",)
        return verdict.streams["audio"].state, verdict.confidence

    *_, (_, before) = [step(number, clear) for number in range(1, 9)]
    assert step(9, rising)[0] == "used"
    state, after = step(10, gone)
    assert state == "dropped"
    assert after == pytest.approx(before, rel=0.02)
