"""The bench's Markdown: the machine, rows whose plan holds another graph, and what is not known."""

from __future__ import annotations

import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from edge.bench.machine import machine
from edge.bundle import Bundle, default_bundle
from edge.engines import EngineOptions
from edge.engines.onnxruntime import plan_key
from edge.engines.plans import Plans
from edge.errors import SinkError
from export.bench.facts import absent
from export.bench.measure import measure
from export.bench.report import markdown, write_report
from export.bench.variant import Measured, registered
from export.plans.onnxruntime import onnxruntime_compiler

BUNDLE = Bundle.load(default_bundle())
AUDIO = BUNDLE.graphs["audio"]
ORIN = {
    "gpu": "Orin (nvgpu)",
    "driver": "540.3.0",
    "gpu_clock_mhz": 306.0,
    "gpu_max_clock_mhz": 918.0,
    "power_limit_w": 25.0,
    "power_mode": "MAXN (0)",
    "cpu_clock_mhz": 1510.4,
    "cpu_max_clock_mhz": 1510.4,
    "cpu_governor": "schedutil",
}


def results_of(rows: list[Measured], here: dict[str, Any]) -> dict[str, Any]:
    return {
        "date": "2026-11-27",
        "machine": here,
        "energy": None,
        "bundle": BUNDLE.manifest.name,
        "rows": [row.as_row() for row in rows],
        "not_there": absent(here),
    }


def report(rows: list[Measured], here: dict[str, Any]) -> str:
    return markdown(results_of(rows, here))


def measured(cache: Path, facts: dict[str, Any] | None) -> Measured:
    """ONNX Runtime's fp16 row of the sound graph, read from a plan of which `facts` are said; None:
    the bench builds it."""
    options = EngineOptions("fp16", device="cpu", cache=cache)
    if facts is None:
        variant = registered("onnxruntime", options, onnxruntime_compiler("fp16", {}))
    else:
        plans, key = Plans(cache), plan_key(AUDIO, "fp16")
        with plans.locked(key):
            plans.write(key, partial(shutil.copyfile, AUDIO), facts)
        variant = registered("onnxruntime", options, plan=partial(plan_key, precision="fp16"))
    missing: list[str] = []
    rows = measure(BUNDLE, {"audio": AUDIO}, [variant], 20, 1, missing.append, cache / "trial")
    assert missing == []
    return rows[0]


@pytest.mark.parametrize(
    ("facts", "cell", "says"),
    [
        (
            {"kept": "fp32", "why": "fp16 is not faster (0.87 x): it stays in fp32."},
            "| fp16 (the plan holds fp32) |",
            "the plan holds the fp32 graph. From `cdat-export compile`: fp16 is not faster (0.87",
        ),
        (
            {"kept": "fp16", "gate": "audio: accuracy 0.6833 against 0.6833."},
            "| fp16 |",
            "from `cdat-export compile`, in the plan's file: audio: accuracy 0.6833",
        ),
        ({"kept": "fp16"}, "| fp16 |", "no figure: the plan was compiled without the metric gate;"),
        (None, "| fp16 |", "no figure: this bench built the plan; `cdat-export compile --engine"),
    ],
)
def test_each_reduced_row_says_what_is_known_of_its_metric(
    tmp_path: Path, facts: dict[str, Any] | None, cell: str, says: str
) -> None:
    text = report([measured(tmp_path, facts)], machine())
    assert cell in text
    assert f"- audio onnxruntime fp16, batch 1: {says}" in text


def test_rows_in_fp32_need_no_figure_and_eager_torch_and_batches_have_none(tmp_path: Path) -> None:
    row = measured(tmp_path, None)
    full = replace(row, precision="fp32")
    assert "The metric in reduced precision" not in report([full], machine())
    rows = [full, replace(row, engine="eager"), replace(row, batch=8)]
    text = report(rows, machine())
    assert "audio eager fp16, batch 1: no figure: the metric gate judges plans," in text
    assert "batch 8: no figure: this bench built the plan, and the metric gate judges one" in text
    assert text.count("no figure") == 2


def test_the_head_names_processor_gpu_mode_and_libraries(tmp_path: Path) -> None:
    here = machine() | ORIN
    write_report(results_of([], here), tmp_path)
    text = report([], here)
    assert (tmp_path / "bench.md").read_text("utf-8") == text
    assert text.startswith("# Engines on Orin (nvgpu)\n")
    assert "clock 1510 of at most 1510 MHz, governor schedutil" in text
    assert "Orin (nvgpu), driver 540.3.0, clock 306 of at most 918 MHz, limit 25 W" in text
    assert "power mode MAXN (0)" in text
    for name, version in here["libraries"].items():
        assert version is None or f"{name} {version}" in text
    assert "- The clock of the GPU's memory: nvidia-smi reports none" in text
    assert "A power mode" not in text


def test_what_the_machine_does_not_tell_is_named() -> None:
    here = {k: v for k, v in machine().items() if not k.startswith("cpu_")}
    text = report([], here)
    assert text.partition("What was not there:\n\n")[2].splitlines() == [
        "- The processor's clock: Linux reports none here.",
        "- The processor's highest clock: there is no cpufreq, as in most virtual machines.",
        "- An NVIDIA GPU with its driver: nvidia-smi and L4T report none.",
        "- A power mode: nvpmodel, which a Jetson has, reports none.",
    ]
    assert absent(machine() | ORIN | {"gpu_memory_clock_mhz": 3199.0}) == []


def test_a_folder_that_takes_no_report_is_named() -> None:
    with pytest.raises(SinkError, match=r"^--out /dev/full cannot be written: Not a directory\.$"):
        write_report(results_of([], machine()), Path("/dev/full"))
