"""The networks of one bundle for several runs at once: loaded once, called by all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge.bundle.load import Bundle
from edge.bundle.networks import Networks
from edge.clock import Clock
from edge.engines import EngineOptions, GraphSpec
from edge.engines.fallback import Fallback, Note, silent
from edge.engines.joined import Joined, takes_batches
from edge.errors import EngineError

TOLERANCE = 1e-4
"""What an item may differ by, alone and beside another one in a pass."""

END_S = 0.5
"""For the pass of a graph that goes on when all runs have ended."""


@dataclass(frozen=True, slots=True)
class Passes:
    """How the items of one graph were passed."""

    items: int
    passes: int


class SharedNetworks(Networks):
    """As `Networks`, but any thread may call; each run says when it begins and ends to call."""

    def __init__(
        self,
        bundle: Bundle,
        clock: Clock,
        engine: str = "onnxruntime",
        options: EngineOptions | None = None,
        note: Note = silent,
        wait_ns: int = 0,
        batch_max: int = 1,
    ) -> None:
        """Load as `Networks` does, and see whether each encoder's engine takes batches.

        Args:
            clock: Times the waits for other items.
            wait_ns: An item waits at most so long for those of other runs, in nanoseconds.
            batch_max: Items in one pass, at most.

        Raises:
            ConfigError, EngineError, BundleError: As `Networks`.
        """
        super().__init__(bundle, engine, options, note)
        self._joined: dict[str, Joined] = {}
        try:
            for name, graph in self._serving.graphs.items():
                size = self._batch_max(name, graph, batch_max)
                # Words change seldom: an item of text would wait for nobody, within a step.
                wait_here_ns = 0 if name == "text" else wait_ns
                self._joined[name] = Joined(graph, clock, wait_here_ns, size)
        except BaseException:
            self.close()
            raise
        self._graphs = self._joined
        single = [name for name in self._inputs if not self._joined[name].takes_batches]
        if batch_max > 1 and single:
            note(
                f"{self.device} takes one item a pass of {_listed(single)}: the sessions take"
                " turns, and none waits for another's item."
            )

    def close(self) -> None:
        """Free the engines. One that is still in a pass is left to the process's end: a thread that
        was abandoned uses it."""
        if all([one.end(END_S) for one in self._joined.values()]):
            super().close()

    def add_run(self, streams: frozenset[str]) -> None:
        """A run begins that encodes these streams. Any thread."""
        for name in streams & self._joined.keys():
            self._joined[name].add_member()

    def remove_run(self, streams: frozenset[str]) -> None:
        """It encodes no more; nobody waits for its items. Any thread."""
        for name in streams & self._joined.keys():
            self._joined[name].remove_member()

    @property
    def passes(self) -> dict[str, Passes]:
        """By graph, so far."""
        return {name: Passes(one.items, one.passes) for name, one in self._joined.items()}

    def _batch_max(self, name: str, graph: Fallback, asked: int) -> int:
        """1 where a pass with two items fails, or gives other values than two passes."""
        if name == "fusion" or asked < 2 or not takes_batches(graph):
            return 1
        try:
            if _agrees(graph, graph.spec):
                return asked
            self._note(f"{self.device} gives other values for {name} with two items a pass.")
        except EngineError:  # it has been noted, and the engine that took over is asked no more
            pass
        return 1


def _agrees(engine: Fallback, spec: GraphSpec) -> bool:
    rng = np.random.default_rng(0)
    one, other = (
        {
            name: rng.uniform(0, 1, t.shape).astype(t.dtype)
            if t.dtype.startswith("float")
            else rng.integers(0, 2, t.shape).astype(t.dtype)
            for name, t in spec.inputs.items()
        }
        for _ in range(2)
    )
    both = engine.run({name: np.concatenate([one[name], other[name]]) for name in one})
    alone = [engine.run(one), engine.run(other)]
    return all(
        np.shape(found) == (2, *np.shape(alone[0][name])[1:])
        and np.allclose(found, np.concatenate([a[name] for a in alone]), atol=TOLERANCE)
        for name, found in both.items()
    )


def _listed(names: list[str]) -> str:
    return " and ".join(", ".join(names).rsplit(", ", 1))
