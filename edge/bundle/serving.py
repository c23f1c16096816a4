"""The graphs of a bundle on the engine that was asked for, each with those that take over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

from edge.bundle.building import Building
from edge.bundle.opened import Graph
from edge.engines import AUTO, LAST_RESORT, Engine, EngineOptions, offer_of
from edge.engines.choice import Choice, choose
from edge.engines.fallback import Fallback, Note
from edge.engines.watched import Watched
from edge.errors import EngineError, PlanError


@dataclass(frozen=True)
class Serving:
    """What runs a bundle's graphs.

    Attributes:
        engine: Name of the engine that serves from the first pass on.
        graphs: By name.
        building: What compiles plans meanwhile; None: nothing does.
    """

    engine: str
    graphs: Mapping[str, Fallback]
    building: Building | None = None

    def close(self) -> None:
        """Free all engines, when no thread calls them any more."""
        if self.building is not None:
            self.building.stop()
        with ExitStack() as last:  # whatever one of them raises, the others are closed
            for graph in self.graphs.values():
                last.callback(graph.close)


def serve(
    graphs: Sequence[Graph], engine: str, options: EngineOptions, note: Note, builds: bool = True
) -> Serving:
    """Open all `graphs`.

    Args:
        engine: A name, or `AUTO`.
        note: Is told, now and later, what serves and what failed.
        builds: Whether a missing plan in fp32 is built while ONNX Runtime serves.

    Raises:
        ConfigError: The engine does not exist.
        PlanError: A plan is missing, and is not built.
        EngineError: A graph cannot be loaded, or its outputs are wrong.
        BundleError: A graph does not match the manifest.
    """
    if engine == AUTO:
        choice = choose([graph.file for graph in graphs], options)
        return _serve_best(graphs, choice, options, note)
    try:
        return _serve_on(graphs, (engine,), options, note)
    except PlanError:
        # A plan in reduced precision counts only when it was measured (`cdat-export compile`).
        builds = builds and options.precision == "fp32"
        build = offer_of(engine, "build") if builds else None
        if build is None:
            raise
    note(f"{engine} has no plan of this bundle here: ONNX Runtime serves while one is built.")
    # On the processor, so that the builder times its kernels on a GPU that is free.
    cpu = {graph.name: [partial(graph.opened_on_cpu, options)] for graph in graphs}
    served = _opened(graphs, cpu, note)
    discard = offer_of(engine, "discard")
    building = Building(graphs, served, engine, options, build, note, discard)
    building.start()
    return Serving(LAST_RESORT, served, building)


def _serve_best(
    graphs: Sequence[Graph], choice: Choice, options: EngineOptions, note: Note
) -> Serving:
    while choice.names:
        name = choice.names[0]
        try:
            serving = _serve_on(graphs, choice.names, options, note)
        except EngineError as error:
            choice = choice.without(name, str(error))
            continue
        note(choice.told(serving.graphs["fusion"].device))
        return serving
    raise EngineError(choice.told("none"))


def _serve_on(
    graphs: Sequence[Graph], names: Sequence[str], options: EngineOptions, note: Note
) -> Serving:
    """On the first of the engines `names`; the others take over, last ONNX Runtime."""
    openers = {
        graph.name: [
            *(partial(graph.opened, name, options) for name in names),
            partial(graph.opened_on_cpu, options),
        ]
        for graph in graphs
    }
    return Serving(names[0], _opened(graphs, openers, note))


def _opened(
    graphs: Sequence[Graph], openers: Mapping[str, Sequence[partial[Engine]]], note: Note
) -> dict[str, Fallback]:
    """Each graph on its first engine. What was opened is closed when a later one fails."""
    served: dict[str, Fallback] = {}
    with ExitStack() as undo:
        for graph in graphs:
            first, *others = openers[graph.name]
            opened = first()
            # Only ONNX Runtime on the processor is not watched: nothing is left to take over.
            spares = others if isinstance(opened, Watched) else []
            served[graph.name] = Fallback(graph.name, opened, spares, note)
            undo.callback(served[graph.name].close)
        undo.pop_all()
    return served
