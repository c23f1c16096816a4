"""`cdat-train adapt-study --transfer`: composed words, shuffled pairs, what is gained over them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")

from edge.errors import DataError
from train.corpora.labels import LABELS
from train.corpora.lines import Lines
from train.corpora.recorded.samples import Sample
from train.evaluation.takes import Take
from train.studies.adapt.transfer_page import page, summary
from train.studies.adapt.words import shuffled, speechless, with_words


def takes_of(*labels: str) -> tuple[Take, ...]:
    return tuple(
        Take(Path(f"r{k}"), (Sample(f"s{k}", f"r{k}", 0.0, None, label, "p", "test", None),))
        for k, label in enumerate(labels)
    )


def lines_of(*told: tuple[str, str, str]) -> Lines:
    """Of texts, labels and splits."""
    texts, labels, splits = zip(*told, strict=True)
    places = np.array([LABELS.index(label) for label in labels])
    every = np.eye(len(LABELS), dtype=bool)[places]
    corpus = np.full(len(texts), "goemotions")
    return Lines(list(texts), places, every, corpus, np.array(splits), list(texts), {})


LINES = lines_of(
    ("what a lovely day", "happy", "test"),
    ("she is not happy", "sad", "test"),
    ("everything is so gloomy", "sad", "test"),
    ("seen in training often", "happy", "train"),
    ("short", "sad", "test"),
)


def said(take: Take) -> str:
    assert take.words is not None
    return " ".join(word.text for word in take.words)


def test_each_clip_is_given_a_test_line_of_its_own_label() -> None:
    takes = with_words(takes_of("happy", "sad", "happy", "sad"), LINES)
    for take in takes:
        (row,) = [k for k, text in enumerate(LINES.texts) if text == said(take)]
        assert LABELS[LINES.labels[row]] == take.samples[0].label and LINES.splits[row] == "test"
        assert len(said(take).split()) >= 3
        assert take.words is not None and take.words[-1].end_ns <= 2_000_000_000
    assert takes == with_words(takes_of("happy", "sad", "happy", "sad"), LINES)
    with pytest.raises(DataError, match="No line of 3 to 12 words has the label fear"):
        with_words(takes_of("fear"), LINES)


def test_no_line_is_said_twice_while_there_are_others() -> None:
    told = [(f"a line of number {number}", "happy", "test") for number in range(12)]
    takes = with_words(takes_of(*["happy"] * 18), lines_of(*told))
    assert len({said(one) for one in takes[:12]}) == 12
    assert len({said(one) for one in takes[12:]}) == 6


def test_shuffled_clips_have_the_same_words_but_not_their_own() -> None:
    takes = with_words(takes_of(*["happy", "sad"] * 10), LINES)
    mixed = shuffled(takes, 1)
    assert sorted(map(said, mixed)) == sorted(map(said, takes))
    assert [one.folder for one in mixed] == [one.folder for one in takes]
    assert sum(said(a) != said(b) for a, b in zip(takes, mixed, strict=True)) > 4
    assert [one.words for one in speechless(takes)] == [()] * 20


def row(person: str, pairs: str, gain: float, kept: bool = True, seed: int = 1) -> dict[str, Any]:
    before: dict[str, Any] = {"fused": {"accuracy_answered": 0.5}}
    before["voice"] = {"accuracy_answered": None}
    after = {"fused": {"accuracy_answered": 0.5 + gain}, "voice": before["voice"]}
    told = {"corpus": "ased", "person": person, "seed": seed, "pairs": pairs}
    return {**told, "before": before, "after": after, "kept": {"0": kept}, "because": {"0": ""}}


def test_the_gain_over_shuffled_pairs_is_of_the_same_persons() -> None:
    rows = [row(person, "own", 0.1) for person in "abcd"]
    rows += [row("e", "own", -0.1, kept=False), row("e", "own", 0.1, seed=2)]
    rows += [row(person, "shuffled", 0.02) for person in "abcd"]
    rows += [row("e", "shuffled", 0.0), row("e", "shuffled", 0.0, kept=False, seed=2)]
    found = summary(rows)["ased"]
    assert found["persons"] == 5 and found["cuts"] == 6 and found["kept"] == {"0": [5, 5]}
    fused = found["fused"]
    assert fused["gain"]["mean"] == pytest.approx(0.08)
    assert fused["over_shuffled"]["mean"] == pytest.approx((4 * 0.08 + 0.0) / 5)
    # What is not kept is no loss.
    assert fused["as_kept"]["0"]["mean"] == pytest.approx((4 * 0.1 + 0.05) / 5)
    assert found["voice"]["gain"]["mean"] is None
    settings = {"clips": 48, "persons": 8, "seeds": 2, "lines": "goemotions"}
    shown = page({"bundle": "b", "settings": settings, "summary": summary(rows)})
    assert "| voice and words | ASED | 5 | 50.0 | +8.0" in shown
    assert "| ASED | 0 | 5 of 6 | 5 of 6 | +9.0" in shown
