"""A figure of two engines on the same real items, and the verdict on several."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One figure of both engines. Accuracies are shares, 0..1.

    Attributes:
        name: A stream, used alone, or "composed".
        items: Items or windows.
        equal: Share of labels that are the same from both engines.
        interval: 95 % bootstrap interval of `loss`; items of one group are drawn together.
    """

    name: str
    items: int
    reference: float
    candidate: float
    equal: float
    interval: tuple[float, float]

    @property
    def loss(self) -> float:
        """What the candidate's accuracy is below the reference's; negative for a gain."""
        return self.reference - self.candidate

    def __str__(self) -> str:
        low, high = self.interval
        return (
            f"{self.name}: accuracy {self.candidate:.4f} against {self.reference:.4f} of the"
            f" reference on {self.items} items (loss {self.loss:.4f}, 95 % {low:.4f} to {high:.4f};"
            f" one item is {1 / self.items:.4f}; equal labels {self.equal:.1%})"
        )


@dataclass(frozen=True)
class GateResult:
    """Whether a candidate is accepted, and why.

    Attributes:
        sentence: Both figures, of the largest loss, and the limit.
    """

    accepted: bool
    figures: tuple[Figure, ...]
    sentence: str


def judged(figures: tuple[Figure, ...], limit: float) -> GateResult:
    """Accept if no figure loses more than `limit`, a share; there is one figure or more."""
    worst = max(figures, key=lambda figure: figure.loss)
    # Accuracies are sums of 1/n: a loss of exactly the limit must not fail by rounding.
    accepted = worst.loss <= limit + 1e-9
    verdict = (
        f"{worst}; the manifest's metric_loss of {limit} is kept: accepted."
        if accepted
        else f"{worst}; the manifest's metric_loss is {limit}: refused."
    )
    return GateResult(accepted, figures, verdict)
