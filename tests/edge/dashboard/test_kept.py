"""The verdicts that the page offers for download."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import pytest
from fixtures.verdicts import STEP_NS, abstaining, verdict

from edge.dashboard import kept, tables
from edge.dashboard.kept import Kept, as_table
from edge.errors import VerdictFileError


def kept_of(count: int) -> Kept:
    all_of_them = Kept()
    for seq in range(count):
        all_of_them.add({**verdict(seq).to_dict(), "words": [["so", 0.9, True]]})
    return all_of_them


def test_lines_are_those_of_jsonl_without_single_words() -> None:
    lines = [json.loads(line) for line in kept_of(2).jsonl().splitlines()]
    whole = [json.loads(verdict(seq).to_json()) for seq in range(2)]
    assert [list(line) for line in lines] == [[k for k in one if k != "words"] for one in whole]
    assert lines == [{k: v for k, v in one.items() if k != "words"} for one in whole]


def test_the_verdict_of_a_time_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Kept().at(0) == []
    three = kept_of(3)
    first_ns, step_ns = verdict(0).span_ns[1], STEP_NS
    at = {-1: 0, 0: 0, step_ns - 1: 0, step_ns: 1, 99 * step_ns: 2}
    for after_ns, seq in at.items():
        (found,) = three.at(first_ns + after_ns)
        assert found["seq"] == seq
    monkeypatch.setattr(kept, "BYTES_LIMIT", 10_000)
    few = kept_of(100)
    (found,) = few.at(first_ns)  # not kept any more: the oldest that is
    assert found["seq"] == 100 - len(few)
    assert few.since_ns == found["span_ns"][1] and three.since_ns is None


def test_the_table_has_a_row_for_each_verdict_and_each_that_abstains() -> None:
    both = kept_of(1)
    both.add(abstaining(1).to_dict())
    rows = list(csv.DictReader(io.StringIO(as_table(both.jsonl()).decode())))
    assert [(row["seq"], row["label"], row["unsure"]) for row in rows] == [
        ("0", "happy", "0"),
        ("1", "", "1"),
    ]


def test_the_table_of_one_of_several_people_has_their_rows() -> None:
    several = Kept()
    several.add(replace(verdict(0), person=1).to_dict())
    several.join(replace(verdict(0), person=2, label="sad").to_dict())
    several.add(replace(verdict(1), person=1).to_dict())
    for person, labels in ((None, ["happy", "happy"]), (2, ["sad"])):
        table = as_table(several.jsonl(), person).decode()
        assert [row["label"] for row in csv.DictReader(io.StringIO(table))] == labels
    with pytest.raises(VerdictFileError, match="person 3"):
        as_table(several.jsonl(), 3)


def test_the_oldest_are_dropped_and_the_page_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "BYTES_LIMIT", 10_000)
    few = kept_of(100)
    assert len(few.jsonl()) <= 10_000
    assert json.loads(few.jsonl().splitlines()[-1])["seq"] == 99
    told = tables.kept(len(few), few.seen, ended=True)
    assert told == f"the newest {len(few)} of 100 verdicts"
    assert tables.kept(3, 3, ended=False) == "all 3 verdicts so far"
