"""What a person has changed by hand while the run goes on. Each step is told, so it replays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from edge.bundle.manifest import GateSpec
from edge.errors import ConfigError
from edge.types import STREAMS

ABSTAIN_BELOW, SMOOTHING = "gate.abstain_below", "gate.smoothing"
STREAM = "streams."
"""Before a stream's name: whether it may be used."""


@dataclass(frozen=True, slots=True)
class Adjustment:
    """The streams that are switched off, and the gate's numbers in place of the bundle's."""

    off: frozenset[str] = frozenset()
    abstain_below: float | None = None
    smoothing: float | None = None

    def changed(self, key: str, value: object) -> Adjustment:
        """This, with one more change.

        Args:
            key: `STREAM` with a stream's name, `ABSTAIN_BELOW` or `SMOOTHING`.
            value: True or False for a stream, else a number.

        Raises:
            ConfigError: One sentence on what cannot be changed, or to what.
        """
        name = key.removeprefix(STREAM)
        if key == ABSTAIN_BELOW:
            return replace(self, abstain_below=_number(key, value, 0.0))
        if key == SMOOTHING:
            return replace(self, smoothing=_number(key, value, 0.05))
        if not key.startswith(STREAM) or name not in STREAMS:
            raise ConfigError(f"{key[:40]} cannot be changed while a run goes on.")
        if not isinstance(value, bool):
            raise ConfigError(f"{key}: must be true or false.")
        return replace(self, off=self.off - {name} if value else self.off | {name})

    def beside(self, spec: GateSpec) -> Adjustment:
        """This, without the numbers that are the bundle's: what was put back is not changed."""
        return replace(
            self,
            abstain_below=None if self.abstain_below == spec.abstain_below else self.abstain_below,
            smoothing=None if self.smoothing == spec.smoothing else self.smoothing,
        )

    def gate(self, spec: GateSpec) -> GateSpec:
        """The bundle's numbers with these in their place."""
        given = {"abstain_below": self.abstain_below, "smoothing": self.smoothing}
        given = {name: value for name, value in given.items() if value is not None}
        return spec.model_copy(update=given) if given else spec

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON, as in a verdict: what is changed, and nothing else."""
        out: dict[str, Any] = {f"{STREAM}{name}": False for name in STREAMS if name in self.off}
        for key, value in ((ABSTAIN_BELOW, self.abstain_below), (SMOOTHING, self.smoothing)):
            if value is not None:
                out[key] = value
        return out

    @classmethod
    def of(cls, changes: Mapping[str, Any]) -> Adjustment:
        """The inverse of `to_dict`. Raises: ConfigError."""
        made = cls()
        for key, value in changes.items():
            made = made.changed(key, value)
        return made


AS_BEGUN = Adjustment()
"""Nothing is changed."""


def _number(key: str, value: object, low: float) -> float:
    # Compared before it becomes a float, which an integer of 400 digits cannot; NaN is in no range.
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not low <= value <= 1:  # type: ignore[operator]
        raise ConfigError(f"{key}: must be a number from {low:g} to 1.")
    return float(value)  # type: ignore[arg-type]
