"""`cdat-edge run` with a folder or several files: a run a file, one table, one exit code."""

from __future__ import annotations

import csv
import json
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest
from fixtures.command import Cli, cli, complaint
from fixtures.media import write_clip

import edge.runtime.loaded
import edge.runtime.models
from edge.asr import open_here
from edge.asr.base import Reusable
from edge.commands.files import FileRuns
from edge.commands.files_checks import check_for_several
from edge.commands.files_progress import FilesProgress
from edge.commands.files_table import Row
from edge.commands.media_files import Clip
from edge.config import Config, load_config
from edge.errors import ConfigError
from edge.runtime.models import Models

__all__ = ["cli"]

QUICK = ("--set", "asr.engine=none", "--set", "window.step_s=0.5")
SPEECH = Path(edge.runtime.loaded.__file__).parents[1] / "assets" / "demo_speech.opus"


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three files, of which one is damaged, and what is no media file."""
    folder = tmp_path_factory.mktemp("clips")
    write_clip(folder / "a.mp4", 1)
    (folder / "bad.mp4").write_bytes(bytes(range(256)) * 40)
    (folder / "deep").mkdir()
    write_clip(folder / "deep" / "a.mp4", 2)
    (folder / "notes.txt").write_text("no clip")
    return folder


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_a_folder_gives_verdicts_a_file_a_table_and_a_summary(
    cli: Cli, clips: Path, tmp_path: Path
) -> None:
    out, summary = tmp_path / "new" / "out", tmp_path / "all.csv"
    given = ("--jsonl", str(out), "--summary", str(summary), "--log", str(tmp_path / "log"))
    code, told, error = cli("run", "--file", str(clips), *given, *QUICK)
    assert code == 1
    written = sorted(path.relative_to(out).as_posix() for path in out.rglob("*.*"))
    assert written == ["a.mp4.jsonl", "deep/a.mp4.jsonl"]  # and no empty one for bad.mp4
    assert [line["seq"] for line in lines_of(out / "deep" / "a.mp4.jsonl")] == [0, 1, 2, 3]
    head, first, bad, second, total = told.splitlines()
    assert head.startswith("file") and first.startswith("a.mp4")
    assert bad.startswith("bad.mp4") and "bad.mp4 cannot be read as sound or video" in bad
    assert second.startswith("deep/a.mp4") and total.startswith("3 files, 1 failed")
    assert "1/3 a.mp4: 2 verdicts" in error and "2/3 bad.mp4: " in error
    assert "cdat-edge: " not in error
    with summary.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["file"], row["verdicts"]) for row in rows] == [
        ("a.mp4", "2"),
        ("bad.mp4", "0"),
        ("deep/a.mp4", "4"),
    ]
    assert bad.endswith(rows[1]["error"])
    events = [line["event"] for line in lines_of(tmp_path / "log")]
    assert events.count("run_begun") == events.count("run_ended") == 3
    assert events.count("run_failed") == 1
    code, _, _ = cli("convert", str(out / "deep" / "a.mp4.jsonl"), "--to", "csv")
    assert code == 0 and (out / "deep" / "a.mp4.csv").exists()


def test_each_file_is_cut_and_files_without_an_error_give_code_0(cli: Cli, clips: Path) -> None:
    both = ("--file", str(clips / "deep" / "a.mp4"), "--file", str(clips / "a.mp4"))
    code, told, _ = cli("run", *both, "--seconds", "0.5", *QUICK)
    assert code == 0
    _, first, second, total = told.splitlines()
    assert first.split()[:4] == ["deep/a.mp4", "0.5", "s", "1"]
    assert second.split()[:4] == ["a.mp4", "0.5", "s", "1"]
    assert total.startswith("2 files, 0 failed")


def test_a_file_gives_the_verdicts_that_it_gives_alone(
    tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Speech-to-text adapts itself to a voice, and the gate has a memory: both begin anew."""
    speech = tmp_path / "clips" / "a.opus"
    speech.parent.mkdir()
    for name in (speech, speech.with_name("b.opus")):
        shutil.copy(SPEECH, name)
    cut = ("--seconds", "2.5")
    assert cli("run", "--file", str(speech), "--jsonl", str(tmp_path / "alone"), *cut)[0] == 0
    opened = []

    def open_counted(engine: str, model: str | None) -> Reusable | None:
        opened.append(engine)
        return open_here(engine, model)

    monkeypatch.setattr(edge.runtime.models, "open_here", open_counted)
    monkeypatch.setattr(edge.runtime.loaded, "Networks", None)  # no run loads its own
    out = tmp_path / "out"
    assert cli("run", "--file", str(speech.parent), "--jsonl", str(out), *cut)[0] == 0
    assert len(opened) == 1

    def told(path: Path) -> list[dict[str, Any]]:
        return [{**line, "latency_ms": 0, "wall_time": 0} for line in lines_of(path)]

    alone = told(tmp_path / "alone")
    assert alone[-1]["transcript"]
    assert told(out / "a.opus.jsonl") == told(out / "b.opus.jsonl") == alone


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_ends_within_the_file_and_tells_what_is_done(
    cli: Cli, clips: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    def within(self: FilesProgress, shown: str, part: float) -> None:
        if shown == "deep/a.mp4" and part > 0:
            monkeypatch.undo()
            signal.raise_signal(number)

    monkeypatch.setattr(FilesProgress, "within", within)
    names = [str(clips / name) for name in ("a.mp4", "deep/a.mp4", "bad.mp4")]
    code, told, _ = cli("run", *(word for name in names for word in ("--file", name)), *QUICK)
    assert code == 0
    _, first, left, total = told.splitlines()
    assert "stopped" not in first
    assert left.split()[:4] == ["deep/a.mp4", "0.5", "s", "1"]
    assert left.endswith("stopped before its end")
    assert total.startswith("2 of 3 files, 0 failed")


def test_an_output_that_fails_ends_all_after_the_table(
    cli: Cli, clips: Path, tmp_path: Path
) -> None:
    (tmp_path / "out" / "deep").parent.mkdir()
    (tmp_path / "out" / "deep").write_text("in the way")
    given = ("--file", str(clips), "--jsonl", str(tmp_path / "out"))
    result = cli("run", *given, *QUICK)
    complaint(result, "--jsonl: the folder", "deep cannot be made")
    assert result[1].splitlines()[-1].startswith("3 files, 1 failed")
    assert result[1].splitlines()[-2].endswith("stopped before its end")


def test_the_progress_is_a_part_of_each_file(clips: Path) -> None:
    config = load_config(None, ["asr.engine=none", "window.step_s=0.5"], {})
    parts: list[tuple[str, float]] = []
    with Models(config) as models:
        clip = Clip(clips / "a.mp4", "a")
        FileRuns(config, models).run(clip, Row("a"), lambda *given: parts.append(given))
    assert [shown for shown, _ in parts] == ["a", "a", "a"]
    assert [part for _, part in parts] == pytest.approx([0, 0.5, 1], abs=0.05)


@pytest.mark.parametrize(
    ("key", "value", "option"),
    [
        ("source.camera", "0", "--camera 0 is for one file"),
        ("source.mic", "default", "--mic default is for one file"),
        ("source.pace", "live", "--pace live is for one file"),
        ("dashboard.show", True, "--dashboard is for one file"),
        ("output.save", "o.mp4", "--save is for one file"),
        ("record.folder", "o", "--record is for one file"),
        ("http.address", "127.0.0.1:1", "--http is for one file"),
        ("mqtt.url", "mqtt://h/p", "--mqtt is for one file"),
        ("osc.address", "h:1", "--osc is for one file"),
        ("lsl.name", "o", "--lsl is for one file"),
        ("output.jsonl", "-", "--jsonl - would mix"),
        ("output.jsonl", __file__, "is a file: with several files name a folder"),
    ],
)
def test_what_only_one_file_can_have_is_refused(key: str, value: Any, option: str) -> None:
    with pytest.raises(ConfigError, match=option):
        check_for_several(load_config(None, [], {key: value}))


def test_several_files_may_be_heard_alone() -> None:
    check_for_several(load_config(None, [], {"source.camera": "none"}))
    check_for_several(Config())


def test_refusals_come_before_anything_runs(cli: Cli, clips: Path, tmp_path: Path) -> None:
    several = ("run", "--file", str(clips))
    complaint(cli(*several, "--record", str(tmp_path / "r")), "--record is for one file")
    complaint(cli(*several, "--dashboard"), "--dashboard is for one file")
    complaint(cli(*several, "--summary", str(tmp_path / "s.txt")), "s.txt", "ends in .csv")
    complaint(cli("run", "--file", str(tmp_path)), f"{tmp_path} holds no file")
    alone = ("run", "--file", str(clips / "a.mp4"), "--summary", str(tmp_path / "s.csv"))
    complaint(cli(*alone), "--summary is the table of several files")
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_named_is_not_written_to(cli: Cli, clips: Path, tmp_path: Path) -> None:
    ours = [tmp_path / name for name in ("a.mp4", "b.mp4", "a.mp4.jsonl")]
    for one in ours:
        one.write_bytes((clips / "a.mp4").read_bytes())
    several = ("run", *(part for one in ours for part in ("--file", str(one))))
    link = tmp_path / "log"
    link.symlink_to(ours[1])
    complaint(cli(*several, "--log", str(link)), "--log would write to", "--file names")
    complaint(cli(*several, "--jsonl", str(tmp_path)), "a.mp4.jsonl", "--file names")
    assert all(one.read_bytes() == (clips / "a.mp4").read_bytes() for one in ours)
