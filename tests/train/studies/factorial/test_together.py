"""Several factorials as one table: one family for Holm, and what a wrong file is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

from edge.errors import DataError
from train.checkpoint import read_json, write_json
from train.studies.factorial.together import put_together

TARGETS = [k % 3 for k in range(60)]
GROUPS = [f"g{k // 3}" for k in range(60)]
TREATMENT = {"kl_before": 0.1, "kl_after": 0.05, "changed": 0.2, "order_auc": 0.6,
             "order_agrees": 0.55}  # fmt: skip


def result(corpus: str, model: str, cdat_right: bool) -> dict[str, Any]:
    """A run of one regime in which CDaT is right everywhere or, as the others, nowhere."""
    wrong = [(k + 1) % 3 for k in TARGETS]
    given = {"none": wrong, "shuffled": wrong, "cdat": TARGETS if cdat_right else wrong}
    cells = [
        {"when": "start", "labelled_share": 0.25, "kind": kind, "seed": seed, "lambda": 5.0,
         "labelled": 15, "unlabelled": 45, "answers": {"fused": said}, "treatment": TREATMENT}
        for kind, said in given.items()
        for seed in (1, 2)
    ]  # fmt: skip
    test = {"targets": TARGETS, "groups": GROUPS}
    models = {model: {"cells": cells, "contrasts": []}}
    return {"corpus": corpus, "origin": 0.0, "test": test, "models": models}


def test_holm_counts_the_cells_of_all_runs(tmp_path: Path) -> None:
    write_json(tmp_path / "a" / "factorial" / "results.json", result("one", "early", True))
    write_json(tmp_path / "b.json", result("two", "misa", False) | {"origin": 0.5})
    text = put_together([tmp_path / "a", tmp_path / "b.json"], tmp_path)
    assert "over 2 cells: one, early, start, 25 %, fused." in text
    assert "| two | misa, origin 0.5 | start, 25 % | +0.0" in text
    assert "| one | early | start, 25 % | +100.0 (+100.0 to +100.0)* |" in text
    assert "| cdat | shuffled | fused | 2 | +50.00 | 1 | 0 | 1 | 0 |" in text
    assert "15 + 45 | 5 | 0.100 | 0.050 | 20.0 | 0.600" in text
    won = read_json(tmp_path / "factorial.json")["contrasts"]
    gains = [c["gains"]["shuffled"] for c in won if c["kind"] == "cdat"]
    assert gains[0]["holm_p"] == pytest.approx(2 * gains[0]["p"]) and gains[1]["holm_p"] == 1.0
    assert (tmp_path / "factorial.md").read_text(encoding="utf-8") == text


def test_runs_of_two_kinds_of_confidences_are_two_cells(tmp_path: Path) -> None:
    write_json(tmp_path / "tcp.json", result("one", "early", False))
    other = result("one", "early", True) | {"confidences": "cross_fitted"}
    write_json(tmp_path / "crossed.json", other)
    text = put_together([tmp_path / "tcp.json", tmp_path / "crossed.json"], tmp_path)
    assert "| one | early, cross_fitted | start, 25 % | +100.0" in text
    assert "| one | early | start, 25 % | +0.0" in text


def test_without_a_gain_the_nearest_cell_is_named(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", result("one", "early", False))
    text = put_together([tmp_path / "a.json"], tmp_path)
    assert "over 1 cells: nowhere. The gain with the smallest p: one, early, start" in text


def test_cells_given_twice_and_other_files_are_errors_of_one_sentence(tmp_path: Path) -> None:
    for name in ("a.json", "b.json"):
        write_json(tmp_path / name, result("one", "early", True))
    with pytest.raises(DataError, match="both hold early on one"):
        put_together([tmp_path / "a.json", tmp_path / "b.json"], tmp_path)
    old = result("one", "early", True)
    del old["test"]
    write_json(tmp_path / "old.json", old)
    with pytest.raises(DataError, match=r"old\.json lacks 'test': run `cdat-train factorial`"):
        put_together([tmp_path / "old.json"], tmp_path)
    with pytest.raises(DataError, match=r"has no results\.json"):
        put_together([tmp_path / "nowhere"], tmp_path)
