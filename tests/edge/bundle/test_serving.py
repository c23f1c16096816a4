"""Which engine serves a bundle: tested before its first use, or built while another one serves."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fixtures.engines import Sick, sick
from fixtures.waiting import LIMIT_S

from edge.bundle import Bundle, default_bundle
from edge.bundle.networks import Networks
from edge.engines import Arrays, EngineOptions, register_engine
from edge.errors import EngineError, PlanError

__all__ = ["sick"]


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return Bundle.load(default_bundle())


def audio(networks: Networks, bundle: Bundle) -> Any:
    shape = bundle.manifest.streams["audio"].shape
    return networks.encode("audio", np.full(shape, 0.25, np.float32))[0]


def test_auto_takes_the_first_that_opens_and_says_so(
    sick: type[Sick], bundle: Bundle, tmp_path: Path
) -> None:
    class Wrong(sick):  # type: ignore[valid-type,misc]
        def run(self, arrays: Arrays) -> dict[str, Any]:
            return {name: value + 1 for name, value in super().run(arrays).items()}

    register_engine("tensorrt", Wrong)
    register_engine("inductor", sick)
    said: list[str] = []
    networks = Networks(bundle, "auto", EngineOptions(cache=tmp_path), said.append)
    assert (networks.engine, networks.device) == ("inductor", "sick")
    (line,) = said
    assert line.startswith("The engine is sick; not tensorrt, because: sick does not reproduce")
    assert "\n" not in line
    networks.close()
    assert all(one.closed for one in sick.opened)


def test_auto_with_nothing_that_serves_is_one_sentence(bundle: Bundle, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"not onnxruntime, because: There is no int8 plan"):
        Networks(bundle, "auto", EngineOptions("int8", cache=tmp_path))


def test_an_engine_that_hangs_on_the_golden_inputs_is_refused(
    sick: type[Sick], bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Asleep(sick):  # type: ignore[valid-type,misc]
        def run(self, arrays: Arrays) -> dict[str, Any]:
            self.hang.wait(60)
            return {}

    register_engine("sick", Asleep)
    monkeypatch.setattr("edge.bundle.opened.GOLDEN_S", 0.05)
    with pytest.raises(EngineError, match=r"sick has not returned from a call for 0\.05 s"):
        Networks(bundle, "sick", EngineOptions(limit_s=0.05))


def test_the_failed_graph_alone_changes_over(sick: type[Sick], bundle: Bundle) -> None:
    said: list[str] = []
    sick.fails, sick.how = "audio", "raise"
    networks, reference = Networks(bundle, "sick", None, said.append), Networks(bundle)
    with pytest.raises(EngineError, match="sick failed"):
        audio(networks, bundle)
    assert np.array_equal(audio(networks, bundle), audio(reference, bundle))
    assert [one.name for one in sick.opened if one.closed] == ["audio"]
    assert said[-1] == "The graph audio now runs on onnxruntime CPU."
    networks.close()


class Slow(Sick):
    """Has no plan until it is built, which takes until `built` is set."""

    plans: set[str]
    begun: threading.Event
    built: threading.Event
    fault: Exception | None = None

    def __init__(self, graph: Path, options: EngineOptions) -> None:
        if graph.stem not in self.plans:
            raise PlanError(f"There is no plan of {graph.stem}: compile one.")
        super().__init__(graph, options)

    @classmethod
    def build(cls, graph: Path, options: EngineOptions) -> None:
        cls.begun.set()
        assert cls.built.wait(LIMIT_S)
        if cls.fault is not None:
            raise cls.fault
        cls.plans.add(graph.stem)


@pytest.fixture
def slow(sick: type[Sick]) -> type[Slow]:
    class Fresh(Slow):
        plans: set[str] = set()  # noqa: RUF012
        opened: list[Sick] = []  # noqa: RUF012
        begun, built, hang = threading.Event(), threading.Event(), threading.Event()

    register_engine("slow", Fresh)
    return Fresh


def test_onnx_runtime_serves_while_a_plan_is_built(slow: type[Slow], bundle: Bundle) -> None:
    said: list[str] = []
    networks, reference = Networks(bundle, "slow", None, said.append), Networks(bundle)
    assert (networks.engine, networks.device) == ("onnxruntime", "onnxruntime CPU")
    assert said == ["slow has no plan of this bundle here: ONNX Runtime serves while one is built."]
    assert slow.begun.wait(LIMIT_S)
    wanted = audio(reference, bundle)
    assert np.array_equal(audio(networks, bundle), wanted)  # it neither waits nor fails
    slow.built.set()
    building = networks._serving.building
    assert building is not None and building.join(LIMIT_S)
    assert np.array_equal(audio(networks, bundle), wanted)
    assert said[1:] == ["The graph audio now runs on sick."]
    assert {one.name for one in slow.opened} == {"text", "audio", "vision", "fusion"}
    slow.fails, slow.well = "audio", 0
    with pytest.raises(EngineError, match="not finite"):
        audio(networks, bundle)
    assert np.array_equal(audio(networks, bundle), wanted)
    assert said[-1] == "The graph audio now runs on onnxruntime CPU."
    networks.close()
    assert all(one.closed for one in slow.opened)


@pytest.mark.parametrize("fault", [EngineError("No memory for layer 5."), OSError("disk full")])
def test_a_build_that_fails_is_one_note(fault: Exception, slow: type[Slow], bundle: Bundle) -> None:
    slow.fault = fault
    slow.built.set()
    said: list[str] = []
    networks = Networks(bundle, "slow", None, said.append)
    building = networks._serving.building
    assert building is not None and building.join(LIMIT_S)
    audio(networks, bundle)
    assert len(said) == 2
    assert said[1] == f"slow does not take over text, and ONNX Runtime goes on: {fault}"
    networks.close()


def test_a_built_engine_with_other_outputs_does_not_take_over(
    slow: type[Slow], bundle: Bundle
) -> None:
    class Wrong(slow):  # type: ignore[valid-type,misc]
        def run(self, arrays: Arrays) -> dict[str, Any]:
            return {name: value + 1 for name, value in super().run(arrays).items()}

    register_engine("slow", Wrong)
    slow.built.set()
    said: list[str] = []
    networks = Networks(bundle, "slow", None, said.append)
    building = networks._serving.building
    assert building is not None and building.join(LIMIT_S)
    assert "does not reproduce the golden outputs" in said[1]
    assert slow.opened and all(one.closed for one in slow.opened)


def test_a_plan_that_is_built_after_the_end_is_closed(slow: type[Slow], bundle: Bundle) -> None:
    networks = Networks(bundle, "slow")
    assert slow.begun.wait(LIMIT_S)
    networks.close()
    slow.built.set()
    building = networks._serving.building
    assert building is not None and building.join(LIMIT_S)
    assert slow.plans == {"text"} and all(one.closed for one in slow.opened)


def test_reduced_precision_is_never_built_by_a_run(slow: type[Slow], bundle: Bundle) -> None:
    with pytest.raises(PlanError, match="compile one"):
        Networks(bundle, "slow", EngineOptions("fp16"))
    with pytest.raises(PlanError, match="compile one"):
        Networks(bundle, "slow", builds=False)  # as a replay does
    assert not slow.begun.is_set()
