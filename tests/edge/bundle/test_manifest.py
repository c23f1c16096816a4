"""The manifest's limits for engines in reduced precision."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from edge.bundle import Bundle, default_bundle
from edge.bundle.load import read_manifest
from edge.errors import BundleError


def written(folder: Path, **changes: Any) -> Path:
    manifest = json.loads((default_bundle() / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | changes))
    return folder


def test_a_bundle_without_limits_has_the_defaults(tmp_path: Path) -> None:
    told = json.loads((default_bundle() / "manifest.json").read_text())
    told.pop("metric_loss", None), told.pop("reduced_tolerance", None)
    (tmp_path / "manifest.json").write_text(json.dumps(told))
    manifest = read_manifest(tmp_path)
    assert manifest.schema_version == 2
    assert manifest.metric_loss == 0.005
    tolerances = [manifest.tolerance_of(one) for one in ("fp32", "fp16", "int8")]
    assert tolerances == [manifest.tolerance, 0.02, 0.4]


def test_a_bundle_may_set_its_own_limits(tmp_path: Path) -> None:
    own = {"metric_loss": 0.02, "reduced_tolerance": {"int8": 0.7}}
    manifest = read_manifest(written(tmp_path, **own))
    assert manifest.metric_loss == 0.02
    assert (manifest.tolerance_of("fp16"), manifest.tolerance_of("int8")) == (0.02, 0.7)


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"metric_loss": 0}, "metric_loss"),
        ({"metric_loss": float("nan")}, "metric_loss"),
        ({"reduced_tolerance": {"int4": 0.1}}, r"reduced_tolerance\.int4"),
        ({"reduced_tolerance": {"fp16": -1}}, r"reduced_tolerance\.fp16"),
    ],
)
def test_limits_that_are_none_are_refused(
    tmp_path: Path, changes: dict[str, Any], key: str
) -> None:
    with pytest.raises(BundleError, match=key):
        read_manifest(written(tmp_path, **changes))


def test_the_shipped_bundle_loads() -> None:
    assert Bundle.load(default_bundle()).manifest.metric_loss == 0.005


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ('"task":', '"name": "other", "task":', "the key 'name' is given twice"),
        ('"metric_loss": 0.5', '"metric_loss": ' + "9" * 5000, "5000 digits is too long"),
    ],
)
def test_json_that_readers_take_for_different_things_is_refused(
    tmp_path: Path, before: str, after: str, problem: str
) -> None:
    path = written(tmp_path, metric_loss=0.5) / "manifest.json"
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))
    with pytest.raises(BundleError, match=f"is not valid JSON .*{problem}"):
        read_manifest(tmp_path)


def test_a_name_cannot_steer_a_terminal(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"name: .*line break"):
        read_manifest(written(tmp_path, name="\x1b[2Jred"))


def test_a_label_cannot_steer_a_terminal(tmp_path: Path) -> None:
    labels = ["a\nb", *read_manifest(default_bundle()).labels[1:]]
    with pytest.raises(BundleError, match=r"labels\.0: .*line break"):
        read_manifest(written(tmp_path, labels=labels))
