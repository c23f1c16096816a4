"""From verdicts to spans of time."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from fixtures.verdicts import a_number, abstaining, several_labels, verdict
from fixtures.written import of_film, write_verdicts
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.annotation.lines import NumberLine
from edge.annotation.spans import Span, Spans, rounded, spans_of
from edge.annotation.verdicts import Verdicts
from edge.recognition.verdict import Verdict


def spans(path: Path, *verdicts: Verdict, unsure: bool = True) -> Spans:
    return spans_of(Verdicts(write_verdicts(path / "v.jsonl", verdicts)), unsure)


def plain(track: list[Span]) -> list[tuple[int, int, str]]:
    return [(span.begin_ms, span.end_ms, span.text) for span in track]


def test_the_same_answer_is_one_span_with_its_mean_confidence(tmp_path: Path) -> None:
    steps = [of_film(replace(verdict(seq), confidence=0.1 * seq)) for seq in range(4)]
    track = spans(tmp_path, *steps, of_film(replace(verdict(4), label="sad"))).answers
    assert plain(track) == [(0, 1000, "happy"), (1000, 1250, "sad")]
    assert track[0].confidence == pytest.approx(0.15)


def test_a_withheld_answer_parts_two_spans_or_leaves_a_gap(tmp_path: Path) -> None:
    steps = [of_film(one) for one in (verdict(0), abstaining(1), verdict(2))]
    told = [(0, 250, "happy"), (250, 500, "unsure"), (500, 750, "happy")]
    assert plain(spans(tmp_path, *steps).answers) == told
    assert plain(spans(tmp_path, *steps, unsure=False).answers) == [told[0], told[2]]


def test_a_label_called_unsure_is_not_a_withheld_answer(tmp_path: Path) -> None:
    named = replace(verdict(0), label="unsure", scores={"unsure": 0.9, "sad": 0.1})
    withheld = replace(verdict(1), label=None, scores=named.scores)
    track = spans(tmp_path, of_film(named), of_film(withheld)).answers
    assert [span.unsure for span in track] == [False, True]


def test_several_labels_are_one_answer_in_any_order_and_a_span_each(tmp_path: Path) -> None:
    given_labels = [("happy", "sad"), ("sad", "happy"), ("sad",), (), None]
    steps = [of_film(several_labels(seq, labels)) for seq, labels in enumerate(given_labels)]
    all_spans = spans(tmp_path, *steps)
    assert plain(all_spans.answers) == [
        (0, 500, "happy, sad"),
        (500, 750, "sad"),
        (750, 1000, "none of the labels"),
        (1000, 1250, "unsure"),
    ]
    codes = [(0, 500, "happy"), (0, 750, "sad"), (1000, 1250, "unsure")]
    assert plain(all_spans.codes()) == codes


def test_a_number_is_rounded_so_that_it_does_not_change_with_every_verdict(tmp_path: Path) -> None:
    values = (1.21, 1.19, 1.34, None)
    steps = [of_film(a_number(seq, value)) for seq, value in enumerate(values)]
    told = [(0, 500, "1.2 points"), (500, 750, "1.3 points"), (750, 1000, "unsure")]
    assert plain(spans(tmp_path, *steps).answers) == told


@pytest.mark.parametrize(
    ("value", "low", "high", "told"),
    [
        (-0.01, -3, 3, "0.0"),
        (0.123456, 0, 1, "0.12"),
        (4321.0, 0, 100_000, "4000"),
        (3e-10, 0, 1e-9, "0.0000000003"),
        (1.5, -1.7e308, 1.7e308, "1.5"),
    ],
)
def test_rounding_follows_the_range(value: float, low: float, high: float, told: str) -> None:
    text = rounded(value, NumberLine(name="n", unit="", low=low, high=high))
    assert float(text) == float(told) and not text.startswith("-")


def test_a_drop_is_a_span_of_its_stream_with_the_reason(tmp_path: Path) -> None:
    reasons = (None, "dark", "dark", "blurred", None)
    steps = [of_film(verdict(seq, reason)) for seq, reason in enumerate(reasons)]
    drops = spans(tmp_path, *steps).drops
    assert plain(drops["vision"]) == [(250, 750, "dark"), (750, 1000, "blurred")]
    assert not drops["audio"] and not drops["text"]


def test_a_run_without_a_film_counts_from_its_first_window(tmp_path: Path) -> None:
    track = spans(tmp_path, verdict(0), verdict(1), replace(verdict(2), label="sad")).answers
    assert plain(track) == [(0, 3250, "happy"), (3250, 3500, "sad")]


def test_verdicts_from_before_the_film_are_counted_and_left_out(tmp_path: Path) -> None:
    path = write_verdicts(tmp_path / "v.jsonl", [verdict(0), of_film(verdict(1))])
    run = Verdicts(path)
    assert (run.timeless, len(run), [one.line.seq for one in run]) == (1, 1, [1])


def test_lost_verdicts_leave_a_gap_only_where_no_window_reaches(tmp_path: Path) -> None:
    steps = [of_film(verdict(seq)) for seq in (0, 6, 40)]
    assert plain(spans(tmp_path, *steps).answers) == [(0, 1750, "happy"), (7250, 10250, "happy")]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from(["neutral", "happy", "sad", None]), min_size=1, max_size=30))
def test_spans_cover_the_run_once_and_neighbours_differ(
    tmp_path_factory: pytest.TempPathFactory, labels: list[str | None]
) -> None:
    steps = [of_film(replace(verdict(i), label=label)) for i, label in enumerate(labels)]
    track = spans(tmp_path_factory.mktemp("run"), *steps).answers
    assert (track[0].begin_ms, track[-1].end_ms) == (0, 250 * len(labels))
    for one, after in pairwise(track):
        assert one.end_ms == after.begin_ms and one.text != after.text
