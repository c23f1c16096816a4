"""The film's sound for the new film: the same samples at the same times, as AAC."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
from av.container import InputContainer

from edge.sources.damage import Damage
from edge.sources.decode import sound_pieces
from edge.sources.stamps import packet_ns
from edge.types import NS_PER_S

RATE_HZ = 48_000
LAYOUTS = ("mono", "stereo", "5.1")


def layout_of(container: InputContainer) -> str:
    """The channels of the new sound."""
    name = str(container.streams.audio[0].layout.name)
    return name if name in LAYOUTS else "stereo"


def sound_on_time(
    container: InputContainer, stop: Any, origin_ns: int, end_ns: int | None
) -> Iterator[Any]:
    """Frames for an AAC encoder, from time 0 at `origin_ns` without a hole: silence where the file
    has none. What comes before is left out.

    Args:
        container: Opened for this alone.
        stop: An event that ends it.
        origin_ns: The file's time that is 0 in the new film.
        end_ns: The end in the new film's time; None for the file's end.
    """
    layout, graph, form, due_ns = layout_of(container), None, None, origin_ns
    for piece in sound_pieces(container, container.streams.audio[0], Damage(), stop):
        stamp_ns = packet_ns(piece)
        stamp_ns = due_ns if stamp_ns is None else stamp_ns
        due_ns = stamp_ns + piece.samples * NS_PER_S // piece.sample_rate
        if end_ns is not None and stamp_ns - origin_ns >= end_ns:
            break
        now = piece.format.name, piece.layout.name, piece.sample_rate
        if graph is None or now != form:
            if graph is not None:
                yield from _drained(graph)
            begin = 0 if form is None else (stamp_ns - origin_ns) * RATE_HZ // NS_PER_S
            graph, form = _graph(piece, layout, begin), now
        piece.time_base = Fraction(1, piece.sample_rate)
        piece.pts = round(Fraction(stamp_ns - origin_ns, NS_PER_S) * piece.sample_rate)
        graph.push(piece)
        yield from _pulled(graph)
    if graph is not None:
        yield from _drained(graph)


def _graph(piece: Any, layout: str, first: int) -> Any:
    graph = av.filter.Graph()
    source = graph.add_abuffer(
        sample_rate=piece.sample_rate,
        format=piece.format.name,
        layout=piece.layout.name,
        time_base=Fraction(1, piece.sample_rate),
    )
    # async fills holes with silence; without it the sound after a hole would come too early.
    resample = graph.add("aresample", f"{RATE_HZ}:async=1:first_pts={first}")
    form = graph.add("aformat", f"sample_fmts=fltp:sample_rates={RATE_HZ}:channel_layouts={layout}")
    graph.link_nodes(source, resample, form, graph.add("abuffersink")).configure()
    return graph


def _drained(graph: Any) -> Iterator[Any]:
    graph.push(None)
    yield from _pulled(graph)


def _pulled(graph: Any) -> Iterator[Any]:
    while True:
        try:
            yield graph.pull()
        except (av.BlockingIOError, av.EOFError):
            return
