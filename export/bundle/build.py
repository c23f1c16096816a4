"""Build a bundle from a run: graphs, parity, golden outputs, manifest and model card."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from edge.bundle import Bundle
from edge.bundle.golden import write_golden
from edge.bundle.manifest import MANIFEST_NAME, answer_output
from edge.errors import BundleError
from edge.frontends import FrontEndParams
from export.bundle.copied import copied_encoders
from export.bundle.manifest import CARD_NAME, GOLDEN_NAME, INPUTS, manifest_of
from export.bundle.model_card import write_card
from export.bundle.one_stream_card import write_one_stream_card
from export.bundle.parity import Checked, Inputs, check
from export.bundle.recorded_card import write_recorded_card
from export.bundle.run import TrainedRun, load_run
from export.bundle.synthetic import noisy_signals, synthetic_item
from export.graphs.modules import EncoderGraph, fold
from export.graphs.write import write_graph
from train.live_config import TrainConfig
from train.run_report import OneStreamReport, RecordedReport, ThreeStreamReport
from train.stages.recorded.config import RecordedConfig
from train.stages.shipped_slice import SLICE_NAME, streams_in

TOLERANCE = 1e-5
GOLDEN_CASES = 4
RANDOM_CASES = 16
MAX_BUNDLE_BYTES = 10 * 2**20
ENCODER_OUTPUTS = ["embedding", "logit"]
WHOLE = "bundle"

Progress = Callable[[str, int, int], None]
"""Is told what is made next, how many parts are done, and how many there are."""


def build(run_folder: Path, out: Path, progress: Progress = lambda what, done, all_: None) -> Path:
    """Write the bundle of a finished run to `out`; an existing bundle is replaced.

    All files are written to a folder beside `out`, which is renamed at the end. A process that is
    killed while it writes leaves the old bundle as it was. One that is killed between the two
    renames leaves both, complete, in folders beside `out` whose names begin with a dot.

    Raises:
        BundleError: The run does not match this release, the parity check fails, or `out` exists
            and is not a bundle.
    """
    if out.exists() and not (out / MANIFEST_NAME).is_file() and _holds_anything(out):
        raise BundleError(f"{out} exists and is not a bundle: give --out a new or an empty folder.")
    run = load_run(run_folder)
    out.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        parts = _fill(run, work, run_folder / SLICE_NAME)
        total = len(run.encoders) + 2 + (run.taken is not None)
        for done, what in enumerate(parts):
            progress(what, done, total)
        Bundle.load(work)
        progress(WHOLE, total, total)
        work.chmod(0o755)
        _replace(work, out)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return out


def _fill(run: TrainedRun, work: Path, shipped: Path) -> Iterator[str]:
    """Write all files. Each part is named before it is made: the encoders that the run took, each
    one of its own, fusion, and the whole."""
    params = FrontEndParams()
    rng = np.random.default_rng(run.config.seed)
    embedding = run.config.embedding_size
    shapes: dict[str, tuple[int, ...]] = {
        "text": (params.text.words, params.text.ids),
        "audio": (1, params.speech.segment_frames, params.speech.mels),
        "vision": (1, params.face.size, params.face.size),
    }
    checked: dict[str, Checked] = {}
    if run.taken is not None:
        yield "encoders"
        checked = copied_encoders(run.taken, run.streams, work)
    for stream in run.encoders:
        yield f"encoder of {stream}"
        module = EncoderGraph(run.encoders[stream])
        name = INPUTS[stream]
        items = [
            synthetic_item(stream, k, shapes[stream], params, rng) for k in range(GOLDEN_CASES)
        ]
        more = [
            synthetic_item(stream, None, shapes[stream], params, rng) for _ in range(RANDOM_CASES)
        ]
        path = work / f"{stream}.onnx"
        write_graph(module, {name: items[0]}, ENCODER_OUTPUTS, path)
        golden: list[Inputs] = [{name: item} for item in items]
        checked[stream] = check(path, module, golden, [{name: item} for item in more], TOLERANCE)
    yield "fusion"
    embeddings = {
        stream: np.concatenate([case.outputs["embedding"] for case in checked[stream].cases])
        for stream in run.streams
    }
    typical = run.report.typical_quality
    middle = np.concatenate([np.array(typical[s], np.float32) for s in run.streams])
    deviation = run.deviation.numpy()
    fusion = run.fusion
    fused_golden: list[Inputs] = [
        {
            "embeddings": np.stack([embeddings[s][k] for s in run.streams]),
            "quality": noisy_signals(middle, deviation, rng),
        }
        for k in range(GOLDEN_CASES)
    ]
    fused_more: list[Inputs] = [
        {
            "embeddings": rng.standard_normal((len(run.streams), embedding)).astype(np.float32),
            "quality": noisy_signals(middle, 3 * deviation, rng),
        }
        for _ in range(RANDOM_CASES)
    ]
    path = work / "fusion.onnx"
    outputs = [answer_output(run.task), "confidence", "reliability"]
    write_graph(fold(fusion), fused_golden[0], outputs, path)
    checked["fusion"] = check(path, fusion, fused_golden, fused_more, TOLERANCE)
    yield WHOLE
    cases = {name: one.cases for name, one in checked.items()}
    write_golden(work / GOLDEN_NAME, run.report.labels, cases)
    parity = {name: one.worst for name, one in checked.items()}
    if isinstance(run.report, ThreeStreamReport) and isinstance(run.config, TrainConfig):
        if shipped.is_file():
            shutil.copyfile(shipped, work / SLICE_NAME)
        write_card(work / CARD_NAME, run.config, run.report, parity, streams_in(shipped))
    elif isinstance(run.report, RecordedReport) and isinstance(run.config, RecordedConfig):
        write_recorded_card(work / CARD_NAME, run.config, run.report, parity)
    elif isinstance(run.report, OneStreamReport):
        write_one_stream_card(work / CARD_NAME, run.config, run.report, parity)
    manifest = manifest_of(run, params, shapes, parity, work)
    text = json.dumps(manifest.model_dump(mode="json"), indent=1, ensure_ascii=False)
    (work / MANIFEST_NAME).write_text(text + "\n", encoding="utf-8")
    total = sum(path.stat().st_size for path in work.iterdir())
    if total > MAX_BUNDLE_BYTES:
        raise BundleError(
            f"the bundle has {total / 2**20:.1f} MiB,"
            f" the limit is {MAX_BUNDLE_BYTES // 2**20}: train smaller networks."
        )


def _holds_anything(path: Path) -> bool:
    return not path.is_dir() or any(path.iterdir())


def _replace(work: Path, out: Path) -> None:
    """Replace `out` by `work`. `out` is missing only between the two renames, and the old bundle is
    removed only when the new one is there."""
    if not out.exists():
        work.rename(out)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{out.name}-old-", dir=out.parent))
    out.rename(old / out.name)
    try:
        work.rename(out)
    except OSError:
        (old / out.name).rename(out)
        old.rmdir()
        raise
    shutil.rmtree(old, ignore_errors=True)
