"""`cdat-edge convert`: from a run to the files of people who annotate, and what it refuses."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from fixtures.command import Cli, cli, complaint
from fixtures.verdicts import several_labels, verdict
from fixtures.written import of_film, write_verdicts

__all__ = ["cli"]

CLIP = Path(__file__).parents[2] / "edge" / "assets" / "demo_speech.opus"


def lines(path: Path, *texts: str) -> str:
    path.write_text("".join(f"{text}\n" for text in texts), "utf-8")
    return str(path)


def line(seq: int = 0, **changes: object) -> str:
    return json.dumps({**of_film(verdict(seq)).to_dict(), **changes})


def test_a_run_of_a_file_becomes_subtitles_and_a_table_of_its_length(
    cli: Cli, tmp_path: Path
) -> None:
    source = tmp_path / "film.jsonl"
    code, _, error = cli(
        "run", "--file", str(CLIP), "--set", "asr.engine=none", "--jsonl", str(source)
    )
    assert code == 0, error
    last_s = json.loads(source.read_text("utf-8").splitlines()[-1])["media_s"][1]
    for to, name in (("csv", "film.csv"), ("vtt", "film.vtt")):
        code, told, error = cli("convert", str(source), "--to", to)
        assert code == 0 and name in told + error
    with (tmp_path / "film.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert len(table) == len(source.read_text("utf-8").splitlines())
    assert float(table[-1]["end_s"]) == last_s
    assert f"{last_s:.3f}"[-6:] in (tmp_path / "film.vtt").read_text("utf-8").splitlines()[-2]


def test_standard_output_has_the_file_alone(cli: Cli, tmp_path: Path) -> None:
    source = write_verdicts(tmp_path / "v.jsonl", [of_film(verdict(0))])
    told = "0.000000\t0.250000\thappy\n"
    assert cli("convert", str(source), "--to", "audacity", "--out", "-") == (0, told, "")


def test_withheld_answers_are_left_out_when_asked(cli: Cli, tmp_path: Path) -> None:
    source = write_verdicts(tmp_path / "v.jsonl", map(of_film, [several_labels(0, None)]))
    for extra, told in (((), "0.000000\t0.250000\tunsure\n"), (("--no-unsure",), "")):
        asked = ("convert", str(source), "--to", "audacity", "--out", "-", *extra)
        assert cli(*asked) == (0, told, "")


def test_verdicts_from_before_the_film_are_mentioned(cli: Cli, tmp_path: Path) -> None:
    source = write_verdicts(tmp_path / "v.jsonl", [verdict(0), of_film(verdict(1))])
    code, told, error = cli("convert", str(source), "--to", "vtt")
    assert code == 0 and "1 verdicts have no time on the film" in told + error


GOOD, NEXT = line(0), line(1)


@pytest.mark.parametrize(
    ("texts", "parts"),
    [
        ([], ["v.jsonl holds no verdict"]),
        (["", " "], ["v.jsonl holds no verdict"]),
        ([GOOD, NEXT[:100]], ["v.jsonl, line 2, is damaged, it is not JSON"]),
        ([GOOD, "", "[" * 100_000], ["v.jsonl, line 3, is damaged, it is not JSON"]),
        ([line(label="\ud800")], ["v.jsonl, line 1, is damaged, it is not JSON"]),
        (["[1, 2]"], ["v.jsonl, line 1, is not a verdict"]),
        (['{"t": "2026", "event": "run_began"}'], ["v.jsonl, line 1, is not a verdict", "--jsonl"]),
        ([GOOD, line(1, schema=1)], ["v.jsonl, line 2, has schema 1", "reads 2"]),
        ([line(schema=99)], ["v.jsonl, line 1, has schema 99"]),
        ([line(confidence=2)], ["v.jsonl, line 1, is damaged, `confidence`"]),
        ([line(confidence=float("nan"))], ["v.jsonl, line 1, is damaged, `confidence`"]),
        ([line(media_s=[2, 1])], ["line 1, is damaged, a window ends before"]),
        ([line(media_s=[0, 1e300])], ["line 1, is damaged, `media_s.1`"]),
        ([line(label="glad")], ["line 1, is damaged", "a label has no probability"]),
        ([line(streams={})], ["line 1, is damaged", "streams are not text, audio, vision"]),
        ([NEXT, GOOD], ["line 2, goes back in time (verdict 0 after 1)", "several runs"]),
        ([GOOD, line(1, media_s=[0, 0.1])], ["line 2, goes back in time"]),
        ([GOOD, line(2, session="door")], ["line 2, is of the session door", "has one session"]),
        ([GOOD, line(1, label=None, scores={"a": 1})], ["line 2, has other labels"]),
        ([GOOD, line(1, labels=[])], ["line 2, has other labels"]),
    ],
)
def test_a_file_that_cannot_be_converted_is_refused_with_its_line(
    cli: Cli, tmp_path: Path, texts: list[str], parts: list[str]
) -> None:
    complaint(cli("convert", lines(tmp_path / "v.jsonl", *texts), "--to", "csv"), *parts)
    assert len(list(tmp_path.iterdir())) == 1


def test_bytes_that_are_no_text_are_refused(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(bytes(range(256)) * 50)
    complaint(cli("convert", str(path), "--to", "vtt"), "film.mp4, line 1, is damaged")


def test_a_place_that_cannot_be_written_is_refused(cli: Cli, tmp_path: Path) -> None:
    source = lines(tmp_path / "v.jsonl", GOOD)
    kept = tmp_path / "v.csv"
    kept.write_text("mine", "utf-8")
    convert = ("convert", source, "--to", "csv")
    complaint(cli(*convert), f"{kept} exists", "--overwrite")
    complaint(cli(*convert, "--out", str(tmp_path)), f"{tmp_path} is a folder")
    missing = tmp_path / "no" / "v.csv"
    complaint(cli(*convert, "--out", str(missing)), str(missing), "does not exist")
    complaint(cli(*convert, "--out", source, "--overwrite"), "is the input itself")
    assert kept.read_text("utf-8") == "mine"
    assert cli(*convert, "--overwrite")[0] == 0
    assert kept.read_text("utf-8").startswith("begin_s,")


@pytest.mark.parametrize(
    ("to", "package"), [("csv", "csv"), ("vtt", "html"), ("elan", "pympi"), ("boris", "xlsxwriter")]
)
def test_a_full_disk_is_one_sentence_and_leaves_nothing(
    tmp_path: Path, to: str, package: str
) -> None:
    pytest.importorskip(package)
    steps = (of_film(replace(verdict(i), label=("happy", "sad")[i % 2])) for i in range(100))
    source = write_verdicts(tmp_path / "v.jsonl", steps)
    convert = f"ulimit -f 1; exec {sys.executable} -m edge convert {source} --to {to}"
    done = subprocess.run(["bash", "-c", convert], capture_output=True, text=True, timeout=60)
    complaint((done.returncode, done.stdout, done.stderr), "cannot be written: File too large")
    assert "Exception ignored" not in done.stderr
    assert list(tmp_path.iterdir()) == [source]


def test_a_source_that_is_no_file_and_a_format_that_is_none(cli: Cli, tmp_path: Path) -> None:
    missing = str(tmp_path / "no.jsonl")
    complaint(cli("convert", missing, "--to", "csv"), f"{missing} does not exist")
    complaint(cli("convert", str(tmp_path), "--to", "csv", "--out", "-"), "is not a regular file")
    complaint(cli("convert", missing, "--to", "srt"), "--to srt is not a format", "vtt", "boris")
