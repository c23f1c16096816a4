"""`cdat-export verify` passes right engines, and finds each kind of wrong one."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("pyarrow")

import onnx
from fixtures.bundles import cut_bundle
from onnx import TensorProto, helper
from rich.console import Console

from edge import engines as registry
from edge.bundle import Bundle, default_bundle
from edge.engines import Arrays, EngineOptions
from edge.engines.onnxruntime import OnnxRuntimeEngine
from edge.engines.plans import Plans
from edge.errors import BundleError, ConfigError, EngineError
from edge.types import Float
from export.cli import main
from export.graphs.precision import in_fp16
from export.plans.onnxruntime import onnxruntime_compiler
from export.proof.cases import golden_cases
from export.proof.compare import compare
from export.proof.control import other_weights
from export.proof.verification import Verification, verify

Outputs = dict[str, Float]


class Altered(OnnxRuntimeEngine):
    """ONNX Runtime, with outputs that somebody altered."""

    alter: Callable[[Outputs], Outputs] = staticmethod(lambda outputs: outputs)

    def __init__(self, graph: Path, options: EngineOptions) -> None:
        super().__init__(graph, EngineOptions())

    def run(self, arrays: Arrays) -> Outputs:
        return type(self).alter(super().run(arrays))


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return Bundle.load(default_bundle())


def found_in(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch, alter: Callable[[Outputs], Outputs]
) -> Verification:
    engine = type("Wrong", (Altered,), {"alter": staticmethod(alter)})
    monkeypatch.setitem(registry._ENGINES, "wrong", engine)
    return verify(bundle, ["wrong"])


def test_the_default_bundle_passes_and_its_negative_control_fails(bundle: Bundle) -> None:
    found = verify(bundle, ["onnxruntime"])
    assert found.failures == [] and not found.unopened
    kinds = {(row.graph, row.kind) for row in found.rows}
    for graph in bundle.graphs:
        assert {(graph, kind) for kind in ("golden", "random", "extreme", "control")} <= kinds
    control = [row for row in found.rows if row.kind == "control"]
    assert all(row.difference and row.difference > 0.5 for row in control)
    labels = [row.labels for row in found.rows if (row.graph, row.kind) == ("fusion", "golden")]
    assert labels == [1.0]


def test_swapped_labels_fail(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    def swapped(outputs: Outputs) -> Outputs:
        if "probabilities" in outputs:
            return outputs | {"probabilities": outputs["probabilities"][:, ::-1]}
        return outputs

    failures = found_in(bundle, monkeypatch, swapped).failures
    assert any("fusion, golden: probabilities of fusion differs by" in one for one in failures)
    assert not any("audio" in one for one in failures)


def test_not_finite_outputs_fail_and_are_no_label(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing(outputs: Outputs) -> Outputs:
        return {name: np.full_like(values, np.nan) for name, values in outputs.items()}

    failures = found_in(bundle, monkeypatch, nothing).failures
    assert any("that are not finite" in one for one in failures)


@pytest.mark.parametrize(
    "alter",
    [lambda outputs: {}, lambda outputs: {name: v[..., :0] for name, v in outputs.items()}],
    ids=["no outputs", "another shape"],
)
def test_missing_outputs_fail(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch, alter: Callable[[Outputs], Outputs]
) -> None:
    failures = found_in(bundle, monkeypatch, alter).failures
    assert any("does not return embedding of audio in the shape [1, 64]" in one for one in failures)


def test_an_engine_that_turns_nan_into_numbers_is_still_refused_nan(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    def numbers(outputs: Outputs) -> Outputs:
        return {name: np.nan_to_num(values) for name, values in outputs.items()}

    assert found_in(bundle, monkeypatch, numbers).failures == []


def test_a_small_error_on_random_inputs_is_found(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    golden = {c.wanted["logit"].tobytes() for c in golden_cases(bundle)["audio"] if c.wanted}

    def off(outputs: Outputs) -> Outputs:
        if "logit" in outputs and not any(
            abs(float(outputs["logit"][0]) - float(np.frombuffer(one, np.float32)[0])) < 1e-3
            for one in golden
        ):
            return outputs | {"logit": outputs["logit"] + np.float32(1e-3)}
        return outputs

    failures = found_in(bundle, monkeypatch, off).failures
    assert any("audio, random: logit of audio differs by 1.0e-03" in one for one in failures)


def test_comparing_nothing_is_an_error(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EngineError, match="would be compared"):
        compare(bundle, "none", "fp32", {}, golden_cases(bundle))

    def absent(graph: Path, options: EngineOptions) -> OnnxRuntimeEngine:
        raise EngineError("The machine has no such device.")

    monkeypatch.setitem(registry._ENGINES, "absent", absent)
    with pytest.raises(EngineError, match=r"nothing was compared\. absent fp32: The machine has"):
        verify(bundle, ["absent"])
    with pytest.raises(ConfigError, match="there is no engine 'nothing'"):
        verify(bundle, ["nothing"])


def test_an_engine_that_cannot_be_opened_fails_only_by_name(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(graph: Path, options: EngineOptions) -> OnnxRuntimeEngine:
        raise EngineError("The machine has no such device.")

    monkeypatch.setattr(registry, "_ENGINES", {"absent": absent, "onnxruntime": OnnxRuntimeEngine})
    found = verify(bundle)
    assert found.unopened == {"absent fp32": "The machine has no such device."}
    assert found.failures == []
    named = verify(bundle, ["absent", "onnxruntime"])
    assert named.failures == ["absent fp32 cannot be opened: The machine has no such device."]


def test_a_control_that_passes_fails_the_verification(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("export.proof.control.other_weights", lambda model, seed: model)
    failures = verify(bundle, ["onnxruntime"]).failures
    assert len(failures) == 4
    assert all("it shows nothing" in one for one in failures)


def test_other_weights_need_weights() -> None:
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "xy")
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "bare", [x], [y])
    with pytest.raises(BundleError, match="'bare' has no weights"):
        other_weights(helper.make_model(graph), seed=1)


def test_half_precision_is_refused_without_real_items(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def half(graph: Path, options: EngineOptions) -> OnnxRuntimeEngine:
        path = tmp_path / graph.name
        onnx.save(in_fp16(onnx.load(graph)), path)
        return OnnxRuntimeEngine(path, EngineOptions())

    monkeypatch.setitem(registry._ENGINES, "half", half)
    found = verify(bundle, ["half"], ["fp16"])
    golden = [row for row in found.rows if row.engine == "half" and row.kind == "golden"]
    assert len(golden) == 4
    assert all(row.passed and row.difference and row.difference > 1e-5 for row in golden)
    assert len(found.failures) == 1
    assert "no real items to measure the task's figure on" in found.failures[0]


def test_torch_of_a_run_is_compared_and_another_runs_bundle_fails(
    bundle: Bundle,
    trained: Path,
    built: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = trained / "runs" / "mini"
    out = tmp_path / "verify.json"
    with pytest.raises(SystemExit) as end:
        main(["verify", str(built), "--run", str(run), "--json", str(out)])
    told = capsys.readouterr()
    assert not end.value.code, told.err
    rows = json.loads(out.read_text())["rows"]
    torch = [row for row in rows if row["engine"] == "torch"]
    assert {row["graph"] for row in torch} == {"text", "audio", "vision", "fusion"}
    random = [row for row in rows if row["kind"] == "random"]
    assert all(row["difference"] is not None for row in random)
    with pytest.raises(SystemExit) as end:
        main(["verify", str(bundle.folder), "--run", str(run)])
    assert end.value.code == 1
    assert "torch fp32, vision, golden: " in capsys.readouterr().err


@pytest.mark.parametrize("streams", [("audio",), ("text", "vision")], ids="+".join)
def test_bundles_of_fewer_streams_are_verified(tmp_path: Path, streams: tuple[str, ...]) -> None:
    cut = Bundle.load(cut_bundle(tmp_path / "bundle", streams))
    found = verify(cut, ["onnxruntime"])
    assert found.failures == []
    assert {row.graph for row in found.rows} == {*streams, "fusion"}


def without(packages: Sequence[str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """`cdat-export` where these packages are not installed, with TensorRT stood in for."""
    program = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parents[1])!r});"
        f" sys.modules.update(dict.fromkeys({list(packages)!r}));"
        " from fixtures.cuda_stand_in import Cuda;"
        " from fixtures.tensorrt_stand_in import Gpu, stand_in;"
        " cuda = Cuda(); sys.modules[cuda.__name__] = cuda;"
        " sys.modules['tensorrt'] = stand_in('10.3', cuda, Gpu());"
        " from export.cli import main; main(sys.argv[1:])"
    )
    return subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("package", "options", "what", "extra"),
    [
        pytest.param("onnx", (), "Verifying", "export", marks=pytest.mark.slow),
        ("torch", ("--run", "."), "Verifying a run, or reduced precision,", "export,train"),
    ],
)
def test_a_missing_package_is_named(
    bundle: Bundle, package: str, options: Sequence[str], what: str, extra: str
) -> None:
    if package == "onnx":  # which the stand-in needs
        program = (
            "import sys; sys.modules['onnx'] = None; "
            f"from export.cli import main; main(['verify', {str(bundle.folder)!r}])"
        )
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=False
        )
    else:
        done = without([package], "verify", str(bundle.folder), *options)
    assert done.returncode == 1
    assert done.stderr.strip().endswith(
        f"{what} needs the package {package}, which is not installed:"
        f" pip install 'cdat-edge[{extra}]'."
    )


@pytest.mark.slow
def test_a_jetson_compiles_and_verifies_without_torch_and_what_trains(
    bundle: Bundle, tmp_path: Path
) -> None:
    trains = ["torch", "sklearn", "pyarrow", "scipy", "safetensors", "onnxscript"]
    given = str(bundle.folder), "--engine", "tensorrt", "--cache", str(tmp_path)
    compiled = without(trains, "compile", *given)
    assert compiled.returncode == 0, compiled.stderr
    assert "4 compiled, 0 there, in " in compiled.stdout
    verified = without(trains, "verify", *given)
    assert verified.returncode == 0, verified.stderr
    assert verified.stdout.count("fails, as it must") == len(bundle.graphs)
    assert "tensorrt fp32" in verified.stdout and "FAIL" not in verified.stdout


def test_golden_outputs_that_lack_one_fail(bundle: Bundle) -> None:
    cases = golden_cases(bundle)
    first = cases["audio"][0]
    wanted = {"embedding": (first.wanted or {})["embedding"]}
    engines = {"audio": OnnxRuntimeEngine(bundle.path("audio.onnx"), EngineOptions())}
    for part in (wanted, {}, {"embedding": np.zeros((0, 64), np.float32)}):
        rows = compare(bundle, "ort", "fp32", engines, {"audio": [replace(first, wanted=part)]})
        assert [row.passed for row in rows] == [False]


def test_an_unknown_precision_is_one_sentence(
    bundle: Bundle, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(["verify", str(bundle.folder), "--precision", "int4"])
    assert end.value.code == 1
    assert capsys.readouterr().err == (
        "cdat-export: --precision: there is no precision 'int4'; choose one of fp32, fp16, int8.\n"
    )


def plans_in_half(cache: Path, *kept: str) -> None:
    """Plans of ONNX Runtime in FP16, of which only those of `kept` hold a graph in FP16."""
    bundle = Bundle.load(default_bundle())
    plans, compiler = Plans(cache), onnxruntime_compiler("fp16", {})
    for name, graph in bundle.graphs.items():
        key = compiler.key(graph)
        fill = compiler.fill if name in kept else shutil.copyfile
        with plans.locked(key):
            facts = {"kept": "fp16" if name in kept else "fp32"}
            plans.write(key, partial(fill, graph), facts)


def test_a_plan_that_holds_the_fp32_graph_is_marked_and_judged_as_one(
    bundle: Bundle, tmp_path: Path
) -> None:
    plans_in_half(tmp_path, "audio")
    found = verify(bundle, ["onnxruntime"], ["fp16"], cache=tmp_path)
    golden = {r.graph: r for r in found.rows if (r.engine, r.kind) == ("onnxruntime", "golden")}
    assert {name: row.holds for name, row in golden.items()} == {
        name: "fp16" if name == "audio" else "fp32" for name in bundle.graphs
    }
    limits = bundle.manifest.tolerance_of("fp16"), bundle.manifest.tolerance_of("fp32")
    assert (golden["audio"].allowed, golden["text"].allowed) == limits
    told = io.StringIO()
    Console(file=told, width=160).print(found.table())
    lines = [" ".join(line.split()) for line in told.getvalue().splitlines()]
    assert any("onnxruntime fp16 (holds fp32) │ text │ golden" in line for line in lines)
    assert any("onnxruntime fp16 │ audio │ golden" in line for line in lines)


def test_plans_that_all_hold_fp32_graphs_prove_nothing_of_fp16(
    bundle: Bundle, tmp_path: Path
) -> None:
    plans_in_half(tmp_path)
    with pytest.raises(EngineError, match=r"nothing was compared.*kept none in fp16: verify fp32"):
        verify(bundle, ["onnxruntime"], ["fp16"], cache=tmp_path)
    found = verify(bundle, ["onnxruntime"], ["fp32", "fp16"], cache=tmp_path)
    assert list(found.unopened) == ["onnxruntime fp16"] and len(found.failures) == 1


@pytest.mark.parametrize(
    ("place", "why"),
    [("nowhere/verify.json", "No such file or directory"), ("", "Is a directory")],
)
def test_a_file_that_cannot_be_written_is_told_before_anything_is_compared(
    bundle: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture[str], place: str, why: str
) -> None:
    with pytest.raises(SystemExit) as end:
        main(["verify", str(bundle.folder), "--json", str(tmp_path / place)])
    out, err = capsys.readouterr()
    assert end.value.code == 1 and out == ""
    assert err.startswith(f"cdat-export: --json {tmp_path / place} cannot be written: {why}; give")


def test_a_disk_that_is_full_at_the_end_loses_the_file_and_not_the_table(
    bundle: Bundle, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(["verify", str(bundle.folder), "--engine", "onnxruntime", "--json", "/dev/full"])
    out, err = capsys.readouterr()
    assert end.value.code == 1 and "fails, as it must" in out
    assert err.startswith("cdat-export: --json /dev/full cannot be written: No space left on")
