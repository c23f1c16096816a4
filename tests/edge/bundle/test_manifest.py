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
