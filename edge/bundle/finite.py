"""A pass of one graph that takes and gives finite numbers only."""

from __future__ import annotations

import numpy as np

from edge.engines import Arrays, Engine
from edge.errors import EngineError
from edge.types import Float


def run_finite(graph: str, engine: Engine, inputs: Arrays) -> dict[str, Float]:
    """Run `engine` once. The thread of the engine.

    The inputs are checked too: arithmetic in reduced precision can turn NaN into a number, because
    a ReLU or a rounding to 8 bits gives zero for it, and the label would look like any other.

    Args:
        graph: "text", "audio", "vision" or "fusion", for messages.

    Raises:
        EngineError: The engine failed, or an input or output has a value that is not finite.
    """
    for name, values in inputs.items():
        if not np.isfinite(values).all():
            raise EngineError(
                f"The input {name} of {graph} has values that are not finite: correct what"
                " measures it."
            )
    outputs = engine.run(inputs)
    for name, found in outputs.items():
        if not np.isfinite(found).all():
            raise EngineError(
                f"{engine.device} gives values for {name} of {graph} that are not finite: choose"
                " another engine or precision."
            )
    return outputs
