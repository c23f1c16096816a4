"""What a compiled plan was made from and for, by which it is found again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edge.engines import Precision


@dataclass(frozen=True, slots=True)
class PlanKey:
    """What a plan was compiled from and for; a plan is used only where all of it is the same.

    Attributes:
        engine: Name of the engine that reads it.
        graph: Name of the graph: "vision".
        graph_sha256: Of the graph's file in the bundle, so also of its shapes and weights.
        precision: "fp32", "fp16" or "int8".
        suffix: Of the plan's file: ".plan", ".pt2", ".onnx".
        machine: By name, what else must be the same: device, driver, versions of libraries.
    """

    engine: str
    graph: str
    graph_sha256: str
    precision: Precision
    suffix: str
    machine: Mapping[str, str]

    @property
    def facts(self) -> dict[str, Any]:
        """The key as JSON data."""
        return {
            "engine": self.engine,
            "graph": self.graph,
            "graph_sha256": self.graph_sha256,
            "precision": self.precision,
            "machine": dict(self.machine),
        }

    @property
    def stem(self) -> str:
        """The first part of the file's name, which plans for other machines share."""
        return f"{self.graph}-{self.engine}-{self.precision}"

    @property
    def file(self) -> str:
        """The file's name."""
        text = json.dumps(self.facts, sort_keys=True)
        return f"{self.stem}-{hashlib.sha256(text.encode()).hexdigest()[:16]}{self.suffix}"
