"""The verdict: one JSON object a step. `edge/assets/verdict.schema.json` is its written form."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import resources
from typing import Any, Literal

from edge.types import Word

VERDICT_SCHEMA = 1

State = Literal["used", "dropped", "absent"]


@dataclass(frozen=True, slots=True)
class StreamVerdict:
    """One stream in one verdict.

    `used`: part of the answer. `dropped`: it runs but is not trusted, or has nothing to say, and
    `reason` tells why. `absent`: not asked for (reason None), or `disconnected`. `confidence` is
    the learned trust in the stream's present condition; `age_ms` the age of its newest evidence
    when the window closed; `coverage` the share of the window that bears evidence.
    """

    state: State
    reason: str | None
    confidence: float | None
    age_ms: float | None
    coverage: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the recogniser says about one window; times as in `edge.types`."""

    seq: int
    span_ns: tuple[int, int]
    label: str | None
    scores: dict[str, float]
    confidence: float | None
    mask: tuple[str, ...]
    streams: dict[str, StreamVerdict]
    transcript: str
    latency_ms: dict[str, float]
    faces: int | None = None
    """Faces in the newest picture: with more than one, the nearest is followed."""
    phase: dict[str, Any] | None = None
    words: tuple[Word, ...] = ()
    """The transcript's words with their times and confidences; JSON tells the transcript alone."""

    def to_dict(self) -> dict[str, Any]:
        """The JSON object, keys in the order of the schema."""
        out: dict[str, Any] = {
            "schema": VERDICT_SCHEMA,
            "seq": self.seq,
            "span_ns": list(self.span_ns),
            "label": self.label,
            "scores": {label: round(p, 5) for label, p in self.scores.items()},
            "confidence": _rounded(self.confidence, 4),
            "mask": list(self.mask),
            "streams": {
                name: {
                    "state": s.state,
                    "reason": s.reason,
                    "confidence": _rounded(s.confidence, 4),
                    "age_ms": _rounded(s.age_ms, 1),
                    "coverage": round(s.coverage, 3),
                }
                for name, s in self.streams.items()
            },
            "faces": self.faces,
            "transcript": self.transcript,
            "latency_ms": {stage: round(ms, 3) for stage, ms in self.latency_ms.items()},
        }
        if self.phase is not None:
            out["phase"] = self.phase
        return out

    def to_json(self) -> str:
        """One line, strict JSON: no NaN, no line break."""
        return json.dumps(self.to_dict(), ensure_ascii=False, allow_nan=False)


def verdict_schema() -> dict[str, Any]:
    """The JSON Schema that every line of `--jsonl` obeys."""
    text = (resources.files("edge") / "assets" / "verdict.schema.json").read_text("utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
