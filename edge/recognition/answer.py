"""From the outputs of the chosen mask to the answer: one label, several, or a number."""

from __future__ import annotations

from dataclasses import dataclass, field

from edge.bundle.manifest import Manifest
from edge.recognition.gate import Decision
from edge.types import Float


@dataclass(frozen=True, slots=True)
class Answer:
    """Fields as in `edge.recognition.verdict.Verdict`."""

    label: str | None = None
    scores: dict[str, float] = field(default_factory=dict)
    labels: tuple[str, ...] | None = None
    value: float | None = None


def answer_of(manifest: Manifest, outputs: Float, decision: Decision) -> Answer:
    """The answer of the mask that the gate chose; without a mask there is none.

    Args:
        outputs: (7, C), `edge.bundle.networks.Fused.outputs`.
    """
    if decision.row is None:
        return Answer()
    row = outputs[decision.row]
    if manifest.number is not None:
        return Answer(value=None if decision.abstains else manifest.number.value(float(row[0])))
    scores = dict(zip(manifest.labels, row.tolist(), strict=True))
    if decision.abstains:
        return Answer(scores=scores)
    if manifest.thresholds is None:
        return Answer(manifest.labels[int(row.argmax())], scores)
    limits = dict(zip(manifest.labels, manifest.thresholds, strict=True))
    over = [label for label in manifest.labels if scores[label] > limits[label]]
    over.sort(key=lambda label: -scores[label])
    return Answer(over[0] if over else None, scores, tuple(over))
