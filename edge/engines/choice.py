"""`engine.name: auto`: which engines can serve a bundle here, and why the others cannot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from edge.engines import EngineOptions, offer_of
from edge.errors import EdgeError, first_line

ORDER = ("tensorrt", "inductor", "onnxruntime")
"""Quickest first, as measured by `cdat-export bench`. An engine of another name is never chosen
unasked."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What `auto` found.

    Attributes:
        names: The engines that can serve, best first.
        refused: By the name of each other engine, a sentence that says why it cannot.
    """

    names: tuple[str, ...]
    refused: Mapping[str, str]

    def without(self, name: str, reason: str) -> Choice:
        """The same choice after `name` could not be opened."""
        left = tuple(one for one in self.names if one != name)
        return Choice(left, {**self.refused, name: reason})

    def told(self, device: str) -> str:
        """One line for people: what serves, and why the better ones do not."""
        said = "; ".join(
            f"not {name}, because: {reason.rstrip('.')}" for name, reason in self.refused.items()
        )
        return f"The engine is {device}" + (f"; {said}." if said else ".")


def choose(graphs: Iterable[Path], options: EngineOptions) -> Choice:
    """Ask each engine of `ORDER` whether it can run all `graphs`. Loads none of them.

    An engine counts if its library and device are there, and the plans that it needs.
    """
    files = tuple(graphs)
    names: list[str] = []
    refused: dict[str, str] = {}
    for name in ORDER:
        reason = _why_not(name, files, options)
        if reason is None:
            names.append(name)
        elif not names:  # one that is slower than the chosen one needs no excuse
            refused[name] = reason
    return Choice(tuple(names), refused)


def _why_not(name: str, graphs: tuple[Path, ...], options: EngineOptions) -> str | None:
    try:
        why_not = offer_of(name, "why_not")
        if why_not is None:
            return None
        for graph in graphs:
            reason: str | None = why_not(graph, options)
            if reason is not None:
                return reason
    except EdgeError as error:
        return str(error)
    except Exception as error:  # a library that is installed badly raises what it likes
        return f"it cannot be asked ({first_line(error)})."
    return None
