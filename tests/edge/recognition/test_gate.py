"""The gate's decisions from confidences and reliabilities, without model, device or clock."""

from __future__ import annotations

import copy
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest

from edge.bundle.manifest import GateSpec, ReliabilitySpec
from edge.recognition.gate import Decision, GateState, Sensed, decide
from edge.types import MASKS, STREAMS

SPEC = GateSpec(
    reliability={name: ReliabilitySpec(drop=0.3, readmit=0.4) for name in STREAMS},
    interference_margin=0.2,
    smoothing=1.0,
    readmit_steps=3,
    abstain_below=0.25,
    contradiction=-1.25,
)
WELL = dict.fromkeys(STREAMS, 0.6)


def confidence(own: dict[str, float], spoils: float = 0.0) -> np.ndarray:
    """Confidences of a calibrated network: a mask's best stream, less its interference."""
    out = []
    for mask in MASKS:
        values = [own[name] for name in mask]
        out.append(max(values) - (spoils if min(values) < 0.3 and len(mask) > 1 else 0.0))
    return np.array(out, np.float32)


def run(
    steps: list[Sensed], spec: GateSpec = SPEC, state: GateState | None = None
) -> list[Decision]:
    decisions = []
    state = state or GateState()
    for sensed in steps:
        state, decision = decide(spec, state, sensed)
        decisions.append(decision)
    return decisions


def sensed(own: dict[str, float], **overrides: object) -> Sensed:
    values: dict[str, object] = {
        "confidence": confidence(own),
        "reliability": np.array([own[name] for name in STREAMS], np.float32),
        "usable": frozenset(STREAMS),
        "signals": {},
        "closed": {},
    }
    return Sensed(**{**values, **overrides})  # type: ignore[arg-type]


def test_every_clean_stream_is_used() -> None:
    (decision,) = run([sensed(WELL)])
    assert decision.used == set(STREAMS)
    assert MASKS[decision.row or 0] == STREAMS
    assert set(decision.reasons.values()) == {None}


def test_a_dark_camera_is_dropped_and_used_again_in_the_light() -> None:
    dark = sensed({**WELL, "vision": 0.15}, signals={"vision": "dark"})
    light = sensed(WELL)
    decisions = run([light, dark, dark, light, light, light])
    assert ["vision" in d.used for d in decisions] == [True, False, False, False, False, True]
    assert decisions[1].reasons["vision"] == "dark"
    # The light is back, the dwell is not over: what keeps it shut is no longer the dark.
    assert decisions[3].reasons["vision"] == "recovering"
    assert decisions[4].reasons["vision"] == "recovering"


def test_one_good_step_between_bad_ones_does_not_reopen_a_stream() -> None:
    bad, good = sensed({**WELL, "audio": 0.1}), sensed(WELL)
    decisions = run([bad, good, good, bad, good, good])
    assert not any("audio" in d.used for d in decisions)


def test_between_drop_and_readmit_a_stream_stays_as_it_was() -> None:
    between = sensed({**WELL, "audio": 0.35})
    bad = sensed({**WELL, "audio": 0.1})
    assert "audio" in run([between])[0].used
    assert not any("audio" in d.used for d in run([bad, *[between] * 10])[1:])


def test_an_interfering_stream_is_dropped_despite_high_confidence_alone() -> None:
    """Wrong words: the confidence of text alone is 0.5, but every mask with text is worse."""
    own = {"text": 0.5, "audio": 0.6, "vision": 0.6}
    values = np.array([0.9 if "text" not in mask else 0.5 for mask in MASKS], np.float32)
    (decision,) = run([sensed(own, confidence=values)])
    assert decision.used == {"audio", "vision"}
    assert decision.reasons["text"] == "disagrees"
    # Its own reliability is well above the limit: the reason must not blame that.
    assert (decision.reliability["text"] or 0) > SPEC.reliability["text"].drop


def test_a_stream_below_its_own_limit_is_unreliable_until_it_is_well_above() -> None:
    bad, between = sensed({**WELL, "audio": 0.1}), sensed({**WELL, "audio": 0.35})
    reasons = [d.reasons["audio"] for d in run([bad, between, sensed(WELL), sensed(WELL)])]
    assert reasons == ["unreliable", "unreliable", "recovering", "recovering"]


def test_a_healthy_stream_is_never_called_unreliable() -> None:
    """A stream with the reliability 0.98 was once shown as dropped for its reliability."""
    own = {"text": 0.5, "audio": 0.98, "vision": 0.6}
    values = np.array([0.9 if "audio" not in mask else 0.4 for mask in MASKS], np.float32)
    disagreeing = sensed(own, confidence=values)
    decisions = run([disagreeing, disagreeing, *[sensed(own)] * 3])
    reasons = [d.reasons["audio"] for d in decisions]
    assert reasons == ["disagrees", "disagrees", "recovering", "recovering", None]


def test_a_dropped_stream_that_is_not_looked_at_keeps_its_reason() -> None:
    bad = sensed({**WELL, "audio": 0.1})
    asleep = sensed(WELL, usable=frozenset({"text", "vision"}), closed={"audio": None})
    back = sensed(WELL, usable=frozenset({"text", "vision"}), closed={"audio": "disconnected"})
    reasons = [d.reasons["audio"] for d in run([bad, asleep, back, asleep])]
    assert reasons == ["unreliable", "unreliable", "disconnected", "unreliable"]


def test_smoothing_tolerates_one_bad_step_but_not_two() -> None:
    spec = SPEC.model_copy(update={"smoothing": 0.5})
    good, bad = sensed(WELL), sensed({**WELL, "audio": 0.1})
    decisions = run([good, bad, bad, bad], spec)
    assert ["audio" in d.used for d in decisions] == [True, True, False, False]


def test_without_usable_streams_there_is_no_mask_and_the_gate_abstains() -> None:
    closed = {"vision": "no_face", "audio": "disconnected", "text": None}
    (decision,) = run([sensed(WELL, usable=frozenset(), closed=closed)])
    assert decision.row is None and decision.abstains and decision.confidence is None
    assert decision.reasons == closed


def test_without_reliable_streams_the_gate_abstains() -> None:
    (decision,) = run([sensed(dict.fromkeys(STREAMS, 0.1))])
    assert decision.row is None and decision.abstains


def test_the_gate_abstains_at_low_confidence() -> None:
    spec = SPEC.model_copy(update={"abstain_below": 0.7})
    (decision,) = run([sensed(WELL)], spec)
    assert decision.row is not None and decision.abstains


def test_an_absent_stream_does_not_affect_the_choice() -> None:
    usable = frozenset({"audio"})
    values = np.array([0.9, 0.5, 0.9, 0.9, 0.9, 0.9, 0.9], np.float32)
    (decision,) = run([sensed(WELL, confidence=values, usable=usable)])
    assert decision.used == {"audio"} and decision.confidence == pytest.approx(0.5)


def test_a_face_that_returns_is_assessed_again() -> None:
    gone = sensed(WELL, usable=frozenset({"text", "audio"}), closed={"vision": "no_face"})
    decisions = run([sensed(WELL), gone, gone, sensed(WELL)])
    assert ["vision" in d.used for d in decisions] == [True, False, False, True]
    assert decisions[1].reasons["vision"] == "no_face"


def test_a_dropped_stream_that_was_absent_must_reach_readmit() -> None:
    dark = sensed({**WELL, "vision": 0.1})
    gone = sensed(WELL, usable=frozenset({"text", "audio"}), closed={"vision": "no_face"})
    decisions = run([dark, gone, sensed(WELL), sensed(WELL), sensed(WELL)])
    assert ["vision" in d.used for d in decisions] == [False, False, False, False, True]


def test_the_gate_is_pure() -> None:
    """Equal inputs give equal outputs, and no input is changed: not an array, not a mapping."""
    steps = [sensed(WELL), sensed({**WELL, "vision": 0.1}), sensed(WELL)]
    spec, before = SPEC.model_copy(deep=True), copy.deepcopy(steps)
    state = GateState()
    for step in steps:
        kept = copy.deepcopy(state)
        following, decision = decide(SPEC, state, step)
        assert_same(asdict(state), asdict(kept))
        again, decision_again = decide(SPEC, copy.deepcopy(state), copy.deepcopy(step))
        assert_same(asdict(following), asdict(again))
        assert decision == decision_again
        state = following
    for step, kept_step in zip(steps, before, strict=True):
        assert_same(asdict(step), asdict(kept_step))
    assert spec == SPEC


def assert_same(found: dict[str, Any], wanted: dict[str, Any]) -> None:
    assert found.keys() == wanted.keys()
    for name, value in wanted.items():
        np.testing.assert_equal(found[name], value)


def test_what_is_not_a_number_is_neither_reliable_nor_confident() -> None:
    nan = sensed(WELL, confidence=np.full(len(MASKS), np.nan, np.float32))
    nan_streams = sensed(WELL, reliability=np.full(len(STREAMS), np.nan, np.float32))
    (unsure,), (unreliable,) = run([nan]), run([nan_streams])
    assert unsure.abstains and not unsure.used
    assert unreliable.abstains and not unreliable.used
    assert set(unreliable.reasons.values()) == {"unreliable"}


def test_a_denied_stream_is_dropped_at_once_and_readmitted_like_any_other() -> None:
    denied = sensed(WELL, denied={"vision": "not_this_face"})
    decisions = run([sensed(WELL), denied, *[sensed(WELL)] * 3])
    reasons = [d.reasons["vision"] for d in decisions]
    assert reasons == [None, "not_this_face", "recovering", "recovering", None]
    assert decisions[1].used == {"text", "audio"}
    # Its own signal is good, and that is what is shown.
    assert decisions[1].reliability["vision"] == pytest.approx(0.6)


def test_a_stream_that_contradicts_the_others_is_dropped_and_comes_back() -> None:
    def says(vision: int) -> Sensed:
        answers = np.full((3, 3), 0.05, np.float32)
        answers[[0, 1, 2], [0, 0, vision]] = 0.9
        return sensed(WELL, answers=answers)

    decisions = run([says(0)] * 12 + [says(1)] * 8 + [says(0)] * 12)
    assert all(d.used == set(STREAMS) for d in decisions[:12])
    assert decisions[19].used == {"text", "audio"}
    assert decisions[19].reasons["vision"] == "disagrees"
    assert decisions[-1].used == set(STREAMS)
    never = SPEC.model_copy(update={"contradiction": None})
    assert all(d.used == set(STREAMS) for d in run([says(0)] * 12 + [says(1)] * 8, never))


def test_an_unreliable_stream_is_no_witness() -> None:
    answers = np.full((3, 3), 0.05, np.float32)
    answers[[0, 1, 2], [0, 0, 1]] = 0.9
    decisions = run([sensed({**WELL, "text": 0.1}, answers=answers)] * 12)
    assert decisions[-1].used == {"audio", "vision"}
