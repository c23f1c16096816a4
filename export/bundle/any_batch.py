"""A bundle whose encoders take any number of items a pass, made from one that takes one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import onnx

from edge.bundle import Bundle
from edge.bundle.manifest import MANIFEST_NAME
from edge.bundle.signature import SIGNATURE_NAME
from edge.digest import sha256_of
from edge.errors import BundleError
from export.graphs.batched import batched


def write_any_batch(bundle: Bundle, out: Path) -> Path:
    """Write the copy to the new folder `out`. Weights, golden outputs and texts stay the same; a
    signature is left out, because the files differ.

    Raises:
        BundleError: `out` exists or cannot be written.
    """
    manifest = json.loads((bundle.folder / MANIFEST_NAME).read_text("utf-8"))
    encoders = {bundle.manifest.streams[name].graph for name in bundle.manifest.names}
    try:
        out.mkdir(parents=True)
        for name in manifest["files"]:
            if name in encoders:
                model = batched(onnx.load(bundle.path(name)), None)
                (out / name).write_bytes(model.SerializeToString())
            elif name != SIGNATURE_NAME:
                shutil.copyfile(bundle.path(name), out / name)
        manifest["files"] = {name: sha256_of(out / name) for name in manifest["files"]}
        (out / MANIFEST_NAME).write_text(json.dumps(manifest, indent=1) + "\n", "utf-8")
    except FileExistsError:
        raise BundleError(f"{out} exists: give a new folder with --out.") from None
    except OSError as error:
        raise BundleError(f"--out {out} cannot be written: {error.strerror}.") from None
    return out
