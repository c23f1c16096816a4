"""Encoders that a run took from another bundle: the same files, proven again."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import onnxruntime as ort

from edge.bundle import Bundle
from edge.bundle.golden import read_golden
from edge.errors import BundleError
from export.bundle.parity import Checked


def copied_encoders(bundle: Bundle, streams: tuple[str, ...], work: Path) -> dict[str, Checked]:
    """Copy a bundle's encoders of `streams` to `work`, and compare them with the bundle's golden
    outputs.

    Returns:
        By stream, the golden cases; `worst` is ONNX Runtime's largest difference from them.

    Raises:
        BundleError: An output differs by more than the bundle's tolerance, or it has no cases.
    """
    manifest, golden = bundle.manifest, read_golden(bundle)
    checked: dict[str, Checked] = {}
    for stream in streams:
        path = work / f"{stream}.onnx"
        shutil.copyfile(bundle.graphs[stream], path)
        cases = golden.get(stream, [])
        if len(cases) < 2:
            raise BundleError(f"{bundle.folder} has no golden outputs of {stream}: build it again.")
        session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        worst = 0.0
        for case in cases:
            names = list(case.outputs)
            found = dict(zip(names, session.run(names, case.inputs), strict=True))
            for name, wanted in case.outputs.items():
                worst = max(worst, float(np.abs(found[name] - wanted).max()))
        if not worst <= manifest.tolerance:
            raise BundleError(
                f"{bundle.folder}: {stream} differs from its golden outputs by {worst:.1e}, the"
                f" limit is {manifest.tolerance:.0e}; no bundle was written."
            )
        checked[stream] = Checked(cases, worst)
    return checked
