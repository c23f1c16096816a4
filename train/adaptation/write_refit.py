"""Writes a bundle again, with another part of the reliability network for one stream."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import torch
from onnx import numpy_helper
from onnx.reference import ReferenceEvaluator

from edge.bundle import Bundle
from edge.bundle.golden import Case, read_golden, write_golden
from edge.bundle.manifest import Manifest
from edge.digest import sha256_of
from edge.errors import BundleError
from edge.frontends import QUALITY, FrontEndParams
from edge.recording.session import bundle_digest
from edge.types import STREAMS
from train.adaptation.copied import copied, write_manifest
from train.adaptation.write import PARITY
from train.models.reliability import ReliabilityNet
from train.stages.refit import Refitted

PLACE = "confidence.reliability."
"""What the names of the network's weights begin with in a fusion graph."""


def write_refitted(base: Bundle, refitted: Refitted, out: Path) -> Bundle:
    """Write `base` with the new part to `out`, and load it.

    Args:
        out: A folder that does not exist.

    Raises:
        BundleError: The fusion graph has no such part, or the new one does not do what it should.
    """
    manifest = base.manifest
    with copied(base, out) as work:
        model = refitted_graph(base, refitted)
        (work / manifest.fusion.graph).write_bytes(model.SerializeToString())
        golden = read_golden(base)
        golden["fusion"] = [_answered(model, case, refitted) for case in golden["fusion"]]
        write_golden(work / manifest.golden, manifest.labels, golden)
        with (work / manifest.model_card).open("a", encoding="utf-8") as card:
            card.write(_card(refitted))
        write_manifest(_manifest(base, refitted, work), work)
    return Bundle.load(out)


def check_fits(base: Bundle, stream: str) -> None:
    """Raises: BundleError, if the fusion graph has no reliability of its own for `stream`."""
    network = ReliabilityNet((len(QUALITY[stream]),))
    refitted_graph(base, Refitted(stream, network, [], {}))


def refitted_graph(base: Bundle, refitted: Refitted) -> onnx.ModelProto:
    """The fusion graph with the stream's new weights and scale of its signals.

    Raises:
        BundleError: The graph has no weights of these names and shapes.
    """
    model = onnx.load(str(base.graphs["fusion"]))
    there = {one.name: one for one in model.graph.initializer}
    place = STREAMS.index(refitted.stream)
    begin = sum(len(QUALITY[name]) for name in STREAMS[:place])
    for name, value in refitted.network.state_dict().items():
        new = value.numpy()
        old_name = PLACE + name.replace("heads.0.", f"heads.{place}.")
        one = there.get(old_name)
        old = None if one is None else numpy_helper.to_array(one)
        if old is not None and name in ("mean", "deviation"):
            whole = np.array(old)
            whole[begin : begin + len(new)] = new
            new = whole
        if one is None or old is None or old.shape != new.shape:
            raise BundleError(
                f"{base.folder}: its fusion graph has no weights {old_name} of the shape"
                f" {new.shape}: train its reliability again with `cdat-train confide`."
            )
        one.CopyFrom(numpy_helper.from_array(new.astype(np.float32), old_name))
    onnx.checker.check_model(model, full_check=True)
    return model


def _answered(model: onnx.ModelProto, case: Case, refitted: Refitted) -> Case:
    """A golden case with the new graph's outputs, computed by ONNX's reference in NumPy; ONNX
    Runtime and the trained network must agree with it."""
    names = list(case.outputs)
    inputs = dict(case.inputs)
    reference = dict(zip(names, ReferenceEvaluator(model).run(names, inputs), strict=True))
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    found = dict(zip(names, session.run(names, inputs), strict=True))
    place = STREAMS.index(refitted.stream)
    begin = sum(len(QUALITY[name]) for name in STREAMS[:place])
    signals = inputs["quality"][begin : begin + len(QUALITY[refitted.stream])]
    with torch.no_grad():
        own = float(refitted.network(torch.from_numpy(signals[None])))
    worst = max(float(np.abs(found[name] - reference[name]).max()) for name in names)
    worst = max(worst, abs(own - float(np.ravel(reference["reliability"])[place])))
    if not worst <= PARITY:
        raise BundleError(
            f"The fusion graph with the new reliability of {refitted.stream} differs by"
            f" {worst:.1e} from what it should be; no bundle was written."
        )
    return Case(case.inputs, {name: np.asarray(value) for name, value in reference.items()})


def _manifest(base: Bundle, refitted: Refitted, work: Path) -> Manifest:
    old = base.manifest
    data: dict[str, Any] = old.model_dump(mode="json")
    here = FrontEndParams()
    data["frontend"], data["frontend_digest"] = here.as_dict(), here.digest()
    data["streams"][refitted.stream]["typical_quality"] = refitted.typical_quality
    data["files"] = {name: sha256_of(work / name) for name in old.files}
    told = {
        "from": {"name": old.name, "digest": bundle_digest(base)},
        "stream": refitted.stream,
        "validation": refitted.figures,
    }
    data["provenance"]["refitted"] = [*old.provenance.get("refitted", []), told]
    return Manifest.model_validate(data)


def _card(refitted: Refitted) -> str:
    rows = [
        f"| {name.replace('_', ' ')} | {refitted.figures['before'][name]:.3f} | {value:.3f} |"
        for name, value in refitted.figures["after"].items()
    ]
    return (
        f"\n## The reliability of {refitted.stream} was trained again\n\n"
        "`cdat-train refit` trained this stream's part of the reliability network with the present"
        " front end; all else is as it was. On validation windows with faults (reliability below"
        " 0.5: dropped; severity from 0.8 on); before: the former network with the present front"
        " end's signals:\n\n"
        "| figure | before | after |\n|---|---|---|\n" + "\n".join(rows) + "\n"
    )
