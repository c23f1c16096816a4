"""Lines of trtexec for each release and option, and plans that were made elsewhere."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fixtures.cuda_stand_in import Cuda
from fixtures.tensorrt_stand_in import Gpu

from edge.bundle import Bundle, default_bundle
from edge.engines.tensorrt_build import Build, build_plan
from edge.errors import ConfigError, EngineError
from export.cli import main
from export.plans.trtexec import command_lines, release_of

BUNDLE = Bundle.load(default_bundle())
FOLDER = str(default_bundle())
OUT = Path("my plans")


def flags(release: str, **how: Any) -> list[str]:
    """What the line of `text` has after its two files."""
    line = command_lines(BUNDLE, Build(**how), OUT, release_of(release))[0]
    begin = f"trtexec --onnx={BUNDLE.graphs['text']} '--saveEngine=my plans/text.plan' "
    assert line.startswith(begin)
    return line.removeprefix(begin).split()


@pytest.mark.parametrize(
    ("release", "last"),
    [
        ("8", "--buildOnly"),
        ("8.5", "--buildOnly"),
        ("8.5.3.1", "--buildOnly"),
        ("8.6", "--skipInference"),
        ("10", "--skipInference"),
        ("10.13.0.35", "--skipInference"),
        ("11.1", "--skipInference"),
    ],
)
def test_each_release_has_a_line_a_graph_with_flags_that_it_knows(release: str, last: str) -> None:
    assert len(command_lines(BUNDLE, Build(), OUT, release_of(release))) == len(BUNDLE.graphs)
    assert flags(release) == ["--noTF32", "--memPoolSize=workspace:512", last]


def test_each_option_is_in_the_line() -> None:
    found = flags("8.5", precision="fp16", workspace_mib=64, dla=1, timing_cache=Path("t.bin"))
    assert found == [
        *("--noTF32", "--memPoolSize=workspace:64", "--fp16", "--timingCacheFile=t.bin"),
        *("--useDLACore=1", "--allowGPUFallback", "--buildOnly"),
    ]


@pytest.mark.parametrize("text", ["", "ten", "8.x", "-8", "8.5.", "10 "])
def test_a_release_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"^--release is .*: give TensorRT's release, like 8\.5"):
        release_of(text)


@pytest.mark.parametrize("text", ["7", "8.4"])
def test_a_release_that_is_too_old_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"too old: 8\.5 or newer"):
        release_of(text)


@pytest.mark.parametrize(
    ("release", "how", "says"),
    [
        ("10", {"precision": "int8"}, "cannot make int8 of these graphs by a flag"),
        ("11", {"precision": "fp16"}, "trtexec of TensorRT 11 cannot make fp16"),
        ("10", {"dla": 0}, "DLA core 0 cannot calculate in fp32: add --precision fp16"),
    ],
)
def test_what_trtexec_cannot_do_is_refused(release: str, how: dict[str, Any], says: str) -> None:
    with pytest.raises(EngineError, match=says):
        flags(release, **how)


def ran(*arguments: str) -> int:
    with pytest.raises(SystemExit) as end:
        main(["compile", FOLDER, *arguments])
    return int(end.value.code or 0)


def test_the_command_prints_its_options_and_compiles_nothing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    how = ["--workspace", "64", "--timing-cache", "t.bin", "--dla", "0", "--precision", "fp16"]
    assert not ran("--trtexec", str(tmp_path / "plans"), "--release", "8.5", *how)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(BUNDLE.graphs)
    for part in ("workspace:64", "--timingCacheFile=t.bin", "--useDLACore=0", "--buildOnly"):
        assert all(part in line for line in lines)
    assert not (tmp_path / "plans").exists()


Made = Callable[[str], Path]


@pytest.fixture
def elsewhere(install: Callable[[str], Any], tmp_path: Path, cuda: Cuda) -> Made:
    """Plans of all graphs as trtexec writes them on a machine with `gpu`; TensorRT is 10.3."""
    trt = install("10.3")

    def made(gpu: str) -> Path:
        folder, here = tmp_path / "plans", cuda.gpu
        folder.mkdir()
        cuda.gpu = gpu
        for name, graph in BUNDLE.graphs.items():
            (folder / f"{name}.plan").write_bytes(build_plan(trt, graph.read_bytes(), Build()))
        cuda.gpu = here
        return folder

    return made


def adopted(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """The exit code of adopting, and the last line that is printed."""
    code = ran("--adopt", str(folder), "--cache", str(tmp_path / "cache"))
    out, err = capsys.readouterr()
    return code, (err if code else out).splitlines()[-1]


def kept(tmp_path: Path) -> list[str]:
    return sorted(path.name.split("-")[0] for path in (tmp_path / "cache").glob("*.plan"))


def test_plans_of_this_machine_are_adopted_without_a_build(
    elsewhere: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str], cuda: Cuda, gpu: Gpu
) -> None:
    folder = elsewhere(cuda.gpu)
    built = len(gpu.builds)
    code, line = adopted(folder, tmp_path, capsys)
    assert code == 0 and line.startswith("4 compiled, 0 there, in ")
    assert len(gpu.builds) == built
    assert kept(tmp_path) == sorted(BUNDLE.graphs)


def no_plan(folder: Path) -> None:
    (folder / "text.plan").unlink()


def no_plan_at_all(folder: Path) -> None:
    (folder / "text.plan").write_bytes(b"GIF89a\n")


def cut_off(folder: Path) -> None:
    plan = folder / "text.plan"
    plan.write_bytes(plan.read_bytes()[:-100])


def another_graph(folder: Path) -> None:
    shutil.copyfile(folder / "audio.plan", folder / "text.plan")


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (no_plan, r"plans has no text\.plan: build it with the line of --trtexec\."),
        (no_plan_at_all, r"text\.plan is not adopted, because TensorRT 10\.3\.0 cannot load it"),
        (cut_off, r"text\.plan is not adopted, because .*the plan is damaged\): build it on this"),
        (another_graph, r"text\.plan is not adopted, because it has the tensors .* text\.onnx wo"),
    ],
)
def test_a_wrong_file_is_one_sentence_and_is_not_kept(
    harm: Callable[[Path], None],
    says: str,
    elsewhere: Made,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    cuda: Cuda,
) -> None:
    folder = elsewhere(cuda.gpu)
    harm(folder)
    code, line = adopted(folder, tmp_path, capsys)
    assert code == 1 and line.startswith("cdat-export: ") and re.search(says, line), line
    assert kept(tmp_path) == []


def test_a_plan_of_another_gpu_is_refused(
    elsewhere: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, line = adopted(elsewhere("Another GPU"), tmp_path, capsys)
    assert code == 1 and "incompatible device" in line and "got Another GPU" in line
    assert line.endswith("build it on this machine, with this TensorRT, by the line of --trtexec.")
    assert kept(tmp_path) == []


def test_a_plan_that_was_built_with_tf32_is_refused(
    elsewhere: Made,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    cuda: Cuda,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = sys.modules["tensorrt"].IBuilderConfig
    monkeypatch.setattr(config, "clear_flag", lambda config, flag: None)
    code, line = adopted(elsewhere(cuda.gpu), tmp_path, capsys)
    assert code == 1 and "does not reproduce the golden outputs" in line
    assert kept(tmp_path) == []


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--run", "runs/x", "--dla", "0"), "--run and --dla do not go together: Torch-TensorRT"),
        (("--run", "runs/x", "--timing-cache", "t"), "leave out --timing-cache, or --run."),
        (("--run", "runs/x", "--trtexec", "plans"), "--run and --trtexec do not go together"),
        (("--run", "runs/x", "--adopt", "plans"), "--run and --adopt do not go together"),
        (("--trtexec", "plans", "--adopt", "plans"), "print the lines first, run them"),
        (("--engine", "inductor", "--dla", "0"), "--dla is for --engine tensorrt, and --engine is"),
        (("--engine", "inductor", "--workspace", "64"), "--workspace is for --engine tensorrt"),
        (("--engine", "onnxruntime", "--trtexec", "plans"), "--trtexec is for --engine tensorrt"),
    ],
)
def test_an_option_that_would_be_ignored_is_refused(
    options: tuple[str, ...], says: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert ran(*options, "--cache", str(tmp_path / "cache")) == 1
    out, err = capsys.readouterr()
    assert out == "" and len(err.splitlines()) == 1 and says in err
    assert not (tmp_path / "cache").exists()
