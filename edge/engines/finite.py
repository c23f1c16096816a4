"""The check that what goes into an engine and comes out of it are finite numbers."""

from __future__ import annotations

import numpy as np

from edge.engines import Arrays
from edge.errors import EngineError


def check_inputs(graph: str, inputs: Arrays) -> None:
    """Check what a graph is given.

    Arithmetic in reduced precision can turn NaN into a number, because a ReLU or a rounding to 8
    bits gives zero for it, and the label would look like any other.

    Args:
        graph: "text", "audio", "vision" or "fusion", for messages.

    Raises:
        EngineError: A value is not finite.
    """
    for name, values in inputs.items():
        if not np.isfinite(values).all():
            raise EngineError(
                f"The input {name} of {graph} has values that are not finite: correct what"
                " measures it."
            )


def check_outputs(graph: str, device: str, outputs: Arrays) -> None:
    """Check what an engine on `device` gave for a graph. Raises as `check_inputs`."""
    for name, found in outputs.items():
        if not np.isfinite(found).all():
            raise EngineError(
                f"{device} gives values for {name} of {graph} that are not finite: choose"
                " another engine or precision."
            )
