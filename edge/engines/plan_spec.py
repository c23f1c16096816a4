"""What a plan takes and returns, as JSON data beside it: for plans that cannot tell it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edge.engines import GraphSpec, TensorSpec
from edge.errors import PlanError


def spec_of(facts: Any, package: Path) -> GraphSpec:
    """The spec that `spec_facts` wrote.

    Raises:
        PlanError: It is not one.
    """
    try:
        return GraphSpec(
            *(
                {n: TensorSpec(tuple(shape), dtype) for n, (shape, dtype) in facts[side].items()}
                for side in ("inputs", "outputs")
            )
        )
    except (TypeError, KeyError, ValueError, AttributeError):
        raise PlanError(
            f"{package}.json does not say what the plan takes and returns: compile it again with"
            " `cdat-export compile`."
        ) from None


def spec_facts(spec: GraphSpec) -> dict[str, Any]:
    """A spec as JSON data, for a plan that cannot tell it itself."""
    return {
        side: {name: [list(t.shape), t.dtype] for name, t in getattr(spec, side).items()}
        for side in ("inputs", "outputs")
    }
