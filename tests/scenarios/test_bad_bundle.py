"""A bundle that is incomplete, altered or made for something else costs one sentence."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fixtures.command import Cli, Told, complaint
from fixtures.noise import clip

from edge.bundle import default_bundle

# Bundles


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A copy of the packaged bundle, to be broken."""
    return Path(shutil.copytree(default_bundle(), tmp_path / "bundle"))


def edit(bundle: Path, change: Callable[[dict[str, Any]], object]) -> None:
    path = bundle / "manifest.json"
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))


def run_bundle(cli: Cli, bundle: Path, tmp_path: Path) -> Told:
    return cli("run", "--bundle", str(bundle), "--file", str(clip(tmp_path / "clip.mkv")))


def test_the_copy_of_the_bundle_runs(cli: Cli, bundle: Path, tmp_path: Path) -> None:
    assert run_bundle(cli, bundle, tmp_path)[0] == 0


def test_a_bundle_that_is_no_folder(cli: Cli, tmp_path: Path) -> None:
    complaint(run_bundle(cli, tmp_path / "nothing", tmp_path), "nothing", "--bundle")


def test_a_bundle_without_its_manifest(cli: Cli, bundle: Path, tmp_path: Path) -> None:
    (bundle / "manifest.json").unlink()
    complaint(run_bundle(cli, bundle, tmp_path), "manifest.json")


def test_a_bundle_that_lacks_a_graph(cli: Cli, bundle: Path, tmp_path: Path) -> None:
    (bundle / "vision.onnx").unlink()
    complaint(run_bundle(cli, bundle, tmp_path), "vision.onnx")


def test_a_bundle_with_an_altered_graph(cli: Cli, bundle: Path, tmp_path: Path) -> None:
    with (bundle / "fusion.onnx").open("ab") as file:
        file.write(b"\0")
    complaint(run_bundle(cli, bundle, tmp_path), "fusion.onnx", "SHA-256")


def test_a_bundle_whose_graph_is_no_graph(cli: Cli, bundle: Path, tmp_path: Path) -> None:
    (bundle / "text.onnx").write_bytes(b"no graph")
    digest = hashlib.sha256(b"no graph").hexdigest()
    edit(bundle, lambda m: m["files"].update({"text.onnx": digest}))
    complaint(run_bundle(cli, bundle, tmp_path), "text.onnx", "ONNX Runtime")


def test_a_bundle_of_another_schema(cli: Cli, bundle: Path, tmp_path: Path) -> None:
    edit(bundle, lambda m: m.update(schema_version=99))
    complaint(run_bundle(cli, bundle, tmp_path), "schema_version", "99")


def test_a_bundle_of_another_front_end(cli: Cli, bundle: Path, tmp_path: Path) -> None:
    edit(bundle, lambda m: m["frontend"]["audio"].update(mels=40))
    complaint(run_bundle(cli, bundle, tmp_path), "audio.mels", "40", "64")


def test_a_bundle_with_another_front_end_digest(cli: Cli, bundle: Path, tmp_path: Path) -> None:
    edit(bundle, lambda m: m.update(frontend_digest="0" * 64))
    complaint(run_bundle(cli, bundle, tmp_path), "digest")


def test_a_bundle_whose_labels_do_not_fit_its_graph(cli: Cli, bundle: Path, tmp_path: Path) -> None:
    edit(bundle, lambda m: m["labels"].pop())
    complaint(run_bundle(cli, bundle, tmp_path), "golden.npz", "labels")


def test_a_bundle_whose_labels_were_renamed(cli: Cli, bundle: Path, tmp_path: Path) -> None:
    edit(bundle, lambda m: m["labels"].reverse())
    complaint(run_bundle(cli, bundle, tmp_path), "golden.npz", "labels")


def test_a_bundle_whose_input_is_of_another_type(cli: Cli, bundle: Path, tmp_path: Path) -> None:
    edit(bundle, lambda m: m["streams"]["vision"].update(dtype="int32"))
    complaint(run_bundle(cli, bundle, tmp_path), "vision.onnx", "int32")


def test_a_bundle_that_reaches_outside_its_folder(cli: Cli, bundle: Path, tmp_path: Path) -> None:
    edit(bundle, lambda m: m["streams"]["text"].update(graph="../../etc/passwd"))
    complaint(run_bundle(cli, bundle, tmp_path), "streams.text.graph")


def test_a_manifest_with_an_unknown_key(cli: Cli, bundle: Path, tmp_path: Path) -> None:
    edit(bundle, lambda m: m.update(surprise=1))
    complaint(run_bundle(cli, bundle, tmp_path), "surprise")


def test_a_manifest_that_is_not_json(cli: Cli, bundle: Path, tmp_path: Path) -> None:
    (bundle / "manifest.json").write_text("{")
    complaint(run_bundle(cli, bundle, tmp_path), "manifest.json", "JSON")
