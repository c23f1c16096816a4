"""A bundle with the neutral embeddings of its training's persons, as a study has measured them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from edge.bundle import Bundle
from edge.bundle.manifest import MANIFEST_NAME, Manifest
from edge.bundle.signature import SIGNATURE_NAME
from edge.errors import BundleError, DataError, pydantic_message


def write_with_neutral(bundle: Bundle, study: Path, out: Path) -> Path:
    """Write the copy to the new folder `out`. All files but the manifest stay the same; a signature
    is left out, because the manifest differs.

    Args:
        study: `calibration.json` of `cdat-train calibration-study`, made with this bundle.

    Raises:
        DataError: The study cannot be read, or was made with another bundle.
        BundleError: `out` exists or cannot be written.
    """
    manifest = json.loads((bundle.folder / MANIFEST_NAME).read_text("utf-8"))
    measured = _read(study, bundle)
    # Beside fusion, whose embeddings they are.
    changed: dict[str, Any] = {}
    for key, value in manifest.items():
        if key == "neutral":
            continue
        changed[key] = value
        if key == "fusion":
            changed["neutral"] = None
    changed["neutral"] = measured
    try:
        Manifest.model_validate(changed)
    except ValidationError as failure:
        raise DataError(
            f"{study} does not fit {bundle.folder}: {pydantic_message(failure.errors()[0]['msg'])}."
        ) from None
    try:
        out.mkdir(parents=True)
        for name in manifest["files"]:
            if name != SIGNATURE_NAME:
                shutil.copyfile(bundle.path(name), out / name)
        (out / MANIFEST_NAME).write_text(json.dumps(changed, indent=1) + "\n", "utf-8")
    except FileExistsError:
        raise BundleError(f"{out} exists: give a new folder with --out.") from None
    except OSError as error:
        raise BundleError(f"--out {out} cannot be written: {error.strerror}.") from None
    return out


def _read(study: Path, bundle: Bundle) -> dict[str, Any]:
    again = "give calibration.json of `cdat-train calibration-study` with this bundle"
    try:
        report = json.loads(study.read_text("utf-8"))
        graphs = report["graphs"]
        measured = {
            stream: {"embedding": one["reference"], "strength": one["strength"]}
            for stream, one in report["streams"].items()
        }
    except OSError as error:
        raise DataError(f"{study} cannot be read: {error.strerror}; {again}.") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise DataError(f"{study} is not a report of the study: {again}.") from None
    if graphs != {name: bundle.manifest.files[graph.name] for name, graph in bundle.graphs.items()}:
        raise DataError(f"{study} was measured with other networks than {bundle.folder}: {again}.")
    return measured
