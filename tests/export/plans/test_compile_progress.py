"""What `cdat-export compile` shows while it compiles: which graph of how many, and for how long."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fixtures.tensorrt_stand_in import Gpu
from rich.console import Console

from edge.bundle import default_bundle
from edge.engines.tensorrt_build import Build, build_plan
from export.cli import main
from export.commands.compile_progress import CompileProgress

GRAPH = default_bundle() / "text.onnx"


def shown(screen: io.StringIO) -> str:
    """What a terminal got, without its control sequences."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.getvalue())


def terminal(screen: io.StringIO) -> Console:
    return Console(file=screen, force_terminal=True, width=100)


@pytest.mark.parametrize(
    "command",
    [
        ("8.6", "--engine", "tensorrt"),
        ("11.1", "--engine", "tensorrt"),
        ("10.3", "--engine", "onnxruntime", "--precision", "fp16", "--no-gate", "--no-only-faster"),
    ],
)
def test_outside_a_terminal_each_graph_is_a_line_on_standard_error(
    command: tuple[str, ...],
    install: Callable[[str], Any],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    release, *options = command
    install(release)
    for wanted in (["text", "audio", "vision", "fusion"], []):  # then nothing is compiled
        with pytest.raises(SystemExit) as end:
            main(["compile", *options, "--cache", str(tmp_path)])
        out, err = capsys.readouterr()
        assert not end.value.code, err
        where = f"{options[1]} in {'fp16' if 'fp16' in options else 'fp32'}"
        assert err.splitlines() == [
            f"{k} of 4: {name}: compiling for {where} ..." for k, name in enumerate(wanted, 1)
        ]
        assert "compiling" not in out and len(out.splitlines()) == 5


def test_a_terminal_shows_the_graph_and_its_seconds_and_then_nothing() -> None:
    screen = io.StringIO()
    with CompileProgress(terminal(screen)) as progress:
        progress.begin(2, 4, "audio: compiling for inductor in fp32")
        progress.end()
    assert re.search(r"2 of 4: audio: compiling for inductor in fp32 0:00:\d\d", shown(screen))
    assert screen.getvalue().endswith("\x1b[2K")  # the line is erased


@pytest.mark.parametrize(("release", "tells"), [("8.6", False), ("10.3", True)])
def test_the_phases_of_tensorrt_are_shown_where_it_tells_them(
    release: str, tells: bool, install: Callable[[str], Any], gpu: Gpu
) -> None:
    screen = io.StringIO()
    with CompileProgress(terminal(screen)) as progress:
        progress.begin(1, 4, "text: compiling for tensorrt in fp32")

        def phase(name: str, done: int, steps: int) -> None:
            progress.phase(name, done, steps)
            assert progress._line is not None
            progress._line.refresh()

        build_plan(install(release), GRAPH.read_bytes(), Build(), phase)
    assert ("1 of 4: text: compiling for tensorrt in fp32, Timing 1 of " in shown(screen)) == tells


def test_a_phase_after_the_end_is_nothing() -> None:
    screen = io.StringIO()
    progress = CompileProgress(terminal(screen))
    progress.phase("Timing", 1, 2)
    assert screen.getvalue() == ""
