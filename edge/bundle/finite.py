"""A pass of one graph that takes and gives finite numbers only."""

from __future__ import annotations

from edge.engines import Arrays, Engine
from edge.engines.finite import check_inputs, check_outputs
from edge.types import Float


def run_finite(graph: str, engine: Engine, inputs: Arrays) -> dict[str, Float]:
    """Run `engine` once. The thread of the engine.

    Args:
        graph: "text", "audio", "vision" or "fusion", for messages.

    Raises:
        EngineError: The engine failed, or an input or output has a value that is not finite.
    """
    check_inputs(graph, inputs)
    outputs = engine.run(inputs)
    check_outputs(graph, engine.device, outputs)
    return outputs
