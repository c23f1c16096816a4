"""The latency's parts on the page add up, and each is explained."""

from __future__ import annotations

import re

import pytest
from fixtures.verdicts import verdict

from edge.dashboard import latency_chart
from edge.dashboard.history import History
from edge.dashboard.latency_chart import APART, PARTS, explained, latencies, typical


def told(count: int) -> History:
    history = History()
    for seq in range(count):
        history.add({**verdict(seq).to_dict(), "words": []})
    return history


def test_the_parts_of_the_bar_add_up_to_the_total() -> None:
    bars = {bar["name"]: bar["data"] for bar in latencies(told(9))["series"]}
    assert set(bars) == {*PARTS, "total", "engine"}  # vision and audio are in no sum
    assert sum(bars[part][0] for part in PARTS) == pytest.approx(2.5)
    assert {bar["stack"] for bar in latencies(told(9))["series"]} == {"step"}
    assert bars["engine"] == [None, 0.6]  # a bar of its own, on the same scale


def test_the_number_beside_the_bar_is_the_typical_total() -> None:
    (total,) = [bar for bar in latencies(told(9))["series"] if bar["name"] == "total"]
    assert total["label"]["formatter"] == "2.50 ms"


def test_each_part_has_a_line_and_the_numbers_add_up_in_the_table() -> None:
    rows = re.findall(
        r"<tr[^>]*><th scope=row>(?:<span[^>]*></span>)?(\w+).*?</tr>", explained(told(9))
    )
    assert rows == [*PARTS, "total", "engine", *APART]
    means = [float(ms) for ms in re.findall(r"<td class=n>([\d.]+)</td><td", explained(told(9)))]
    assert sum(means[:4]) == pytest.approx(means[4])
    assert "24% of the total" in explained(told(9))
    assert explained(told(9)).count("in no sum") == 2


def test_the_typical_step_is_found_once_for_all_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[History] = []

    def counted(history: History) -> dict[str, float]:
        asked.append(history)
        return typical(history)

    monkeypatch.setattr(latency_chart, "typical", counted)
    history = told(9)
    assert "2.50" in explained(history)
    assert asked == [history]


def test_a_step_that_the_machine_kept_waiting_is_not_typical() -> None:
    history = told(9)
    late = verdict(9).to_dict()
    late["latency_ms"] |= {"wait": 1000.0, "total": 1001.3}
    history.add({**late, "words": []})
    found = typical(history)
    assert found["wait"] == pytest.approx(0.2) and found["total"] < 4
    assert sum(found[part] for part in PARTS) == pytest.approx(found["total"])


def test_a_run_without_verdicts_has_an_empty_bar() -> None:
    assert "0.00 ms" in str(latencies(History())) and "engine" not in explained(History())
