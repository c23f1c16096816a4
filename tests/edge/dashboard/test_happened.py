"""Events of the run and clock time on the page's time axis."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fixtures.verdicts import verdict

from edge.dashboard.charts import timeline
from edge.dashboard.happened import Happened
from edge.dashboard.history import History
from edge.dashboard.tables import events
from edge.dashboard.upright import upright
from edge.dashboard.wall import WallClock
from edge.types import STREAMS


def told(count: int, **more: Any) -> History:
    history = History()
    for seq in range(count):
        reason = "dark" if seq == 2 else None
        history.add({**verdict(seq, reason).to_dict(), "words": [], **more})
    return history


def happened(seq: float) -> Happened:
    return Happened(round(5e9 + seq * 0.25e9), "device_lost", "<camera> is lost.")


def test_an_event_is_listed_among_the_changes_of_the_streams_by_its_time() -> None:
    history = told(9)
    history.tell(happened(2.5))
    texts = [event.text for event in history.all_events()]
    assert texts == ["is dropped: dark", "<camera> is lost.", "is used again"]
    assert "&lt;camera&gt; is lost." in events(history)


def test_an_event_before_the_first_step_is_kept_and_stands_at_the_beginning() -> None:
    history = History()
    history.tell(happened(-20))
    assert "is lost" in events(history)
    history.add({**verdict(0).to_dict(), "words": []})
    assert history.happened[0].t_s == 0


def test_of_a_file_an_event_stands_at_the_newest_step() -> None:
    history = told(9, media_s=[0.0, 1.0])
    history.tell(happened(10**6))  # the clock's time, not the file's
    assert history.happened[0].t_s == 2.0


def test_each_row_has_a_dotted_line_for_an_event_and_its_name_is_below_the_band() -> None:
    history = told(9)
    history.tell(happened(4))
    history.tell(happened(99))  # after the last step
    *rows, names = upright(history, whole=True, at_s=None, ended=True)
    assert len(rows) == 1 + len(STREAMS)
    for row in rows:
        assert [line["xAxis"] for line in row["markLine"]["data"]] == [1.0, 2.0]
    assert [one["name"] for one in names["data"]] == ["device lost", "device lost"]


def test_the_name_of_an_event_is_not_over_the_word_now() -> None:
    history = told(161)  # 40 s
    for seq in (40, 152):  # 30 s and 2 s ago
        history.tell(happened(seq))
    *_, names = upright(history, whole=False, at_s=None, ended=False)
    told_of = [(one["value"][0], one["label"]["position"]) for one in names["data"]]
    assert told_of == [(38.0, "left"), (10.0, "right"), (40.0, "right")]


def test_now_has_a_line_until_the_run_has_ended() -> None:
    history = told(9)
    for ended in (False, True):
        *rows, names = upright(history, whole=False, at_s=None, ended=ended)
        lines = [line["xAxis"] for line in rows[0]["markLine"]["data"] if line["name"] == "now"]
        assert lines == ([] if ended else [2.0])
        assert ("now" in [one["name"] for one in names["data"]]) is not ended


def test_what_verdicts_and_marks_show_is_no_event_of_the_page() -> None:
    assert Happened.of(0, "stream", {"stream": "vision", "state": "used", "reason": None}) is None
    assert Happened.of(0, "mark", {"at_ns": 1}) is None
    skipped = Happened.of(0, "limit_hit", {"limit": "window.duration_s", "skipped": 5})
    assert skipped is not None and skipped.sentence.startswith("5 steps were skipped")


def test_the_axis_of_a_live_run_has_round_clock_times() -> None:
    history = told(9)
    label = timeline(history, whole=False)["xAxis"][-1]["axisLabel"]
    zero = datetime.fromisoformat("2025-11-26T12:00:05+00:00").astimezone()
    assert history.wall.when(1.0) == f"{zero.replace(second=6):%H:%M:%S} (1.0 s)"
    assert label["customValues"] == [5.0, 15.0, 25.0, 35.0, 45.0, 55.0]  # seconds 10, 20, ...


def test_the_axis_of_a_file_has_the_seconds_of_the_file() -> None:
    history = told(9, media_s=[0.0, 1.0])
    label = timeline(history, whole=False)["xAxis"][-1]["axisLabel"]
    assert history.wall.when(1.0) == "1.0 s"
    assert label["formatter"] == "{value} s" and "customValues" not in label


def test_the_axis_follows_a_clock_that_was_set_and_does_not_tremble() -> None:
    wall = WallClock()
    seen = []
    for second, shown in enumerate(("00:00.000", "00:01.020", "07:02.000")):
        wall.add(second, {"media_s": None, "wall_time": f"2025-11-26T12:{shown}Z"})
        seen.append(wall.zero_s)
    assert None not in seen and seen[0] == seen[1] and seen[2] == (seen[0] or 0) + 420
