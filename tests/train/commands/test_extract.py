"""`cdat-train extract` as a user sees it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("sklearn")
pytest.importorskip("pysubs2")

from fixtures.media import write_clip

from train.cli import main
from train.commands.extract import uneven


@pytest.fixture
def table(tmp_path: Path) -> Path:
    write_clip(tmp_path / "a.wav", 0.4, fps=None, codecs=("mpeg4", "pcm_s16le"))
    path = tmp_path / "table.csv"
    path.write_text("file,label,split\na.wav,calm,train\n[b].wav,calm,train\n")
    return path


def test_lines_while_it_runs_and_a_table_at_the_end(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table.write_text(table.read_text() + "a.wav,calm,train\n")
    with pytest.raises(SystemExit) as end:
        main(["extract", str(table), "--out", str(tmp_path / "out"), "--asr", "none"])
    assert not end.value.code
    shown = capsys.readouterr()
    assert shown.err == "1/1  a.wav: recorded\n"
    rows = [line.strip(" │").split() for line in shown.out.splitlines()]
    assert ["files", "1"] in rows and ["samples", "2"] in rows and ["persons", "1"] in rows
    assert ["samples", "of", "a", "person", "2"] in rows  # of one label: nothing to compare
    assert not any(row[:3] == ["persons", "with", "one"] for row in rows)
    assert ["calm", "│", "2"] in rows and ["files", "without", "a", "face", "1"] in rows
    assert "1        │ it does not exist" in shown.out
    assert shown.out.splitlines()[-1] == f"Written: {tmp_path / 'out'}"


def test_the_table_has_the_samples_of_persons_and_who_has_one_label_only(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = ["0,0.2,calm,ann", "0.2,0.4,tense,ann", "0,0.4,tense,ann", "0,0.4,calm,bob"]
    table.write_text("file,start,end,label,person\n" + "".join(f"a.wav,{one}\n" for one in rows))
    with pytest.raises(SystemExit) as end:
        main(["extract", str(table), "--out", str(tmp_path / "out"), "--asr", "none"])
    assert not end.value.code
    shown = [line.strip(" │").split() for line in capsys.readouterr().out.splitlines()]
    assert ["persons", "2"] in shown and ["samples", "of", "a", "person", "1", "to", "3"] in shown
    assert ["persons", "with", "one", "label", "only", "1"] in shown
    assert ["the", "most", "samples", "ann", "3", "(75", "%)"] in shown
    assert ["one", "sample", "only", "bob"] in shown


def test_of_many_persons_the_first_are_named_and_the_others_counted() -> None:
    many = {"ann": 50, "bob": 20, "cid": 10, "dan": 8, "eve": 7} | {f"p{k}": 1 for k in range(5)}
    assert uneven(many) == {
        "the most samples": "ann 50 (50 %), bob 20 (20 %), cid 10 (10 %), dan 8 (8 %) and 1 more",
        "one sample only": "p0, p1, p2, p3 and 1 more",
    }


def test_a_terminal_has_a_bar_and_json_alone_is_on_standard_output(
    table: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # a terminal, for rich
    table.write_text("file\na.wav\n")
    with pytest.raises(SystemExit) as end:
        main(["extract", str(table), "--out", str(tmp_path / "out"), "--asr", "none", "--json"])
    assert not end.value.code
    shown = capsys.readouterr()
    assert "1/1" in shown.err and "time left" in shown.err
    result = json.loads(shown.out)
    assert result["labels"] == {"(no label)": {"(uncut)": 1}} and result["files"] == 1


@pytest.mark.parametrize(
    ("source", "out", "sentence"),
    [
        (".", "inner", "is inside"),
        ("table.csv", "out", "the label 'calm' is used once"),
        ("gone", "out", "is not a folder, and not a table"),
    ],
)
def test_misuse_is_one_sentence_and_leaves_nothing(
    table: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    source: str,
    out: str,
    sentence: str,
) -> None:
    table.write_text("file,label\na.wav,calm\n")
    with pytest.raises(SystemExit) as end:
        main(["extract", str(tmp_path / source), "--out", str(tmp_path / out)])
    assert end.value.code == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("cdat-train: ") and sentence in line
    assert not (tmp_path / out).exists()
