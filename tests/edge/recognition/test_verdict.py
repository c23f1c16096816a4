"""Written verdicts are valid by the published schema."""

from __future__ import annotations

import json
from dataclasses import replace

import jsonschema
import pytest

from edge.bundle.manifest import NumberSpec
from edge.recognition.reasons import REASONS
from edge.recognition.verdict import StreamVerdict, Verdict, verdict_schema
from edge.types import Word

GOOD = Verdict(
    seq=0,
    span_ns=(-5, 10),
    label="happy",
    scores={"happy": 0.75, "sad": 0.25},
    confidence=0.8,
    mask=("text", "vision"),
    streams={
        "text": StreamVerdict("used", None, 0.5, 120.0, 0.3),
        "audio": StreamVerdict("dropped", "noisy", 0.1, 20.0, 1.0),
        "vision": StreamVerdict("used", None, 0.9, 3.0, 1.0),
    },
    transcript="hello",
    latency_ms={"fusion": 0.2, "total": 1.0},
)
ABSENT = StreamVerdict("absent", None, None, None, 0.0)


@pytest.mark.parametrize(
    "verdict",
    [
        GOOD,
        replace(GOOD, phase={"name": "dark", "stream": "vision", "fault": "dark"}),
        replace(GOOD, label=None, scores={}, confidence=None, mask=()),
        replace(GOOD, streams=dict.fromkeys(("text", "audio", "vision"), ABSENT)),
    ],
)
def test_a_verdict_is_valid_by_the_schema(verdict: Verdict) -> None:
    line = verdict.to_json()
    assert "\n" not in line
    jsonschema.validate(json.loads(line), verdict_schema())


@pytest.mark.parametrize(
    ("corrected", "written"), [(None, False), ((), []), (("vision",), ["vision"])]
)
def test_a_verdict_says_whether_a_correction_for_one_person_is_on(
    corrected: tuple[str, ...] | None, written: object
) -> None:
    line = json.loads(replace(GOOD, corrected=corrected).to_json())
    assert line["corrected"] == written
    jsonschema.validate(line, verdict_schema())
    del line["corrected"]  # of an earlier version
    jsonschema.validate(line, verdict_schema())


@pytest.mark.parametrize("wrong", [True, None, "off", ["text"]])
def test_the_schema_refuses_another_word_for_the_correction(wrong: object) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**GOOD.to_dict(), "corrected": wrong}, verdict_schema())


def test_a_consumer_sees_which_words_may_still_be_revised() -> None:
    words = (Word("hello", 5, 9, 0.98765), Word("word", 9, 12, 0.4, final=False))
    line = json.loads(replace(GOOD, words=words, transcript="hello word").to_json())
    jsonschema.validate(line, verdict_schema())
    assert line["words"] == [
        {"text": "hello", "start_ns": 5, "confidence": 0.988, "final": True},
        {"text": "word", "start_ns": 9, "confidence": 0.4, "final": False},
    ]


@pytest.mark.parametrize("key", ["schema", "seq", "span_ns", "label", "streams", "latency_ms"])
def test_the_schema_refuses_a_verdict_without_a_key(key: str) -> None:
    broken = GOOD.to_dict()
    del broken[key]
    with pytest.raises(jsonschema.ValidationError, match=key):
        jsonschema.validate(broken, verdict_schema())


def test_the_schema_refuses_a_reason_that_it_does_not_name() -> None:
    broken = json.loads(GOOD.to_json())
    broken["streams"]["audio"]["reason"] = "haunted"
    with pytest.raises(jsonschema.ValidationError, match="haunted"):
        jsonschema.validate(broken, verdict_schema())


def test_schema_and_code_know_the_same_reasons() -> None:
    allowed = verdict_schema()["$defs"]["stream"]["properties"]["reason"]["enum"]
    assert set(allowed) == {*REASONS, None}


def test_a_nan_is_refused_rather_than_written_as_invalid_json() -> None:
    with pytest.raises(ValueError, match="JSON"):
        replace(GOOD, scores={"happy": float("nan")}).to_json()


@pytest.mark.parametrize(
    ("low", "high", "value", "written"),
    [
        (0, 2e-6, 1.23456789e-6, 1.234568e-06),
        (-0.666666, 0.666666, 0.666666, 0.666666),
        (0, 0.66666666666, 0.66666666666, 0.66666666666),
        (-50, 50, 12.3456789, 12.3457),
        (1e9, 1e9 + 1, 1e9 + 0.25, 1e9 + 0.25),
        (-1e308, 1e308, 0.1, 0.1),
        (0, 5e-324, 5e-324, 5e-324),
        (-1, 1, None, None),
    ],
)
def test_a_number_is_written_as_finely_as_its_range_needs(
    low: float, high: float, value: float | None, written: float | None
) -> None:
    spec = NumberSpec(name="valence", low=low, high=high, mean=low, deviation=1)
    line = replace(GOOD, label=None, scores={}, task="regression", value=value, number=spec)
    assert json.loads(line.to_json())["value"] == written
