"""How the page and the terminal show several labels, and a number."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest
from fixtures.verdicts import verdict
from rich.console import Console

from edge.bundle.manifest import NumberSpec
from edge.dashboard.tables import answer, chips, said, scores, streams, words
from edge.recognition.verdict import Verdict
from edge.sinks.table import draw

VALENCE = NumberSpec(name="valence", unit="points", low=-50, high=50, mean=1, deviation=20)


def several(labels: tuple[str, ...] | None) -> Verdict:
    odds = {"joy": 0.9, "surprise": 0.4, "fear": 0.3}
    first = labels[0] if labels else None
    return replace(verdict(0), task="multilabel", label=first, labels=labels, scores=odds)


def number(value: float | None) -> Verdict:
    return replace(
        verdict(0), task="regression", label=None, scores={}, value=value, number=VALENCE
    )


def text_of(page: str) -> str:
    return re.sub("<[^>]+>", "", page)


def bold_rows(page: str) -> list[str]:
    return re.findall(r"<tr class=is-label><th scope=row>(\w+)<", page)


def on_terminal(one: Verdict) -> str:
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(draw(one))
    return console.export_text()


@pytest.mark.parametrize(
    ("labels", "shown"),
    [
        (("joy", "surprise"), "joy, surprise"),
        ((), "none of the labels"),
        (None, "abstains"),  # on the page: unsure
    ],
)
def test_several_labels_are_named_and_their_bars_are_bold(
    labels: tuple[str, ...] | None, shown: str
) -> None:
    one = several(labels)
    assert text_of(answer(one.to_dict())).startswith("unsure" if labels is None else shown)
    assert bold_rows(scores(one.to_dict())) == list(labels or ())
    assert shown in on_terminal(one)


def test_a_number_stands_on_its_scale() -> None:
    line = number(25.0).to_dict()
    assert answer(line).startswith("valence: 25 points")
    page = scores(line)
    assert "value=0.7500" in page and "<td class=n>-50</td>" in page and "<td>50</td>" in page
    assert "valence: 25 points" in on_terminal(number(25.0))


def test_a_number_that_is_withheld_has_no_bar() -> None:
    line = number(None).to_dict()
    assert text_of(answer(line)) == "valence: unsure"
    assert "<meter" not in scores(line)


def test_an_answer_that_is_withheld_is_unsure_and_has_no_number() -> None:
    line = replace(verdict(0), label=None, confidence=0.31).to_dict()
    assert text_of(answer(line)) == "unsure"
    assert text_of(answer(verdict(0).to_dict())) == "happy 0.80"


def test_a_word_that_may_be_revised_has_no_number() -> None:
    line = {"words": [["so", 0.95, True], ["hap", 0.7, False]]}
    page = words(line)
    assert "so<rt>0.95" in page and "<em>hap</em>" in page and "0.70" not in page


def test_chips_tell_in_plain_words_what_is_off() -> None:
    off = chips(verdict(0, "dark").to_dict())
    assert re.findall(r"<li class=chip-(\w+)>([^<]+)", off) == [
        ("wrong", "camera: off, dark"),
        ("on", "microphone: on"),
        ("on", "words: on"),
    ]
    waiting = verdict(0, "starting", "text", "absent").to_dict()
    assert "<li class=chip-idle>words: off, starting" in chips(waiting)


def test_a_label_that_is_awaited_is_told() -> None:
    line = replace(verdict(0, "starting", "vision", "used"), label=None).to_dict()
    assert "camera: on, too little yet<" in chips(line)
    assert said(line, False).endswith("The first answer is awaited: there is too little yet.")
    assert "awaited" not in said(verdict(0).to_dict(), False)
    dark = verdict(0, "dark", "vision", "used").to_dict()
    assert "camera: on, dark now<" in chips(dark) and "awaited" not in said(dark, False)


@pytest.mark.parametrize(("age_ms", "shown"), [(999.0, "999 ms"), (1851.0, "1.9 s")])
def test_long_ages_are_told_in_seconds(age_ms: float, shown: str) -> None:
    one = verdict(0)
    old = replace(one.streams["text"], age_ms=age_ms)
    line = replace(one, streams={**one.streams, "text": old}).to_dict()
    assert f"<td class=n>{shown}</td>" in streams(line)
