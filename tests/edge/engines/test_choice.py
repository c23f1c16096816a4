"""`auto` takes the first engine that can serve every graph, and says why not the better ones."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from edge import engines
from edge.bundle import Bundle, default_bundle
from edge.engines import EngineOptions, check_engine_name, engine_names, offer_of, register_engine
from edge.engines.choice import ORDER, choose
from edge.errors import ConfigError, EngineError

GRAPHS = [Path("text.onnx"), Path("vision.onnx")]


@pytest.fixture(autouse=True)
def forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test registers is gone after it."""
    monkeypatch.setattr(engines, "_ENGINES", dict(engines._ENGINES))


def offering(why_not: Any) -> Any:
    class Offering:
        pass

    Offering.why_not = staticmethod(why_not)  # type: ignore[attr-defined]
    return Offering


def test_an_engine_counts_only_with_a_plan_of_every_graph(tmp_path: Path) -> None:
    register_engine("tensorrt", offering(lambda graph, options: None))
    register_engine(
        "inductor",
        offering(lambda graph, options: "No plan of vision." if graph.stem == "vision" else None),
    )
    choice = choose(GRAPHS, EngineOptions(cache=tmp_path))
    assert choice.names == ("tensorrt", "onnxruntime") and not choice.refused
    choice = choice.without("tensorrt", "It is broken.")
    told = choice.told("onnxruntime CPU")
    assert told == "The engine is onnxruntime CPU; not tensorrt, because: It is broken."


def test_why_the_better_ones_are_not_taken_is_one_line(tmp_path: Path) -> None:
    def raises(graph: Path, options: EngineOptions) -> str | None:
        raise OSError("libnvinfer.so: cannot open\nand more")

    register_engine("tensorrt", offering(raises))
    register_engine("inductor", "no_such_module:Engine")
    choice = choose(GRAPHS, EngineOptions(cache=tmp_path))
    told = choice.told("onnxruntime CPU")
    assert choice.names == ("onnxruntime",) and "\n" not in told
    assert "not tensorrt, because: it cannot be asked (libnvinfer.so: cannot open)" in told
    assert "not inductor, because: The engine 'inductor' cannot be imported" in told


def test_without_any_plan_torch_is_not_imported(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path\n"
        "from edge.bundle import Bundle, default_bundle\n"
        "from edge.engines import EngineOptions\n"
        "from edge.engines.choice import choose\n"
        f"options = EngineOptions(cache=Path({str(tmp_path)!r}))\n"
        "found = choose(Bundle.load(default_bundle()).graphs.values(), options)\n"
        "assert found.names == ('onnxruntime',), found\n"
        "assert 'no fp32 plan of text for inductor' in found.refused['inductor'], found\n"
        "assert 'torch' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_in_reduced_precision_none_serves_without_a_plan(tmp_path: Path) -> None:
    graphs = Bundle.load(default_bundle()).graphs.values()
    choice = choose(graphs, EngineOptions("fp16", cache=tmp_path))
    assert not choice.names and set(choice.refused) == set(ORDER)
    assert "There is no fp16 plan of text for onnxruntime" in choice.refused["onnxruntime"]


def test_auto_is_a_name_for_the_configuration_and_no_engine() -> None:
    check_engine_name("auto")
    assert "auto" not in engine_names()
    with pytest.raises(ConfigError, match="choose one of auto, inductor"):
        check_engine_name("steam")
    with pytest.raises(ConfigError):
        offer_of("auto", "why_not")


def test_what_an_engine_does_not_offer_is_none() -> None:
    assert offer_of("onnxruntime", "build") is None
    assert offer_of("onnxruntime", "why_not") is not None
    register_engine("steam", "no_such_module:X")
    with pytest.raises(EngineError, match="'steam' cannot be imported"):
        offer_of("steam", "build")
