"""Every byte that a bundle loads is listed and hashed, and lies in its folder."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path

import onnx
import pytest

from edge.bundle import Bundle, default_bundle
from edge.bundle.networks import Networks
from edge.errors import BundleError, EngineError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(default_bundle(), tmp_path / "bundle"))


def test_weights_beside_a_graph_that_the_manifest_does_not_list_are_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = onnx.load(folder / "vision.onnx")
    onnx.save(
        model,
        folder / "vision.onnx",
        save_as_external_data=True,
        location="weights.bin",
        size_threshold=0,
    )
    manifest = json.loads((folder / "manifest.json").read_text())
    graph = (folder / "vision.onnx").read_bytes()
    manifest["files"]["vision.onnx"] = hashlib.sha256(graph).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))
    monkeypatch.chdir(folder)  # where ONNX Runtime looks for the weights of a graph in memory
    with pytest.raises(EngineError, match=r"vision\.onnx cannot be loaded by ONNX Runtime"):
        Networks(Bundle.load(folder))


@pytest.mark.parametrize("name", ["vision.onnx", "manifest.json", "golden.npz"])
def test_a_link_out_of_the_folder_is_refused(folder: Path, name: str, tmp_path: Path) -> None:
    (folder / name).rename(tmp_path / "elsewhere")
    (folder / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BundleError, match="is a link to a file outside"):
        Bundle.load(folder)


def test_a_link_within_the_folder_and_a_linked_folder_are_good(
    folder: Path, tmp_path: Path
) -> None:
    (folder / "vision.onnx").rename(folder / "real.onnx")
    (folder / "vision.onnx").symlink_to("real.onnx")
    (tmp_path / "linked").symlink_to(folder)
    assert Bundle.load(tmp_path / "linked").manifest.names


@pytest.mark.parametrize("name", ["vision.onnx", "manifest.json", "MODEL_CARD.md"])
@pytest.mark.parametrize("kind", ["fifo", "device", "folder"])
def test_what_is_no_file_is_refused_at_once(folder: Path, name: str, kind: str) -> None:
    (folder / name).unlink()
    if kind == "fifo":
        os.mkfifo(folder / name)
    elif kind == "folder":
        (folder / name).mkdir()
    else:
        (folder / name).symlink_to("/dev/zero")
    with pytest.raises(BundleError, match="is not a file"):
        Bundle.load(folder)
