"""The verdict: one JSON object a step. `edge/assets/verdict.schema.json` is its written form."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from importlib import resources
from typing import Any, Literal

from edge.bundle.manifest import NumberSpec, Task
from edge.recognition.adjustment import AS_BEGUN, Adjustment
from edge.recognition.mark import Mark
from edge.types import NS_PER_S, Box, Word

VERDICT_SCHEMA = 2

State = Literal["used", "dropped", "absent"]


@dataclass(frozen=True, slots=True)
class StreamVerdict:
    """One stream in one verdict.

    Attributes:
        state: `used`: part of the answer. `dropped`: connected, but not used for `reason`; what it
            gave before may be, see `Verdict.mask`.
            `absent`: not asked for (reason None), `disconnected`, switched `off` by hand, words
            that are `starting`, or a voice of somebody else (`not_speaking`).
        reason: A word of `edge.recognition.reasons.REASONS`. Of a used stream it is None, what is
            wrong with its newest pictures, in place of which the window uses earlier ones, or
            `starting`: the answer is withheld because no stream reaches back far enough.
        reliability: 1 for a clean signal, 0 when it carries no information about the label; None
            where there is nothing to judge.
        age_ms: Age of its newest evidence when the window closed.
        coverage: Share of the window that has evidence.
    """

    state: State
    reason: str | None
    reliability: float | None
    age_ms: float | None
    coverage: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the recogniser says about one window; times as in `edge.types`.

    Attributes:
        seq: Counts the steps of a run from 0.
        span_ns: Capture times between which the window lies; it never begins before the run.
        label: The likeliest label; None: it abstains. With several labels the likeliest of
            `labels`, None when there is none; None for a number.
        scores: Probability of each label under the mask used; empty when no stream is used, and for
            a number.
        confidence: Learned probability that the label is right; None when no stream is used. With
            several labels, their expected mean probability; for a number, the expected
            exp(-|error| / standard deviation of the training's targets).
        mask: The streams that the answer was made from: those that are used, and sound or pictures
            that are dropped, as long as the window has what they gave before they became unreliable
            (`edge.recognition.earlier`).
        streams: Every stream, by name.
        transcript: Words heard within the text look-back.
        latency_ms: Milliseconds by stage.
        wall_ns: Unix time, in nanoseconds, when the verdict was made.
        media_s: The window on a file's own time line, in seconds from its beginning; None live.
        faces: Faces in the newest picture: with more than one, the nearest is followed, or each.
        face_box: x, y, width and height of the followed face in pixels of the newest picture.
        phase: What the demo's script is doing.
        words: The transcript's words with times and confidences. One that is not `final` may have
            another text or time, or be gone, in the next verdict.
        task: The kind of answer that the bundle gives.
        labels: For `multilabel`: the labels whose probability is above their threshold, likeliest
            first, perhaps none; None: it abstains. None for the other tasks.
        value: For `regression`: the number, within its range; None: it abstains. None for the other
            tasks.
        number: For `regression`: the number's name, unit and range.
        person: With `people` (docs/people.md): whose verdict it is, counted from 1 as they came;
            all of one step have one `seq`. None: of the nearest face, or nobody is in the picture.
        session: The name of the session, where several write to one output.
        corrected: With a correction for one person (docs/calibrate.md): the streams of `mask` that
            it shifted; None without one, which is false in JSON.
        marks: Set by people in this step, or since the one before: docs/dashboard.md.
        adjustment: What people have changed by hand since the run began: docs/dashboard.md.
    """

    seq: int
    span_ns: tuple[int, int]
    label: str | None
    scores: dict[str, float]
    confidence: float | None
    mask: tuple[str, ...]
    streams: dict[str, StreamVerdict]
    transcript: str
    latency_ms: dict[str, float]
    wall_ns: int = 0
    media_s: tuple[float, float] | None = None
    faces: int | None = None
    face_box: Box | None = None
    phase: dict[str, Any] | None = None
    words: tuple[Word, ...] = ()
    task: Task = "multiclass"
    labels: tuple[str, ...] | None = None
    value: float | None = None
    number: NumberSpec | None = None
    person: int | None = None
    session: str | None = None
    corrected: tuple[str, ...] | None = None
    marks: tuple[Mark, ...] = ()
    adjustment: Adjustment = AS_BEGUN

    @property
    def abstains(self) -> bool:
        """Whether the answer is withheld: no stream could be used, or the confidence is low."""
        if self.task == "multilabel":
            return self.labels is None
        return self.value is None if self.task == "regression" else self.label is None

    @property
    def answer(self) -> str:
        """The answer for people, such as "joy", "joy, surprise" or "3.2 points"."""
        return shown_answer(self.to_dict())

    @property
    def wall_time(self) -> str:
        """`wall_ns` as ISO 8601 in UTC with milliseconds, such as 2026-11-25T21:04:30.123Z."""
        # Not a float of seconds: that cannot hold the milliseconds of large times exactly.
        seconds, rest_ns = divmod(self.wall_ns, NS_PER_S)
        moment = datetime.fromtimestamp(seconds, timezone.utc)
        return f"{moment:%Y-%m-%dT%H:%M:%S}.{rest_ns // 1_000_000:03d}Z"

    def to_dict(self) -> dict[str, Any]:
        """The JSON object, keys in the order of the schema."""
        out: dict[str, Any] = {
            "schema": VERDICT_SCHEMA,
            "seq": self.seq,
            "wall_time": self.wall_time,
            "span_ns": list(self.span_ns),
            "media_s": None if self.media_s is None else [round(t, 3) for t in self.media_s],
            "label": self.label,
            "scores": {label: round(p, 5) for label, p in self.scores.items()},
            "confidence": _rounded(self.confidence, 4),
            "mask": list(self.mask),
            "streams": {
                name: {
                    "state": s.state,
                    "reason": s.reason,
                    "reliability": _rounded(s.reliability, 4),
                    "age_ms": _rounded(s.age_ms, 1),
                    "coverage": round(s.coverage, 3),
                }
                for name, s in self.streams.items()
            },
            "faces": self.faces,
            "face_box": None if self.face_box is None else list(self.face_box),
            "transcript": self.transcript,
            "words": [
                {
                    "text": word.text,
                    "start_ns": word.start_ns,
                    "confidence": round(word.confidence, 3),
                    "final": word.final,
                }
                for word in self.words
            ],
            "latency_ms": {stage: round(ms, 3) for stage, ms in self.latency_ms.items()},
        }
        if self.task == "multilabel":
            out["labels"] = None if self.labels is None else list(self.labels)
        if self.number is not None:
            out["value"] = _within(self.number, self.value)
            known = {"name", "unit", "low", "high"}
            out["number"] = self.number.model_dump(include=known)
        if self.person is not None:
            out["person"] = self.person
        if self.phase is not None:
            out["phase"] = self.phase
        if self.session is not None:
            out["session"] = self.session
        out["corrected"] = False if self.corrected is None else list(self.corrected)
        if self.marks:
            out["marks"] = [mark.to_dict() for mark in self.marks]
        if changed := self.adjustment.to_dict():
            out["adjusted"] = changed
        return out

    def to_json(self) -> str:
        """One line, strict JSON: no NaN, no line break."""
        return json.dumps(self.to_dict(), ensure_ascii=False, allow_nan=False)


def shown_answer(line: Mapping[str, Any]) -> str:
    """The answer of a verdict's JSON object for people."""
    if "number" in line:
        unit = line["number"]["unit"]
        shown = "abstains" if line["value"] is None else f"{line['value']:.4g} {unit}".rstrip()
        return f"{line['number']['name']}: {shown}"
    if line.get("labels") is not None:
        return ", ".join(line["labels"]) or "none of the labels"
    return str(line["label"] or "abstains")


def verdict_schema() -> dict[str, Any]:
    """The JSON Schema that every line of `--jsonl` obeys."""
    text = (resources.files("edge") / "assets" / "verdict.schema.json").read_text("utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def _within(number: NumberSpec, value: float | None) -> float | None:
    """The value to a millionth of its range or finer; never outside it."""
    width = number.high - number.low
    if value is None or math.isinf(width):
        return value
    rounded = round(value, 6 - math.floor(math.log10(width)))
    return min(number.high, max(number.low, rounded))


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
