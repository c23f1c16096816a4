"""Writes the changed copy of a bundle. The bundle itself is never changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray

from edge.bundle import Bundle
from edge.bundle.golden import Case, read_golden, write_golden
from edge.bundle.manifest import Manifest
from edge.digest import sha256_of
from edge.errors import BundleError
from edge.recording.session import bundle_digest
from train.adaptation.changes import Changes
from train.adaptation.copied import copied, write_manifest
from train.adaptation.graph import PROBABILITIES, STANDARD_SCORE, changed_graph

PARITY = 1e-5
"""Largest difference between the new graph and the old one with the changes made in numpy."""


def write_changed(base: Bundle, changes: Changes, out: Path, told: dict[str, Any]) -> Bundle:
    """Write `base` with `changes` to `out`, and load it.

    Args:
        out: A folder that does not exist.
        told: What `provenance.adapted` says, besides the bundle that it was made from.

    Raises:
        BundleError: The new graph does not do what the changes say.
    """
    manifest = base.manifest
    with copied(base, out) as work:
        if changes.shift is not None or changes.of_scores or changes.of_confidence:
            _write_fusion(base, changes, work)
        with (work / manifest.model_card).open("a", encoding="utf-8") as card:
            card.write(_card(manifest, told))
        write_manifest(_manifest(base, changes, work, told), work)
    return Bundle.load(out)


def _write_fusion(base: Bundle, changes: Changes, work: Path) -> None:
    """The new graph, and golden outputs that the old one gives with the changes made in numpy."""
    old_path, manifest = base.graphs["fusion"], base.manifest
    new_path = work / manifest.fusion.graph
    model = changed_graph(onnx.load(str(old_path)), changes)
    new_path.write_bytes(model.SerializeToString())
    old, new = (
        ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        for path in (old_path, new_path)
    )
    golden = read_golden(base)
    golden["fusion"] = [_changed_case(case, old, changes) for case in golden["fusion"]]
    for case in golden["fusion"]:
        names = list(case.outputs)
        found = dict(zip(names, new.run(names, case.inputs), strict=True))
        worst = max(float(np.abs(found[name] - case.outputs[name]).max()) for name in names)
        if not worst <= PARITY:
            raise BundleError(
                f"{base.folder}: its changed fusion graph differs by {worst:.1e} from what it"
                " should be; no bundle was written."
            )
    write_golden(work / manifest.golden, manifest.labels, golden)


def _changed_case(case: Case, old: ort.InferenceSession, changes: Changes) -> Case:
    shifted: dict[str, NDArray[Any]] = dict(case.inputs)
    if changes.shift is not None:
        shifted["embeddings"] = np.add(shifted["embeddings"], changes.shift)
    names = list(case.outputs)
    out = dict(zip(names, old.run(names, shifted), strict=True))
    if changes.of_scores:
        answer = STANDARD_SCORE if STANDARD_SCORE in out else PROBABILITIES
        embeddings = np.asarray(case.inputs["embeddings"], np.float32)
        out[answer] = changes.scores(out[answer], embeddings).astype(np.float32)
    if changes.of_confidence:
        out["confidence"] = changes.confidence(out["confidence"]).astype(np.float32)
    return Case(case.inputs, out)


def _manifest(base: Bundle, changes: Changes, work: Path, told: dict[str, Any]) -> Manifest:
    old = base.manifest
    data = old.model_dump(mode="json")
    # The strengths of a correction for one person were measured with the old fusion graph.
    data.pop("neutral", None)
    data["name"] = f"{old.name}, adapted"[:200]
    for stream, limits in (changes.reliability or {}).items():
        data["gate"]["reliability"][stream] = limits.model_dump()
    for stream, values in (changes.typical_quality or {}).items():
        data["streams"][stream]["typical_quality"] = list(values)
    if changes.thresholds is not None:
        data["thresholds"] = changes.thresholds.tolist()
    data["files"] = {name: sha256_of(work / name) for name in old.files}
    origin = {"name": old.name, "digest": bundle_digest(base)}
    # The old bundle's own adaptations are inside its provenance already.
    before = list(old.provenance.get("adapted", []))
    data["provenance"]["adapted"] = [*before, {"from": origin, **told}]
    return Manifest.model_validate(data)


def _card(manifest: Manifest, told: dict[str, Any]) -> str:
    kept = ", ".join(name for name, one in told.get("steps", {}).items() if one["kept"]) or "none"
    return (
        "\n## Adapted\n\n"
        f"`cdat-train adapt` changed the bundle {manifest.name}: {kept}. The figures above are"
        " those before; `provenance.adapted` in the manifest says what was changed and how it was"
        " checked.\n"
    )
