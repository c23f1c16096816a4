"""The reliability network of the bundle whose encoders a run uses.

It reads measured signals alone, and says what the same encoders can make of a stream in that
state. So it holds for any labels; a few recordings could not teach it (48 clips with two views each
left fewer than 20 windows for nearly every fault and severity).
"""

from __future__ import annotations

import re

import numpy as np
import onnx
import torch
from onnx import numpy_helper

from edge.bundle import Bundle
from edge.bundle.golden import read_golden
from edge.errors import BundleError
from edge.frontends import QUALITY
from edge.types import STREAMS
from train.models.reliability import ReliabilityNet
from train.stages.stream_windows import StreamWindows
from train.stages.window_splits import Reliability

_WEIGHT = re.compile(r"\.(heads\.\d\.\d\.(?:weight|bias)|mean|deviation)$")


def taken_reliability(bundle: Bundle) -> ReliabilityNet:
    """The network in a bundle's fusion graph, in eval mode.

    Raises:
        BundleError: The graph does not contain it, or it gives other outputs than the golden ones.
    """
    graph = bundle.graphs["fusion"]
    weights = {
        found[1]: torch.from_numpy(numpy_helper.to_array(one).copy())
        for one in onnx.load(graph).graph.initializer
        if (found := _WEIGHT.search(one.name))
    }
    model = ReliabilityNet(tuple(len(QUALITY[stream]) for stream in STREAMS))
    try:
        model.load_state_dict(weights)
    except RuntimeError:
        raise BundleError(
            f"{graph} does not have the reliability network of this release: give 'encoders' a"
            " bundle that this release built."
        ) from None
    for case in read_golden(bundle)["fusion"]:
        with torch.no_grad():
            found = model(torch.from_numpy(np.asarray(case.inputs["quality"], np.float32))[None])
        difference = float(np.abs(found[0].numpy() - case.outputs["reliability"]).max())
        if not difference <= bundle.manifest.tolerance:
            raise BundleError(
                f"{graph}: its reliability network differs from the golden outputs by"
                f" {difference:.1e}, the limit is {bundle.manifest.tolerance:.0e}."
            )
    return model.eval()


def known_reliability(model: ReliabilityNet, windows: dict[str, StreamWindows]) -> Reliability:
    """What the network says of each stream window; 0 where there is no evidence of the label."""
    known: Reliability = {}
    for place, stream in enumerate(STREAMS):
        one = windows[stream]
        signals = np.zeros((len(one), sum(len(QUALITY[s]) for s in STREAMS)), np.float32)
        first = sum(len(QUALITY[s]) for s in STREAMS[:place])
        signals[:, first : first + one.quality.shape[1]] = one.quality
        with torch.no_grad():
            said = model(torch.from_numpy(signals))[:, place].numpy()
        known[stream] = np.where(one.evidence, said, 0.0).astype(np.float32)
    return known
