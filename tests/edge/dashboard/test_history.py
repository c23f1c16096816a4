"""The history of a run: its last minute, and all of it."""

from __future__ import annotations

import re
from typing import Any

from fixtures.verdicts import a_number, verdict

from edge.annotation.look import LABEL_RGB
from edge.dashboard.charts import UNSURE, timeline
from edge.dashboard.history import HISTORY_LIMIT_S, Answer, History, Span, likeliest
from edge.dashboard.tables import drops, events, legend, said, streams, words
from edge.dashboard.thinned import POINTS_LIMIT, Curve, Stretch, first
from edge.types import STREAMS


def told(*reasons: str | None, stream: str = "vision") -> History:
    history = History()
    for seq, reason in enumerate(reasons):
        history.add(line(seq, reason, stream))
    return history


def line(seq: int, reason: str | None = None, stream: str = "vision") -> dict[str, object]:
    one = verdict(seq, reason, stream)
    return {**one.to_dict(), "words": [[w.text, w.confidence, w.final] for w in one.words]}


def test_a_stream_is_dropped_and_comes_back() -> None:
    history = told(None, "dark", "dark", None)
    assert history.spans("vision") == [Span(0.25, 0.75, "dropped", "dark")]
    assert history.spans("audio") == []
    assert [(e.t_s, e.stream, e.text) for e in history.events] == [
        (0.25, "vision", "is dropped: dark"),
        (0.75, "vision", "is used again"),
    ]


def test_a_new_reason_starts_a_new_span() -> None:
    spans = told("dark", "dark", "blurred", "blurred").spans("vision")
    assert spans == [Span(0, 0.5, "dropped", "dark"), Span(0.5, 0.75, "dropped", "blurred")]


def test_a_current_span_ends_now() -> None:
    assert told(None, "noisy", "noisy", stream="audio").spans("audio")[-1].end_s == 0.5


def test_two_intervals_of_one_reason_are_two_spans() -> None:
    spans = told("dark", None, "dark", None).spans("vision")
    assert [(s.start_s, s.end_s) for s in spans] == [(0, 0.25), (0.5, 0.75)]


def test_only_the_last_minute_is_kept() -> None:
    history = told(*["dark" if seq < 8 else None for seq in range(400)])
    assert history.now_s - history.points["vision"][0].t_s <= HISTORY_LIMIT_S
    assert history.spans("vision") == []
    assert len(history.events) == 1  # what came and went stays longer


def series_of(history: History, whole: bool = False) -> dict[str, Any]:
    return {series["name"]: series for series in timeline(history, whole)["series"]}


def test_the_timeline_shades_a_drop_and_writes_its_reason() -> None:
    series = series_of(told(None, *["no_face"] * 9))
    areas = {stream: series[stream]["markArea"]["data"] for stream in STREAMS}
    assert [(a["xAxis"], b["xAxis"]) for a, b in areas["vision"]] == [(0.25, 2.25)]
    assert areas["text"] == areas["audio"] == []
    (reason,) = series["vision: reasons"]["data"]
    assert reason["name"] == "no face" and reason["value"][0] == 0.25
    assert series["vision: reasons"]["labelLayout"]["hideOverlap"]


def test_a_fast_run_sends_no_more_points_than_a_screen_shows() -> None:
    for whole in (False, True):
        series = series_of(told(*[None] * 1000), whole)
        assert all(len(one["data"]) <= 300 for one in series.values())


def test_the_band_has_a_colour_for_each_answer_and_grey_for_none() -> None:
    history = History()
    for seq, label in enumerate(["happy", "happy", None, "sad", "sad"]):
        history.add({**line(seq), "label": label})
    areas = series_of(history)["answer"]["markArea"]["data"]
    full = [(a, b) for a, b in areas if a["itemStyle"]["opacity"] == 1]
    assert [(a["xAxis"], b["xAxis"], a["itemStyle"]["color"]) for a, b in full] == [
        (0.0, 0.5, LABEL_RGB[1]),
        (0.5, 0.75, UNSURE),
        (0.75, 1.0, LABEL_RGB[2]),
    ]
    assert re.findall(r"</span>(\w+)", legend(history)) == ["happy", "sad", "unsure"]


def test_the_band_is_as_high_as_the_answer_is_sure() -> None:
    history = History()
    for seq, sure in enumerate([0.34, 0.34, 0.99, 0.99, None, None]):
        history.add({**line(seq), "confidence": sure, "label": None if sure is None else "sad"})
    areas = series_of(history)["answer"]["markArea"]["data"]
    full = [(a, b) for a, b in areas if a["itemStyle"]["opacity"] == 1]
    assert [(a["xAxis"], a["yAxis"], b["yAxis"]) for a, b in full] == [(0, 0, 0.35), (0.5, 0, 1.0)]
    pale = [a["xAxis"] for a, _ in areas if a["itemStyle"]["opacity"] < 0.5]
    assert pale == [0, 0.5, 1.0]  # also where nothing is known


def test_drawn_coarsely_the_band_has_the_longest_label_and_its_mean_confidence() -> None:
    parts = [("sad", 0.4, 2.0), ("happy", 0.9, 3.0), ("sad", 0.6, 2.0)]
    stretches: list[Stretch[Answer]] = []
    now_s = 0.0
    for label, sure, length_s in parts:
        stretches.append(Stretch(now_s, now_s + length_s, (label, sure)))
        now_s += length_s
    assert likeliest(stretches) == [Stretch(0, 7, ("sad", 0.5))]
    nothing: Stretch[Answer] = Stretch(0, 1, (None, None))
    assert likeliest([nothing]) == [Stretch(0, 1, (None, None))]


def test_the_whole_run_has_what_the_last_minute_has_lost() -> None:
    history = told(None, None, *["dark"] * 8, *[None] * 400)
    assert history.spans("vision") == []
    assert history.spans("vision", whole=True) == [Span(0.5, 2.5, "dropped", "dark")]
    low, high = (min(v for _, v in history.reliability[s].dots if v) for s in ("vision", "audio"))
    assert low == 0.05 and high == 0.9


def test_drawn_coarsely_a_stream_that_comes_and_goes_is_shaded_for_as_long() -> None:
    history = told(*[None, None, None, "dark"] * 2000)
    spans = history.spans("vision", whole=True)
    assert len(spans) <= 300 and {span.reason for span in spans} == {"dark"}
    shaded_s = sum(span.end_s - span.start_s for span in spans)
    assert abs(shaded_s - history.now_s / 4) < 1.0


def test_a_number_is_a_line_on_its_scale() -> None:
    history = History()
    for seq, value in enumerate([1.0, None, 2.0]):
        history.add({**a_number(seq, value).to_dict(), "words": []})
    chart = timeline(history, whole=True)
    assert chart["title"][0]["text"] == "mood"
    assert chart["yAxis"][0]["min"] == -3 and chart["yAxis"][0]["max"] == 3
    assert chart["series"][0]["data"] == [[0.0, 1.0], [0.25, None], [0.5, 2.0]]


def test_after_an_hour_the_last_minute_of_a_number_is_whole() -> None:
    history, minute = History(), round(HISTORY_LIMIT_S / 0.25) + 1
    one = {**a_number(0, 2.0).to_dict(), "words": []}
    for seq in range(14_400):
        span_ns = [0, (seq + 12) * 250_000_000]
        history.add({**one, "seq": seq, "span_ns": span_ns, "value": 2.0 if seq % 2 else -2.0})
    shown = [value for _, value in timeline(history, whole=False)["series"][0]["data"]]
    assert shown == [2.0, -2.0] * (minute // 2) + [2.0]
    assert 100 < len(timeline(history, whole=True)["series"][0]["data"]) <= 300


def test_a_coarse_number_is_one_that_was_answered_and_not_always_the_lowest() -> None:
    curve = Curve(first)
    for seq in range(3 * POINTS_LIMIT):
        curve.add(float(seq), float(seq % 3))
    assert {value for _, value in curve.dots} == {0.0, 1.0, 2.0}


def test_the_spoken_sentence_changes_only_with_the_streams() -> None:
    assert said(line(1), ended=False) == said(line(2), ended=False) == "All streams are used."
    assert said(line(3, "dark"), ended=False) == "vision is not used: dark."


def test_transcripts_and_messages_are_escaped() -> None:
    assert "<b>" not in words(line(0)) and "&lt;b&gt;happy" in words(line(0))
    assert "<i>" not in drops({"<i>frames": 1})
    assert "<script>" not in events(told(None, "<script>"))


def test_the_page_says_which_stream_is_corrected_for_the_person() -> None:
    shown = streams({**line(0), "corrected": ["vision"]})
    assert shown.count("used, corrected") == 1 and "Correction for one person: on" in shown
    off = streams(line(0))
    assert "corrected" not in off and "Correction for one person: off" in off
    assert "Correction for one person: on" in streams({**line(0), "corrected": []})
