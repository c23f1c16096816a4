"""The history of the last minute."""

from __future__ import annotations

from fixtures.verdicts import verdict

from edge.dashboard.charts import timeline
from edge.dashboard.history import HISTORY_LIMIT_S, History, Span
from edge.dashboard.tables import drops, events, said, words


def told(*reasons: str | None, stream: str = "vision") -> History:
    history = History()
    for seq, reason in enumerate(reasons):
        history.add(line(seq, reason, stream))
    return history


def line(seq: int, reason: str | None = None, stream: str = "vision") -> dict[str, object]:
    one = verdict(seq, reason, stream)
    return {**one.to_dict(), "words": [[w.text, w.confidence] for w in one.words]}


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


def test_the_timeline_writes_the_reason_into_the_shaded_span() -> None:
    chart = timeline(told(None, *["no_face"] * 9))
    areas = {series["name"]: series["markArea"]["data"] for series in chart["series"]}
    assert [(a["name"], a["xAxis"], b["xAxis"]) for a, b in areas["vision"]] == [
        ("no face", 0.25, 2.25)
    ]
    assert areas["text"] == areas["audio"] == []


def test_a_fast_run_sends_no_more_points_than_a_screen_shows() -> None:
    chart = timeline(told(*[None] * 239))
    assert all(len(series["data"]) <= 300 for series in chart["series"])


def test_the_spoken_sentence_changes_only_with_the_streams() -> None:
    assert said(line(1), ended=False) == said(line(2), ended=False) == "All streams are used."
    assert said(line(3, "dark"), ended=False) == "vision is not used: dark."


def test_transcripts_and_messages_are_escaped() -> None:
    assert "<b>" not in words(line(0)) and "&lt;b&gt;happy" in words(line(0))
    assert "<i>" not in drops({"<i>frames": 1})
    assert "<script>" not in events(told(None, "<script>"))
