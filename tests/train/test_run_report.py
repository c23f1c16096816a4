"""report.json, the interface of training and export, is complete or an error of one sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

from edge.errors import DataError
from train.run_report import REPORT_NAME, OneStreamReport, read_run_report, write_run_report

AUDIO_TEST = {
    "n": 4,
    "resampled": "actors",
    "accuracy": 0.5,
    "accuracy_interval": [0.1, 0.9],
    "uar": 0.5,
    "uar_interval": [0.1, 0.9],
    "macro_f1": 0.4,
    "confusion": [[1, 1], [1, 1]],
}
REPORT: dict[str, Any] = {
    "key": "abc",
    "labels": ["sad", "happy"],
    "gate": {
        "reliability": {"audio": {"drop": 0.2, "readmit": 0.3}},
        "interference_margin": 1.0,
        "smoothing": 0.8,
        "readmit_steps": 3,
        "abstain_below": 0.1,
    },
    "gate_seen_on_validation": {
        "audio": {
            "clean_below_drop": 0.02,
            "severe_below_drop": float("nan"),
            "clean_median": 0.9,
            "auroc_by_fault": {"noise": 0.9},
            "below_drop_by_fault": {"noise": 0.8},
        }
    },
    "typical_quality": {"audio": [0.1, 0.2]},
    "left_out": {"audio": {"copies": 1}},
    "items": {"audio": {"train": 1, "held_out": 1, "val": 1, "test": 1}},
    "distilled": "alone",
    "test": {
        "single": {"audio": AUDIO_TEST},
        "confidence": {
            "n_windows": 4,
            "accuracy_with_faults": 0.5,
            "confidence_auroc_wrong_or_right": 0.5,
            "max_probability_auroc_wrong_or_right": 0.5,
        },
    },
    "comparison": {"seeds": [1]},
}


def test_a_written_report_is_read_unchanged(tmp_path: Path) -> None:
    write_run_report(OneStreamReport.model_validate(REPORT), tmp_path)
    again = read_run_report(OneStreamReport, tmp_path)
    assert again.test.single["audio"].uar_interval == (0.1, 0.9)
    assert again.gate.reliability["audio"].readmit == 0.3


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        (("gate",), None, "The key gate is missing"),
        (("test", "single", "audio", "uar"), None, "The key test.single.audio.uar is missing"),
        (("test", "single", "audio", "n"), "many", "test.single.audio.n: must be a valid integer"),
        (("gate", "smoothing"), 2, "gate.smoothing: must be less than or equal to 1, got 2"),
        (("metrics",), 1, "Unknown key metrics"),
    ],
)
def test_a_missing_or_invalid_field_is_an_error_of_one_sentence(
    tmp_path: Path, place: tuple[str, ...], value: object, words: str
) -> None:
    report = json.loads(json.dumps(REPORT))
    inner = report
    for key in place[:-1]:
        inner = inner[key]
    if value is None:
        del inner[place[-1]]
    else:
        inner[place[-1]] = value
    (tmp_path / REPORT_NAME).write_text(json.dumps(report))
    with pytest.raises(DataError) as caught:
        read_run_report(OneStreamReport, tmp_path)
    assert words in str(caught.value) and REPORT_NAME in str(caught.value)
    assert "\n" not in str(caught.value)
