"""A pass of one graph on finite numbers only."""

from __future__ import annotations

import numpy as np

from edge.engines import Arrays, Engine
from edge.errors import EngineError
from edge.types import Float


def run_finite(graph: str, engine: Engine, inputs: Arrays) -> dict[str, Float]:
    """Run `engine` once; `Fallback` checks its outputs. The thread of the engine.

    The inputs are checked: arithmetic in reduced precision can turn NaN into a number, because
    a ReLU or a rounding to 8 bits gives zero for it, and the label would look like any other.

    Args:
        graph: "text", "audio", "vision" or "fusion", for messages.

    Raises:
        EngineError: The engine failed, or an input has a value that is not finite.
    """
    for name, values in inputs.items():
        if not np.isfinite(values).all():
            raise EngineError(
                f"The input {name} of {graph} has values that are not finite: correct what"
                " measures it."
            )
    return engine.run(inputs)
