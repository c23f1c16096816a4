"""Speech-to-text that hangs (SIGSTOP on its real process): verdicts go on, and words come back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from fixtures.vosk_stand_in import a_model, install
from fixtures.waiting import LIMIT_S, Stopwatch, eventually, runs_module

from edge.bench.load import standard_load
from edge.bench.process import children
from edge.config import load_config
from edge.recognition.verdict import Verdict
from edge.runtime.run import Run

CLIP = Path(__file__).parents[2] / "edge" / "assets" / "demo_speech.opus"
CHILD = "edge.asr.child"


class Stopper:
    """Stops each child that appears, as soon as it is there, until told otherwise."""

    def __init__(self) -> None:
        self._others = set(children())
        self.stopped: set[int] = set()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._over.wait(0.01):
            for child in set(children()) - self._others - self.stopped:
                if not runs_module(child, CHILD):
                    continue
                os.kill(child, signal.SIGSTOP)
                self.stopped.add(child)

    def rest(self) -> None:
        self._over.set()
        self._thread.join()


@pytest.fixture
def stopper() -> Iterator[Stopper]:
    stopping = Stopper()
    yield stopping
    stopping.rest()
    for child in stopping.stopped:
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGCONT)


def hearing(**asr: float | str) -> Run:
    settings: dict[str, Any] = {f"asr.{key}": value for key, value in asr.items()}
    load = standard_load(120)
    config = load_config(None, [], {"source.camera": "none", "seconds": 60, **settings})
    return Run(config, load.feeds(frozenset({"audio"})))


def words_are_used(verdict: Verdict) -> bool:
    return verdict.streams["text"].state == "used"


@pytest.mark.parametrize("engine", ["pocketsphinx", pytest.param("vosk", marks=pytest.mark.slow)])
def test_a_recogniser_that_hangs_is_started_again(
    engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asr = {"engine": engine}
    if engine == "vosk":
        install(tmp_path / "package", monkeypatch)
        asr["model"] = str(a_model(tmp_path / "vosk-model-en-us"))
    others = set(children())
    run = hearing(limit_s=1.0, **asr)
    hung: list[int] = []
    told = False
    with closing(run.verdicts()) as verdicts:
        for verdict in verdicts:
            if not hung and words_are_used(verdict):
                hung = list(set(children()) - others)
                for child in hung:
                    os.kill(child, signal.SIGSTOP)
            told = told or (bool(hung) and verdict.streams["text"].reason == "disconnected")
            if told and words_are_used(verdict):
                break
    assert told, "the hang was never told"
    assert hung and not set(hung) & set(children())
    notes = " ".join(run.telemetry.notes)
    assert "did not answer for 1 s" in notes and "Speech-to-text is back" in notes


@pytest.mark.slow
def test_recognition_begins_without_a_recogniser_that_hangs_while_it_loads(
    stopper: Stopper,
) -> None:
    run = hearing(load_limit_s=60.0)
    begun: Verdict | None = None
    with closing(run.verdicts()) as verdicts:
        for verdict in verdicts:
            if begun is None:
                begun = verdict
                stopper.rest()
                for child in stopper.stopped:
                    os.kill(child, signal.SIGCONT)
            if words_are_used(verdict):
                break
        else:
            pytest.fail("words never came")
    assert begun is not None
    assert (begun.streams["text"].state, begun.streams["text"].reason) == ("absent", "starting")
    notes = " ".join(run.telemetry.notes)
    assert "begins without words" in notes and "has loaded" in notes


@pytest.mark.slow
def test_one_that_never_loads_is_replaced(stopper: Stopper) -> None:
    run = hearing(load_limit_s=4.0)
    with closing(run.verdicts()) as verdicts:
        for verdict in verdicts:
            stopper.rest()  # the next process loads
            if words_are_used(verdict):
                break
        else:
            pytest.fail("words never came")
    assert "has loaded nothing for 4 s" in " ".join(run.telemetry.notes)


def of_process(pid: int) -> set[int]:
    found: set[int] = set()
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            found |= {int(child) for child in (task / "children").read_text().split()}
    return found


@pytest.mark.parametrize("begun", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_ctrl_c_ends_the_run_and_leaves_no_process_behind(begun: bool) -> None:
    """While it loads, and once verdicts come without it."""
    command = [sys.executable, "-m", "edge", "run", "--file", str(CLIP), "--pace", "live"]
    with subprocess.Popen(
        [*command, "--jsonl", "-"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        eventually(lambda: any(runs_module(child, CHILD) for child in of_process(process.pid)))
        hung = of_process(process.pid)
        for child in hung:
            os.kill(child, signal.SIGSTOP)
        assert process.stdout is not None
        if begun:
            assert process.stdout.readline()
        with Stopwatch() as watch:
            process.send_signal(signal.SIGINT)
            try:
                _, told = process.communicate(timeout=LIMIT_S)
            finally:
                process.kill()
    assert process.returncode == 0 and "Traceback" not in told, told
    assert watch.seconds < 2.0
    eventually(lambda: not any(Path(f"/proc/{child}").exists() for child in hung))
