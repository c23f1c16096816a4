"""Each format, read again by a reader of it; for one label, several labels and a number."""

from __future__ import annotations

import csv
import sys
from dataclasses import replace
from pathlib import Path

import pysubs2
import pytest
from fixtures.verdicts import a_number, abstaining, several_labels, verdict
from fixtures.written import of_film, write_verdicts

from edge.annotation.formats import FORMATS, write_whole
from edge.annotation.verdicts import Verdicts
from edge.errors import SinkError
from edge.recognition.mark import Mark
from edge.recognition.verdict import Verdict

LABEL = (verdict(0), verdict(1, "dark"), abstaining(2), replace(verdict(3), label="sad"))
LABELS = (
    several_labels(0, ("happy", "sad")),
    several_labels(1, ("sad",)),
    several_labels(2, ()),
    several_labels(3, None),
)
NUMBER = (a_number(0, 1.25), a_number(1, -3.0), a_number(2, None))


def written(folder: Path, to: str, steps: tuple[Verdict, ...], unsure: bool = True) -> Path:
    source = write_verdicts(folder / "v.jsonl", map(of_film, steps))
    out = source.with_suffix(FORMATS[to].suffix)
    write_whole(FORMATS[to], Verdicts(source), unsure, out)
    assert sorted(folder.iterdir()) == sorted([source, out])  # no part of a file is left
    return out


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_table_has_a_row_a_verdict_with_all_probabilities_and_streams(tmp_path: Path) -> None:
    table = rows(written(tmp_path, "csv", LABEL))
    assert [row["label"] for row in table] == ["happy", "happy", "", "sad"]
    assert [row["unsure"] for row in table] == ["0", "0", "1", "0"]
    assert (table[1]["begin_s"], table[1]["end_s"]) == ("0.000", "0.500")
    assert (table[0]["p_neutral"], table[0]["p_happy"], table[2]["p_happy"]) == ("0.2", "0.7", "")
    vision = [table[1][f"vision_{what}"] for what in ("state", "reliability", "reason")]
    assert vision == ["dropped", "0.05", "dark"]
    assert table[2]["confidence"] == "" and table[2]["audio_reason"] == "disconnected"


def test_the_table_tells_no_label_from_a_withheld_answer(tmp_path: Path) -> None:
    table = rows(written(tmp_path, "csv", LABELS))
    assert [row["labels"] for row in table] == ["happy|sad", "sad", "", ""]
    assert [row["unsure"] for row in table] == ["0", "0", "0", "1"]


def test_the_table_says_whether_a_correction_is_on_also_of_a_file_without_it(
    tmp_path: Path,
) -> None:
    corrections = (None, (), ("audio", "vision"))
    steps = tuple(replace(verdict(seq), corrected=c) for seq, c in enumerate(corrections))
    out = written(tmp_path, "csv", steps)
    assert [row["corrected"] for row in rows(out)] == ["off", "on", "audio|vision"]
    # After the columns that tables had before, for those who read them by their place.
    assert list(rows(out)[0])[-2:] == ["marks", "corrected"]
    out.unlink()
    old = tmp_path / "v.jsonl"  # as an earlier version wrote it
    old.write_text(old.read_text("utf-8").replace(', "corrected": false', ""), "utf-8")
    write_whole(FORMATS["csv"], Verdicts(old), True, out)
    assert [row["corrected"] for row in rows(out)] == ["", "on", "audio|vision"]


def test_the_table_has_the_number_unrounded(tmp_path: Path) -> None:
    table = rows(written(tmp_path, "csv", NUMBER, unsure=False))
    told = [(row["value"], row["number"], row["unit"]) for row in table]
    assert told == [("1.25", "mood", "points"), ("-3.0", "mood", "points")]


def cues(path: Path) -> list[tuple[int, int, str]]:
    assert path.read_text("utf-8").startswith("WEBVTT\n\n")
    subtitles = pysubs2.load(str(path), format_="vtt")
    return [(cue.start, cue.end, cue.plaintext) for cue in subtitles]


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        (LABEL, ["happy (0.80)", "unsure", "sad (0.80)"]),
        (LABELS, ["happy, sad (0.80)", "sad (0.80)", "none of the labels (0.80)", "unsure"]),
        (NUMBER, ["mood: 1.2 points (0.80)", "mood: -3.0 points (0.80)", "unsure"]),
    ],
)
def test_subtitles(tmp_path: Path, steps: tuple[Verdict, ...], told: list[str]) -> None:
    subtitles = cues(written(tmp_path, "vtt", steps))
    assert [text for _, _, text in subtitles] == told
    assert (subtitles[0][0], subtitles[-1][1]) == (0, 250 * len(steps))


def test_subtitles_of_hours_and_of_labels_that_look_like_markup(tmp_path: Path) -> None:
    odd = "a --> b\n\n<i>&"
    late = replace(
        verdict(0), media_s=(36_000.0, 36_003.25), label=odd, scores={odd: 0.5, "b": 0.5}
    )
    source = write_verdicts(tmp_path / "v.jsonl", [late])
    write_whole(FORMATS["vtt"], Verdicts(source), True, tmp_path / "v.vtt")
    text = (tmp_path / "v.vtt").read_text("utf-8")
    cue = "10:00:00.000 --> 10:00:03.250\na --&gt; b &lt;i&gt;&amp; (0.80)\n"
    assert text == f"WEBVTT\n\n{cue}"


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        (LABEL, ["0.0 0.5 happy", "0.5 0.75 unsure", "0.75 1.0 sad"]),
        (LABELS, ["0.0 0.25 happy", "0.0 0.5 sad", "0.75 1.0 unsure"]),
        (NUMBER, ["0.0 0.25 1.2 points", "0.25 0.5 -3.0 points", "0.5 0.75 unsure"]),
    ],
)
def test_audacity_labels(tmp_path: Path, steps: tuple[Verdict, ...], told: list[str]) -> None:
    lines = written(tmp_path, "audacity", steps).read_text("utf-8").splitlines()
    fields = [line.split("\t") for line in lines]
    assert [f"{float(begin)} {float(end)} {text}" for begin, end, text in fields] == told


DROPPED = {"text dropped", "audio dropped", "vision dropped"}


@pytest.mark.parametrize(
    ("steps", "tiers"),
    [
        (LABEL, {"emotion": [(0, 500, "happy"), (500, 750, "unsure"), (750, 1000, "sad")]}),
        (
            LABELS,
            {
                "emotion": [
                    (0, 250, "happy, sad"),
                    (250, 500, "sad"),
                    (500, 750, "none of the labels"),
                    (750, 1000, "unsure"),
                ],
                "emotion: neutral": [],
                "emotion: happy": [(0, 250, "happy")],
                "emotion: sad": [(0, 500, "sad")],
            },
        ),
        (
            NUMBER,
            {
                "emotion: mood": [
                    (0, 250, "1.2 points"),
                    (250, 500, "-3.0 points"),
                    (500, 750, "unsure"),
                ]
            },
        ),
    ],
)
def test_elan_tiers(
    tmp_path: Path, steps: tuple[Verdict, ...], tiers: dict[str, list[tuple[int, int, str]]]
) -> None:
    pympi = pytest.importorskip("pympi")
    document = pympi.Eaf(str(written(tmp_path, "elan", steps)))
    assert set(document.get_tier_names()) == set(tiers) | DROPPED
    for tier, marked in tiers.items():
        assert sorted(document.get_annotation_data_for_tier(tier)) == marked
    if steps is LABEL:
        drops = sorted(document.get_annotation_data_for_tier("vision dropped"))
        assert drops == [(250, 500, "dark"), (500, 750, "disconnected")]


@pytest.mark.parametrize(
    ("steps", "events"),
    [
        (
            LABEL,
            ["0 happy", "0.5 happy", "0.5 unsure", "0.75 unsure", "0.75 sad", "1 sad"],
        ),
        (
            LABELS,
            ["0 happy", "0 sad", "0.25 happy", "0.5 sad", "0.75 unsure", "1 unsure"],
        ),
        (
            NUMBER,
            [
                "0 mood 1.2",
                "0.25 mood 1.2",
                "0.25 mood -3.0",
                "0.5 mood -3.0",
                "0.5 unsure",
                "0.75 unsure",
            ],
        ),
    ],
)
def test_boris_events(tmp_path: Path, steps: tuple[Verdict, ...], events: list[str]) -> None:
    pytest.importorskip("xlsxwriter")
    openpyxl = pytest.importorskip("openpyxl")
    sheet = openpyxl.load_workbook(written(tmp_path, "boris", steps)).worksheets[0]
    header, *told = sheet.iter_rows(values_only=True)
    assert header == ("time", "subject", "code", "modifier", "comment")
    shown = [f"{time:g} {code} {modifier or ''}" for time, _, code, modifier, _ in told]
    assert [text.rstrip() for text in shown] == events
    assert told[0][4] == "confidence 0.80" and told[-1][4] is None


@pytest.mark.parametrize(("to", "module"), [("elan", "pympi"), ("boris", "xlsxwriter")])
def test_a_missing_package_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, to: str, module: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(SinkError, match=rf"--to {to} needs .*cdat-edge\[annotation\]"):
        written(tmp_path, to, LABEL)


def test_a_failed_write_leaves_what_was_there(tmp_path: Path) -> None:
    source = write_verdicts(tmp_path / "v.jsonl", [of_film(verdict(0))])
    out = tmp_path / "v.vtt"
    out.write_text("mine", "utf-8")

    def full(*_: object) -> str:
        raise OSError(28, "No space left on device")

    with pytest.raises(SinkError, match="No space left"):
        write_whole(FORMATS["vtt"]._replace(write=full), Verdicts(source), True, out)
    assert out.read_text("utf-8") == "mine" and len(list(tmp_path.iterdir())) == 2


def marked(*texts: str) -> tuple[Verdict, ...]:
    """Two verdicts; the second has marks from 0.3 s on, a tenth of a second apart."""
    begin_ns = verdict(1).span_ns[1] - 200_000_000
    marks = tuple(Mark(begin_ns + i * 100_000_000, text) for i, text in enumerate(texts))
    return verdict(0), replace(verdict(1), marks=marks)


def test_marks_are_in_the_table_and_are_point_labels_of_audacity(tmp_path: Path) -> None:
    steps = marked("a smile", "")
    assert [row["marks"] for row in rows(written(tmp_path, "csv", steps))] == ["", "a smile|mark"]
    (tmp_path / "v.csv").unlink()
    lines = written(tmp_path, "audacity", steps).read_text("utf-8").splitlines()
    assert lines[1:] == ["0.300000\t0.300000\tmark: a smile", "0.400000\t0.400000\tmark: mark"]


def test_marks_are_a_tier_of_elan_without_overlap(tmp_path: Path) -> None:
    from pympi import Eaf

    document = Eaf(str(written(tmp_path, "elan", marked("one", "two"))))
    found = [tuple(one[:3]) for one in document.get_annotation_data_for_tier("marks")]
    assert sorted(found) == [(300, 400, "one"), (400, 600, "two")]


def test_marks_are_point_events_of_boris(tmp_path: Path) -> None:
    from openpyxl import load_workbook

    sheet = load_workbook(written(tmp_path, "boris", marked("one", ""))).active
    found = [row for row in sheet.iter_rows(values_only=True) if row[2] == "mark"]
    assert found == [(0.3, None, "mark", None, "one"), (0.4, None, "mark", None, "mark")]
