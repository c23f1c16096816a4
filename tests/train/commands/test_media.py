"""`evaluate` and `adapt` on media files, which they extract first."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")

from fixtures.media import write_clip
from fixtures.recorded import write_recorded
from fixtures.waiting import eventually

from train.cli import main
from train.commands.media import Extraction

ROOT = Path(__file__).parents[3]
LABELS = ("happy", "neutral")


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    for label in LABELS:
        for person in "ab":
            folder = tmp_path / "clips" / label
            folder.mkdir(parents=True, exist_ok=True)
            write_clip(folder / f"{person}.wav", 1.6, fps=None, codecs=("mpeg4", "pcm_s16le"))
    return tmp_path / "clips"


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def call(*arguments: object) -> int:
    with pytest.raises(SystemExit) as end:
        main(list(map(str, arguments)))
    return int(end.value.code or 0)


def told(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_label_folders_are_scored_and_what_was_extracted_is_removed(
    clips: Path,
    temporary: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # a terminal, for rich
    person = ("--person-from", r"/([ab])\.")
    assert call("evaluate", "default", clips, "--asr", "none", "--json", *person) == 0
    shown = capsys.readouterr()
    assert "files, time left" in shown.err and "recordings, time left" in shown.err
    report = json.loads(shown.out)
    assert report["corpus"] == "clips" and report["recordings"] == 4 and report["persons"] == 2
    assert set(report["labels_in_common"]) == set(LABELS)
    assert report["verdicts"]["clean"]["scores"]["samples"] == 4
    assert not list(temporary.iterdir())


def test_a_kept_corpus_is_completed_by_the_next_call_and_measured_as_one(
    clips: Path, temporary: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "kept"
    options = ("--asr", "none", "--json", "--keep", kept)
    assert call("evaluate", "default", clips, *options) == 0
    first = told(capsys)
    made = {path: path.stat().st_mtime_ns for path in kept.glob("recordings/*/events.jsonl")}
    assert len(made) == 4
    assert call("evaluate", "default", clips, *options) == 0
    assert told(capsys) == first
    assert {path: path.stat().st_mtime_ns for path in made} == made
    assert call("evaluate", "default", kept, "--json") == 0
    assert told(capsys) == first


def test_a_table_gives_labels_and_spans(
    clips: Path, temporary: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [f"clips/{label}/{who}.wav,0,1.5,{label}" for label in LABELS for who in "ab"]
    table = tmp_path / "table.csv"
    table.write_text("\n".join(["file,start,end,label", *rows]) + "\n")
    assert call("evaluate", "default", table, "--asr", "none", "--json") == 0
    assert told(capsys)["verdicts"]["clean"]["scores"]["samples"] == 4


@pytest.mark.parametrize("keep", [".", "..", "k"])
def test_the_reference_is_kept_beside_the_other_corpus(
    keep: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "above" / "here"
    here.mkdir(parents=True)
    monkeypatch.chdir(here)
    kept = {".": here, "..": here.parent, "k": here / "k"}[keep]
    found = Extraction(keep=Path(keep)).beside("reference").keep
    assert found == kept.with_name(f"{kept.name}-reference")


def test_it_is_told_which_of_two_sources_is_kept_and_where(
    clips: Path, temporary: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus = write_recorded(tmp_path / "corpus", ("neutral", "happy", "sad"), 1)
    kept = tmp_path / "kept"
    call(
        *("adapt", "default", corpus, "--out", tmp_path / "out", "--reference", clips),
        *("--keep", kept, "--asr", "none"),
    )
    told = capsys.readouterr().err
    assert f"{clips} is kept as a corpus in {kept}-reference." in told
    assert f"{corpus} is kept" not in told and not kept.exists()


@pytest.mark.slow
def test_a_bundle_is_adapted_to_files_without_labels(
    temporary: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "room"
    folder.mkdir()
    for name in "ab":
        write_clip(folder / f"{name}.wav", 12, fps=None, codecs=("mpeg4", "pcm_s16le"))
    (folder / "notes.txt").write_text("not a recording")
    out, kept = tmp_path / "out", tmp_path / "kept"
    options = ("--asr", "none", "--json", "--keep", kept, "--reference", folder)
    code = call("adapt", "default", folder, "--out", out, *options)
    shown = capsys.readouterr()
    report = json.loads(shown.out)
    assert report["recordings"] == 2 and report["seconds"] > 20
    assert report["check"] == "nothing could be checked on labels: no sample has a label"
    assert "notes.txt: left out" in shown.err
    # The reference is there, and the same.
    assert report["steps"]["shift"]["because"] == "nothing to change"
    assert (code == 0) == report["written"] == out.exists()
    assert (kept / "corpus.json").is_file()
    assert (tmp_path / "kept-reference" / "corpus.json").is_file()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_it_extracts_removes_what_was_extracted(
    number: signal.Signals, tmp_path: Path
) -> None:
    folder, temporary = tmp_path / "clips", tmp_path / "temporary"
    folder.mkdir()
    temporary.mkdir()
    first = write_clip(folder / "0.wav", 20, fps=None, codecs=("mpeg4", "pcm_s16le"))
    for other in range(1, 40):
        (folder / f"{other}.wav").write_bytes(first.read_bytes())
    command = ["-m", "train", "evaluate", "default", str(folder), "--asr", "none", "--workers", "1"]
    environment = os.environ | {"TMPDIR": str(temporary), "PYTHONPATH": str(ROOT)}
    started = subprocess.Popen(
        [sys.executable, *command], env=environment, stderr=subprocess.PIPE, text=True
    )
    try:
        eventually(lambda: list(temporary.glob("cdat-*/clips/recordings/*/events.jsonl")))
        started.send_signal(number)
        told = started.communicate(timeout=120)[1]
    finally:
        started.kill()
    assert started.returncode > 0 and "Traceback" not in told
    assert not list(temporary.glob("cdat-*"))


def test_misuse_is_one_sentence(
    clips: Path, temporary: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus = write_recorded(tmp_path / "corpus", ("neutral", "happy", "sad"), 1)
    (tmp_path / "empty").mkdir()
    (tmp_path / "out").mkdir()
    cut = tmp_path / "cut"
    (cut / "recordings").mkdir(parents=True)
    (cut / "recordings" / "a").symlink_to(next((corpus / "recordings").iterdir()))
    adapt = ("adapt", "default", corpus, "--out", tmp_path / "new")
    for arguments, sentence in (
        (("evaluate", "default", corpus, "--asr", "none"), "is recorded already: --keep"),
        (
            (*adapt, "--asr", "none", "--reference", corpus),
            f"{corpus} and {corpus} are recorded already",
        ),
        ((*adapt, "--keep", "/", "--reference", clips), "--keep / is no folder beside which"),
        (("evaluate", "default", tmp_path / "empty"), "has no recordings and no files"),
        (("evaluate", "default", tmp_path / "gone"), "is not a folder, and not a table"),
        (("evaluate", "default", cut), "is a corpus that is not complete"),
        (("evaluate", "default", clips, "--keep", clips / "kept"), "is inside"),
        (("adapt", "default", clips, "--out", tmp_path / "out"), "no bundle is overwritten"),
    ):
        assert call(*arguments) == 1
        (line,) = capsys.readouterr().err.splitlines()
        assert sentence in line
    assert not list(temporary.iterdir())
