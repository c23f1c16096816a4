"""ECharts options of the timeline. Plain data; the page defines the colours.

Charts are drawn as SVG, so that their text belongs to the page and uses its colours in light and
dark mode.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from edge.annotation.look import LABEL_RGB
from edge.dashboard.history import MAX_POINTS, History, Span
from edge.dashboard.thinned import Dot, fewer, first, lowest
from edge.dashboard.time_axis import time_axis
from edge.types import STREAMS

INK, FAINT, UNSURE = "var(--ink)", "var(--faint)", "var(--unsure)"
COLOUR = {stream: f"var(--{stream})" for stream in STREAMS}
LEFT_PX, RIGHT_PX, TITLE_PX, GAP_PX = 34, 12, 22, 8
BAND_PX, ROW_PX = 48, 70
EVENTS_PX = 18
"""Below the band, for the names of events."""
PALE = 0.25
"""Opacity of the band where the answer is not sure."""
NAME = {
    **{"show": True, "formatter": "{b}", "color": INK, "fontSize": 12, "distance": 3},
    **{"minMargin": 4, "textBorderColor": "var(--card)", "textBorderWidth": 3},
}
"""Of a text within the chart: lines that cross it do not make it unreadable."""
REASON_AT = 0.25
"""On the axis of reliability: a stream that is dropped has seldom a line there."""
Options = dict[str, Any]


def timeline(history: History, whole: bool) -> Options:
    """The answers above each stream's reliability on one time axis: the last minute, or the whole
    run. Spans in which a stream was not used are shaded, with the reason where there is room."""
    begin_s, end_s = history.span(whole)
    band = "emotion; as high as it is sure (confidence)"
    names = [band if history.number is None else history.number["name"]]
    names += [f"{stream}: reliability" for stream in STREAMS]
    rows = range(len(names))
    spans = {stream: history.spans(stream, whole) for stream in STREAMS}
    return {
        "animation": False,
        "textStyle": {"color": INK, "fontFamily": "inherit"},
        "grid": [
            {"left": LEFT_PX, "right": RIGHT_PX, "top": _top_px(i), "height": _height_px(i)}
            for i in rows
        ],
        "title": [
            {
                "text": name,
                "left": LEFT_PX,
                "top": _top_px(i) - TITLE_PX + 2,
                "textStyle": {"color": COLOUR[STREAMS[i - 1]] if i else INK, "fontSize": 13},
                "padding": 0,
            }
            for i, name in enumerate(names)
        ],
        "xAxis": [_time_axis(history, i, begin_s, end_s) for i in rows],
        "yAxis": [_answer_axis(history), *(_unit_axis(i) for i in rows[1:])],
        "series": [
            _numbers(history, whole) if history.number is not None else _answers(history, whole),
            *(_reliability(history, s, i, whole, spans[s]) for i, s in enumerate(STREAMS, 1)),
            *(_reasons(s, i, begin_s, end_s, spans[s]) for i, s in enumerate(STREAMS, 1)),
        ],
    }


def label_colour(label: str | None, labels: tuple[str, ...]) -> str:
    """Of an answer; None: it abstains."""
    if label is None:
        return UNSURE
    return LABEL_RGB[labels.index(label) % len(LABEL_RGB)] if label in labels else INK


def _top_px(row: int) -> int:
    first = TITLE_PX if row == 0 else TITLE_PX + BAND_PX + EVENTS_PX + GAP_PX + TITLE_PX
    return first + max(0, row - 1) * (ROW_PX + GAP_PX + TITLE_PX)


def _height_px(row: int) -> int:
    return ROW_PX if row else BAND_PX


TIMELINE_PX = _top_px(len(STREAMS)) + ROW_PX + 26


def _time_axis(history: History, row: int, begin_s: float, end_s: float) -> Options:
    axis = time_axis(begin_s, end_s, history.wall, shown=row == len(STREAMS))
    axis["axisLabel"]["color"] = INK
    return {**axis, "gridIndex": row, "axisLine": {"lineStyle": {"color": FAINT}}}


def _answer_axis(history: History) -> Options:
    number = history.number
    if number is None:
        return _unit_axis(0)
    low, high = number["low"], number["high"]
    return {**_unit_axis(0), "min": low, "max": high, "interval": (high - low) / 2}


def _unit_axis(row: int) -> Options:
    return {
        "type": "value",
        "gridIndex": row,
        "min": 0,
        "max": 1,
        "interval": 0.5,
        "axisLabel": {"color": INK, "fontSize": 10},
        "splitLine": {"lineStyle": {"color": FAINT}},
    }


def _answers(history: History, whole: bool) -> Options:
    """A band: pale in the colour of each answer, and full up to its confidence."""
    begin_s, end_s = history.span(whole)
    areas = []
    for stretch in history.answers.between(begin_s, end_s, MAX_POINTS):
        (label, sure), start_s, stop_s = stretch.value, stretch.start_s, stretch.end_s
        colour = label_colour(label, history.labels)
        areas.append(_area(start_s, stop_s, colour, PALE))
        if sure:
            areas.append(_area(start_s, stop_s, colour, 1.0, sure))
    ground = _line("answer", 0, [[begin_s, 0], [end_s, 0]])  # areas belong to a line
    return {**ground, "lineStyle": {"opacity": 0}, "markArea": _marked(areas)}


def _numbers(history: History, whole: bool) -> Options:
    if whole:
        dots = fewer(history.numbers.dots, MAX_POINTS, first)
    else:
        dots = _thinned(_since(history.recent_numbers, history))
    return _line("answer", 0, _rounded(dots))


def _reliability(
    history: History, stream: str, row: int, whole: bool, spans: list[Span]
) -> Options:
    if whole:
        shown = fewer(history.reliability[stream].dots, MAX_POINTS, lowest)
    else:
        points = ((point.t_s, point.reliability) for point in history.points[stream])
        shown = _thinned(_since(points, history))
    areas = [_area(span.start_s, span.end_s, "var(--dropped)", 0.22) for span in spans]
    line = _line(stream, row, _rounded(shown))
    return {
        **line,
        "lineStyle": {"color": COLOUR[stream], "width": 2},
        "markArea": _marked(areas),
    }


def _reasons(stream: str, row: int, begin_s: float, end_s: float, spans: list[Span]) -> Options:
    """The reason at the begin of each shaded span; ECharts leaves out those without room."""
    late_s = end_s - 0.2 * (end_s - begin_s)
    return {
        "name": f"{stream}: reasons",
        "type": "scatter",
        "xAxisIndex": row,
        "yAxisIndex": row,
        "silent": True,
        "symbolSize": 0,
        "itemStyle": {"opacity": 1},
        "data": [
            {
                "name": (span.reason or span.state).replace("_", " "),
                "value": [round(span.start_s, 2), REASON_AT],
                "label": {"position": "left" if span.start_s > late_s else "right"},
            }
            for span in spans
        ],
        "z": 6,  # above the marks
        "label": NAME,
        "labelLayout": {"hideOverlap": True},
    }


def _line(name: str, row: int, data: list[list[float | None]]) -> Options:
    return {
        "name": name,
        "type": "line",
        "xAxisIndex": row,
        "yAxisIndex": row,
        "silent": True,
        "showSymbol": False,
        "data": data,
        "lineStyle": {"color": INK, "width": 2},
    }


def _area(
    start_s: float, end_s: float, colour: str, opacity: float, top: float | None = None
) -> list[Options]:
    """From the axis up to `top`, or over the whole height."""
    style = {"color": colour, "opacity": opacity}
    begin: Options = {"xAxis": round(start_s, 2), "itemStyle": style}
    end: Options = {"xAxis": round(end_s, 2)}
    return [begin, end] if top is None else [{**begin, "yAxis": 0}, {**end, "yAxis": top}]


def _marked(areas: list[list[Options]]) -> Options:
    return {"silent": True, "label": {"show": False}, "data": areas}


def _rounded(dots: list[Dot]) -> list[list[float | None]]:
    return [[round(t_s, 2), value] for t_s, value in dots]


def _since(dots: Iterable[Dot], history: History) -> list[Dot]:
    """Those of the last minute: of who has left, older ones are still there."""
    begin_s, _ = history.span(whole=False)
    return [dot for dot in dots if dot[0] >= begin_s]


def _thinned(dots: list[Dot]) -> list[Dot]:
    """Every n-th one including the newest, so that a moving line does not flicker."""
    every = -(-len(dots) // MAX_POINTS)
    return dots[::-1][:: max(every, 1)][::-1]
