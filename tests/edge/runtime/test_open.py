"""The public API: `edge.open` and the public names."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fixtures.media import write_clip

import edge
from edge.clock import HandClock
from edge.errors import ConfigError
from edge.types import NS_PER_S


class Grey:
    """A source outside the package."""

    streams = frozenset({"vision"})

    def __init__(self, name: str = "grey") -> None:
        self.name, self.closed = name, False

    def open(self) -> None: ...

    def packets(self) -> Iterator[edge.Frame]:
        for k in range(10):
            yield edge.Frame(k * NS_PER_S // 10, np.full((60, 80, 3), 90, np.uint8), k)

    def close(self) -> None:
        self.closed = True

    def report(self) -> edge.SourceReport:
        return edge.SourceReport(notes=("grey it is",), drops={"frames: boredom": 3})


class WithStreams(Grey):
    def __init__(self, streams: object) -> None:
        super().__init__()
        self.streams = streams  # type: ignore[assignment]


def test_a_file_is_run_and_closed(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", 2)
    with edge.open(file=clip, asr="none") as run:
        verdicts = list(run)
    assert [v.media_s for v in verdicts][:2] == [(0.0, 0.25), (0.0, 0.5)]
    assert verdicts[-1].media_s is not None and verdicts[-1].media_s[1] == pytest.approx(2, abs=0.1)


def test_leaving_early_closes_the_source() -> None:
    source = Grey()
    with edge.open(source=source, asr="none") as run:
        next(iter(run))
    assert source.closed


def test_a_run_that_was_never_iterated_can_be_closed() -> None:
    with edge.open(source=Grey(), asr="none"):
        pass


def test_reports_of_a_source_are_counted() -> None:
    with edge.open(source=Grey(), asr="none", seconds=1.0) as run:
        list(run)
    assert "grey it is" in run.telemetry.notes
    assert run.telemetry.drops["frames: boredom"] == 3


def test_a_run_can_be_iterated_once(tmp_path: Path) -> None:
    with edge.open(source=Grey(), asr="none", seconds=0.5) as run:
        list(run)
        with pytest.raises(ConfigError, match="open another one"):
            list(run)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"source": [Grey("one"), Grey("two")]}, "one and two would both feed vision"),
        ({"source": Grey("one"), "camera": 0}, "would both feed vision"),
        ({"source": Grey("one"), "file": "clip.mp4"}, "either a source of your own or a file"),
        ({"source": Grey("one"), "settings": {"source.file": "c.mp4"}}, "of your own or a file"),
        ({"source": []}, "source is empty"),
        ({"source": 5}, "source: must be an object like edge.Source, or a list of them, got 5"),
        ({"source": "abc"}, "source: must be an object like edge.Source"),
        ({"source": (one for one in [Grey()])}, "source: must be an object like edge.Source"),
        ({"source": WithStreams(frozenset())}, "the streams of grey are frozenset()"),
        ({"source": WithStreams("vision")}, "the streams of grey are 'vision'"),
        ({"source": WithStreams({"smell"})}, "the streams of grey are {'smell'}"),
        ({"file": 5}, "file: must be a path, got 5"),
        ({"bundle": 5}, "bundle: must be a path, got 5"),
        ({"record": 5}, "record: must be a path, got 5"),
        ({"seconds": "abc"}, "seconds: must be a valid number, got 'abc'"),
        ({"seconds": True}, "seconds: must be a valid number, got True"),
        ({"settings": [1]}, "settings: must be keys and values"),
        ({"settings": {1: 1}}, "settings: must be keys and values"),
        ({"clock": 5}, "clock: must be a clock"),
        ({"file": "clip.mp4", "engine": "steam"}, "there is no engine 'steam'"),
        ({"file": "clip.mp4", "settings": {"window.step": 1}}, "Unknown key window.step"),
    ],
)
def test_an_invalid_open_is_an_error_of_one_sentence(
    arguments: dict[str, object], says: str
) -> None:
    with pytest.raises(ConfigError) as error:
        edge.open(**arguments)  # type: ignore[arg-type]
    assert says in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("off", ["off", "none", False])
def test_a_device_beside_a_source_may_be_named_as_none(off: str | bool) -> None:
    with edge.open(source=Grey(), camera=off, asr="none", seconds=0.5) as run:
        assert len(run.feeds) == 1 and list(run)


def test_numbers_of_numpy_are_numbers() -> None:
    with edge.open(source=Grey(), asr="none", seconds=np.float32(0.5)) as run:  # type: ignore[arg-type]
        assert list(run)


def test_a_live_run_on_a_manual_clock_is_deterministic() -> None:
    """With threads and queues: all events of one time are processed before the next time."""
    from edge.config import load_config
    from edge.demo.script import demo_run

    runs = []
    for _ in range(2):
        with demo_run(load_config(None, [], {"asr.engine": "none"}), 3.0, HandClock()) as run:
            lines = [v.to_dict() for v in run]
        runs.append([{**line, "latency_ms": None} for line in lines])
    assert len(runs[0]) == 12 and runs[0] == runs[1]


def test_every_public_name_can_be_imported_and_is_documented() -> None:
    for name in edge.__all__:
        if name != "__version__":
            assert (getattr(edge, name).__doc__ or "").strip(), name


def test_importing_edge_loads_nothing_heavy() -> None:
    code = "import sys, edge; print(len({'numpy', 'av', 'onnxruntime', 'cv2'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "0"


def test_mypy_checks_the_types_of_the_public_api(tmp_path: Path) -> None:
    script = tmp_path / "user.py"
    script.write_text(
        "import edge\n"
        "with edge.open(camera=0, mic='none') as run:\n"
        "    for verdict in run:\n"
        "        reveal_type(verdict.streams['vision'].reason)\n"
        "reveal_type(edge.Session().push_frame([[[0]]], 1))\n"
        "edge.open(camera=1.5)\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", str(script)],
        capture_output=True,
        text=True,
        cwd=Path(edge.__file__).parents[1],
    )
    assert '"str | None"' in done.stdout and "list[edge.recognition.verdict.Verdict]" in done.stdout
    assert 'incompatible type "float"' in done.stdout
