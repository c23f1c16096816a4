"""`cdat-edge run --file FILM --save OUT.mp4`: a film or nothing, and what is refused before."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import av
import pytest
from fixtures.command import Cli, cli, complaint
from fixtures.media import write_clip
from fixtures.waiting import LIMIT_S
from rich.console import Console

from edge.commands.saving import Saving
from edge.config import Config
from edge.config.schema import SourceConfig
from edge.runtime.run import Run

__all__ = ["cli"]

QUICK = ("--set", "asr.engine=none", "--set", "window.step_s=0.5")


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clip") / "in.mp4", 2)


@pytest.fixture(scope="module")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """It takes long enough to write that a signal comes before the end."""
    return write_clip(tmp_path_factory.mktemp("clip") / "long.mp4", 15)


def test_a_run_writes_its_film(cli: Cli, tmp_path: Path, clip: Path) -> None:
    out = tmp_path / "out.mp4"
    code, told, error = cli("run", "--file", str(clip), "--save", str(out), *QUICK)
    assert code == 0, error
    assert f"{out}: 50 pictures." in told + error
    assert list(tmp_path.iterdir()) == [out]
    with av.open(str(out)) as film:
        assert sum(1 for _ in film.decode(video=0)) == 50
        assert film.duration == pytest.approx(2_000_000, abs=60_000)


def test_a_film_that_cannot_be_saved_is_refused_before_the_run(
    cli: Cli, tmp_path: Path, clip: Path
) -> None:
    def save(out: Path, *more: str) -> tuple[int, str, str]:
        return cli("run", "--save", str(out), *(more or ("--file", str(clip))), *QUICK)

    out = tmp_path / "out.mp4"
    complaint(save(tmp_path / "out.avi"), "out.avi: give a name that ends in .mp4")
    complaint(save(tmp_path / "no" / "out.mp4"), "does not exist")
    complaint(save(clip), f"{clip} is the input itself", "--save")
    complaint(save(out, "--camera", "0"), "--save writes the film of --file again")
    complaint(save(out, "--file", str(clip), "--mic", "0"), "give --file, and no device")
    sound = write_clip(tmp_path / "sound.wav", 1, fps=None, codecs=("", "pcm_s16le"))
    complaint(save(out, "--file", str(sound)), f"{sound} has no pictures: leave out --save")
    complaint(save(out, "--file", str(tmp_path / "no.mp4")), "no.mp4 does not exist")
    out.write_bytes(b"mine")
    complaint(save(out), f"{out} exists", "or remove it")
    assert out.read_bytes() == b"mine"


def test_sigterm_between_the_run_and_its_film_leaves_nothing(tmp_path: Path, clip: Path) -> None:
    config = Config(source=SourceConfig(file=str(clip)))
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as ended, Saving(config, str(tmp_path / "out.mp4")):
        assert list(tmp_path.iterdir())
        signal.raise_signal(signal.SIGTERM)
    assert ended.value.code == 128 + signal.SIGTERM
    assert not list(tmp_path.iterdir())
    assert signal.getsignal(signal.SIGTERM) is before


def test_the_film_of_another_run_that_ended_first_is_kept(
    cli: Cli, tmp_path: Path, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out.mp4"

    def another_ends_first(saving: Saving, run: Run, console: Console) -> None:
        out.write_bytes(b"another's")
        finish(saving, run, console)

    finish = Saving.finish
    monkeypatch.setattr(Saving, "finish", another_ends_first)
    complaint(cli("run", "--file", str(clip), "--save", str(out), *QUICK), "out.mp4 exists")
    assert out.read_bytes() == b"another's"
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="the system has no such signal")
def test_a_hangup_without_a_terminal_costs_no_film(tmp_path: Path, clip: Path) -> None:
    command = [sys.executable, "-u", "-m", "edge", "run", "--file", str(clip)]
    command += ["--save", str(tmp_path / "out.mp4"), *QUICK]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    ) as run:
        assert run.stdout is not None
        told = ""
        for line in run.stdout:
            told += line
            if "Writing" in line:
                run.send_signal(signal.SIGHUP)
        assert run.wait(LIMIT_S) == 0, told
    assert [one.name for one in tmp_path.iterdir()] == ["out.mp4"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(("pace", "when"), [("live", "press Ctrl-C"), ("fast", "Writing")])
def test_an_end_before_its_time_leaves_nothing(
    tmp_path: Path, long_clip: Path, number: signal.Signals, pace: str, when: str
) -> None:
    command = [sys.executable, "-u", "-m", "edge", "run", "--file", str(long_clip), "--pace", pace]
    command += ["--save", str(tmp_path / "out.mp4"), *QUICK, "--set", "window.step_s=2.5"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    ) as run:
        assert run.stdout is not None
        told = ""
        for line in run.stdout:
            told += line
            if when in line:
                run.send_signal(number)
                break
        told += run.communicate(timeout=LIMIT_S)[0]
    assert "Traceback" not in told
    assert when in told
    assert not list(tmp_path.iterdir())
    assert run.returncode == (0 if pace == "live" else 128 + number)
    assert pace == "fast" or "out.mp4 is not written" in told
