"""The table of several files: its figures, its lines, and its CSV."""

from __future__ import annotations

import csv
import io
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from fixtures.verdicts import a_number, abstaining, several_labels, verdict
from rich.cells import cell_len
from rich.console import Console

from edge.commands.files_summary import SummaryFile
from edge.commands.files_table import Row, drawn, lines_of
from edge.commands.tally import Tally
from edge.errors import ConfigError, SinkError
from edge.recognition.verdict import Verdict
from edge.types import STREAMS


def at_s(end_s: float, one: Verdict) -> Verdict:
    return replace(one, media_s=(0.0, end_s))


def row(shown: str, *verdicts: Verdict) -> Row:
    tally = Tally()
    for place, one in enumerate(verdicts, 1):
        tally.add(at_s(place / 4, one))
    return Row(shown, tally)


def happy_and_sad() -> Row:
    sad = replace(verdict(1), label="sad", confidence=0.4)
    return row("a.mp4", verdict(0), sad, verdict(2, "dark"), abstaining(3))


def test_shares_are_of_all_verdicts_and_the_confidence_of_the_given_answers() -> None:
    tally = happy_and_sad().tally
    assert (tally.length_s, tally.verdicts, tally.unsure) == (1.0, 4, 1)
    assert tally.label == ("happy", 0.5)
    assert tally.confidence == pytest.approx((0.8 + 0.4 + 0.8) / 3)
    assert [tally.used(stream) for stream in STREAMS] == [0.75, 0.75, 0.5]


def test_several_labels_and_numbers_have_figures_of_their_own() -> None:
    labels = row("a", *(several_labels(i, given) for i, given in enumerate([("joy", "awe"), ()])))
    assert labels.tally.labels == {"joy": 1, "awe": 1, "none of the labels": 1}
    numbers = row("b", *(a_number(i, value) for i, value in enumerate([1.0, 2.0, None, -3.0])))
    assert (numbers.tally.value, numbers.tally.label, numbers.tally.unsure) == (1.0, None, 1)
    assert "mood 1 points" in lines_of([numbers], STREAMS, 1)[1]


def test_the_table_tells_each_file_its_error_and_the_totals() -> None:
    bad = Row("deep/bad.mp4", error="deep/bad.mp4 is no media file: give another.")
    cut = row("cut.mp4", verdict(0))
    cut.error = "cut.mp4 is truncated."
    left = replace(row("left.mp4", verdict(0)), stopped=True)
    head, *lines, total = lines_of([happy_and_sad(), bad, cut, left], ("audio", "vision"), 9)
    assert head.split() == (
        ["file", "length", "verdicts", "answer", "share", "conf.", "audio", "vision"]
    )
    assert lines[0].split() == ["a.mp4", "1.0", "s", "4", "happy", "50%", "0.67", "75%", "50%"]
    assert lines[1].split()[:3] == ["deep/bad.mp4", "-", "-"] and lines[1].endswith(bad.told)
    assert "100%" in lines[2] and lines[2].endswith("cut.mp4 is truncated.")
    assert lines[3].endswith("stopped before its end")
    assert total.startswith("4 of 9 files, 2 failed")
    assert total.split()[6:] == ["1.5", "s", "6", "happy", "67%", "0.72", "83%", "67%"]


def test_wide_letters_keep_the_columns() -> None:
    wide, narrow = map(cell_len, lines_of([row("音", verdict(0))], STREAMS, 1)[1:])
    assert wide == narrow


def test_in_a_narrow_terminal_names_are_folded_and_errors_are_below() -> None:
    bad = Row("[deep]/" + "long" * 20 + ".mp4", error="[deep] " + "is damaged " * 12 + "indeed.")
    console = Console(width=80, file=io.StringIO(), markup=False)
    left = replace(row("left.mp4", verdict(0)), stopped=True)
    console.print(drawn([happy_and_sad(), bad, left], STREAMS, 3))
    told = console.file.getvalue()  # type: ignore[attr-defined]
    assert all(cell_len(line) <= 80 for line in told.splitlines())
    first = next(line for line in told.splitlines() if line.startswith("a.mp4"))
    assert first.split()[1:] == ["1.0", "s", "4", "happy", "50%", "0.67", "75%", "75%", "50%"]
    assert "failed" in told
    below = f"{bad.error} left.mp4: stopped before its end."
    assert " ".join(told.split()).endswith(below)


def test_the_summary_has_a_row_a_file_and_no_totals(tmp_path: Path) -> None:
    place = tmp_path / "out.csv"
    place.write_text("old")
    noted = happy_and_sad()
    noted.notes = ["It has no sound.", 'It is "old", very.']
    with closing(SummaryFile(str(place), [], ("audio", "vision"))) as file:
        file.add(noted)
        file.add(Row("bad.mp4", error="bad.mp4 is empty."))
        with place.open(newline="") as written:  # each row is there at once
            first, second = csv.DictReader(written)
    assert first == {
        **{"file": "a.mp4", "length_s": "1.000", "verdicts": "4", "unsure": "1"},
        **{"label": "happy", "share": "0.5", "value": "", "confidence": "0.6667"},
        **{"text": "", "audio": "0.75", "vision": "0.5", "error": ""},
        "notes": 'It has no sound. It is "old", very.',
    }
    assert (second["verdicts"], second["label"], second["audio"]) == ("0", "", "")
    assert second["error"] == "bad.mp4 is empty."


def test_a_summary_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    clip = tmp_path / "clip.csv"
    clip.write_bytes(b"mine")
    with pytest.raises(ConfigError, match=r"out.txt: give a name that ends in .csv"):
        SummaryFile(str(tmp_path / "out.txt"), [], STREAMS)
    with pytest.raises(ConfigError, match="is one of the files"):
        SummaryFile(str(clip), [clip], STREAMS)
    with pytest.raises(SinkError, match=r"out.csv cannot be written: No such file"):
        SummaryFile(str(tmp_path / "no" / "out.csv"), [], STREAMS)
    assert clip.read_bytes() == b"mine"
