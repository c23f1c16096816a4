"""A bundle's golden cases, altered: one sentence each; and networks that give no numbers."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fixtures.held import memory_mib

import edge
from edge.bundle import Bundle, default_bundle
from edge.bundle.networks import Networks
from edge.engines import Arrays
from edge.engines.onnxruntime import OnnxRuntimeEngine
from edge.errors import BundleError, EngineError

Cases = dict[str, Any]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(default_bundle(), tmp_path / "bundle"))


def refusal(folder: Path) -> str:
    """What loading the networks says, once the manifest lists the files as they are."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["files"] = {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in manifest["files"]
    }
    path.write_text(json.dumps(manifest))
    with pytest.raises(BundleError) as error:
        Networks(Bundle.load(folder))
    said = str(error.value)
    assert "\n" not in said and "golden.npz" in said and "cdat-export build" in said
    return said


@pytest.mark.parametrize("content", ["nothing", "an array", "no archive", "half"])
def test_a_file_that_holds_no_cases_is_refused(folder: Path, content: str) -> None:
    golden = folder / "golden.npz"
    whole = golden.read_bytes()
    if content == "an array":
        with golden.open("wb") as file:
            np.save(file, np.zeros(3))
    else:
        golden.write_bytes({"nothing": b"", "no archive": b"x" * 99, "half": whole[:999]}[content])
    assert "does not contain golden inputs and outputs" in refusal(folder)


def test_arrays_that_unpack_to_gigabytes_are_refused_before_they_are_read(folder: Path) -> None:
    golden = folder / "golden.npz"
    with (
        zipfile.ZipFile(golden, "a", zipfile.ZIP_DEFLATED) as archive,
        archive.open("text/9/in/words.npy", "w") as one,
    ):
        for _ in range(300):
            one.write(bytes(2**20))
    before_mib = memory_mib()
    assert "larger than 256 MiB" in refusal(folder)
    assert memory_mib() < before_mib + 150


def without(side: str) -> Callable[[Cases], Cases]:
    return lambda cases: {name: value for name, value in cases.items() if side not in name}


def reshaped(name: str, *shape: int) -> Callable[[Cases], Cases]:
    return lambda cases: cases | {name: np.zeros(shape, np.float32)}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (without("/out/"), "the outputs of text missing"),
        (without("/in/"), "the inputs of text missing"),
        (without("fusion/"), "has no case for the graph fusion"),
        (without("fusion/0/out/confidence"), "the outputs of fusion"),
        (reshaped("fusion/0/out/bogus", 3), "bogus [3] float32"),
        (reshaped("fusion/0/out/confidence", 5), "confidence [5] float32"),
        (reshaped("fusion/0/out/confidence", 0), "confidence [0] float32"),
        (reshaped("vision/0/in/crop", 1, 1, 8, 8), "crop [1, 1, 8, 8] float32"),
        (reshaped("text/0/in/words", 1, 40, 8), "words [1, 40, 8] float32"),
    ],
)
def test_a_case_that_does_not_fit_its_graph_is_refused(
    folder: Path, change: Callable[[Cases], Cases], says: str
) -> None:
    with np.load(folder / "golden.npz") as file:
        cases = change(dict(file))
    np.savez(folder / "golden.npz", **cases)
    assert says in refusal(folder)


def test_a_bundle_is_loaded_by_a_string() -> None:
    assert edge.Bundle.load(str(default_bundle())).folder == default_bundle()


class Odd(OnnxRuntimeEngine):
    """An engine whose outputs a test alters."""

    alter: Callable[[dict[str, Any]], dict[str, Any]] = staticmethod(lambda outputs: outputs)

    def run(self, arrays: Arrays) -> dict[str, Any]:
        return type(self).alter(super().run(arrays))


@pytest.fixture
def odd() -> type[Odd]:
    class Fresh(Odd):
        pass

    edge.register_engine("odd", Fresh)
    return Fresh


@pytest.mark.parametrize(
    "alter",
    [lambda outputs: {}, lambda outputs: {name: v[..., None] for name, v in outputs.items()}],
)
def test_an_engine_that_returns_other_shapes_is_refused(
    odd: type[Odd], monkeypatch: pytest.MonkeyPatch, alter: Callable[[Cases], Cases]
) -> None:
    monkeypatch.setattr(odd, "alter", staticmethod(alter))
    with pytest.raises(EngineError, match="does not return embedding of text in the shape"):
        Networks(Bundle.load(default_bundle()), "odd")


def test_values_that_are_not_finite_are_an_error(
    odd: type[Odd], monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = Bundle.load(default_bundle())
    networks = Networks(bundle, "odd")
    size, signals = bundle.manifest.fusion.embedding_size, len(bundle.manifest.quality_names)
    embeddings, quality = np.zeros((3, size), np.float32), np.zeros(signals, np.float32)
    networks.fuse(embeddings, quality)
    monkeypatch.setattr(odd, "alter", lambda out: {name: v * np.nan for name, v in out.items()})
    with pytest.raises(EngineError, match="of fusion that are not finite"):
        networks.fuse(embeddings, quality)
    with pytest.raises(EngineError, match="of audio that are not finite"):
        networks.encode("audio", np.zeros(bundle.manifest.streams["audio"].shape, np.float32))
