"""What a verification asks of each graph: golden, random, extreme and not-finite inputs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.bundle import Bundle
from edge.bundle.golden import read_golden
from edge.errors import BundleError
from edge.frontends import FrontEndParams
from edge.types import Float
from export.bundle.synthetic import noisy_signals, synthetic_item
from export.proof.passes import Engines, typical_quality

Inputs = dict[str, NDArray[np.generic]]

GOLDEN, RANDOM, EXTREME, NOT_FINITE = "golden", "random", "extreme", "not finite"
KINDS = (GOLDEN, RANDOM, EXTREME, NOT_FINITE)
RANDOM_CASES = 16
LARGE = (1.0, 1000.0, -1000.0)
"""Beside zeros. A crop is in 0..1, a log energy in -16..20, an embedding in about -3..3."""


@dataclass(frozen=True)
class Asked:
    """One input of a graph.

    Attributes:
        wanted: The reference's outputs, by name; None: there is no reference, the outputs must be
            finite. Of a not-finite input nothing is wanted: it must be refused.
    """

    kind: str
    inputs: Inputs
    wanted: dict[str, Float] | None


def golden_cases(bundle: Bundle) -> dict[str, list[Asked]]:
    """The golden inputs and outputs of each graph, which torch made at the export.

    Raises:
        BundleError: A graph has none.
    """
    golden = read_golden(bundle)
    out = {}
    for graph in bundle.graphs:
        if not golden.get(graph):
            raise BundleError(f"{bundle.folder} has no golden case for the graph {graph}.")
        out[graph] = [
            Asked(GOLDEN, _ordered(bundle, graph, case.inputs), case.outputs)
            for case in golden[graph]
        ]
    return out


def further_cases(
    bundle: Bundle, reference: Engines | None, seed: int = 0
) -> dict[str, list[Asked]]:
    """Random, extreme and not-finite inputs of each graph.

    Args:
        reference: Engines whose outputs are wanted; None: finite outputs are enough.
    """
    rng = np.random.default_rng(seed)
    out: dict[str, list[Asked]] = {}
    for graph in bundle.graphs:
        drawn = [_random(bundle, graph, rng) for _ in range(RANDOM_CASES)]
        asked = [(RANDOM, one) for one in drawn]
        asked += [(EXTREME, one) for one in _extremes(bundle, drawn[0])]
        engine = reference[graph] if reference else None
        out[graph] = [
            Asked(kind, one, engine.run(one) if engine is not None else None) for kind, one in asked
        ]
        out[graph] += [Asked(NOT_FINITE, one, None) for one in _not_finite(drawn[0])]
    return out


def _ordered(bundle: Bundle, graph: str, inputs: Inputs) -> Inputs:
    """In the order of the graph's inputs, which a golden file does not keep."""
    if graph != "fusion":
        return dict(inputs)
    try:
        return {name: inputs[name] for name in ("embeddings", "quality")}
    except KeyError as error:
        raise BundleError(
            f"{bundle.folder} has a golden case of fusion without {error.args[0]}."
        ) from None


def _random(bundle: Bundle, graph: str, rng: np.random.Generator) -> Inputs:
    manifest = bundle.manifest
    if graph == "fusion":
        size = (len(manifest.names), manifest.fusion.embedding_size)
        typical = typical_quality(bundle)
        deviation = np.asarray(np.abs(typical) / 2 + 0.1, np.float32)
        return {
            "embeddings": rng.standard_normal(size).astype(np.float32),
            "quality": noisy_signals(typical, deviation, rng),
        }
    spec = manifest.streams[graph]
    return {spec.input: synthetic_item(graph, None, spec.shape, FrontEndParams(), rng)}


def _extremes(bundle: Bundle, like: Inputs) -> list[Inputs]:
    """Every input at zero, at its largest, and far beyond what can be measured."""
    last_id = FrontEndParams().text.buckets - 1
    whole = all(values.dtype == np.int32 for values in like.values())
    fills = (0, 1, last_id) if whole else (0.0, *LARGE)
    return [
        {name: np.full(values.shape, fill, values.dtype) for name, values in like.items()}
        for fill in fills
    ]


def _not_finite(like: Inputs) -> list[Inputs]:
    """NaN in one place, and infinity in all places, of each input that is of real numbers."""
    out = []
    for name, values in like.items():
        if values.dtype == np.float32:
            one = np.array(values)
            one.reshape(-1)[one.size // 2] = np.nan
            out += [like | {name: one}, like | {name: np.full_like(one, np.inf)}]
    return out
