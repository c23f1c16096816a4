"""CDaT's transfer of MISA on recordings is a treatment: it moves what it is meant to move."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

pytest.importorskip("sklearn")

from fixtures.recorded import LABELS, write_recorded
from fixtures.recorded_run import CONFIG

from train.config import read, validated_as
from train.fusion_config import TransferFit
from train.loop import generator
from train.losses import pkt_rows
from train.stages.fusion import load_fusion
from train.stages.recorded.config import RecordedConfig
from train.stages.recorded.pipeline import RecordedRun

FIT = "epochs=12 samples=4000 batch=128 learning_rate=0.001 model.kind=misa model.hidden=32"
TRANSFER = "epochs=3 samples=4000 batch=128"
CHANGES = [f"fusion.{one}" for one in FIT.split()] + [f"transfer.{one}" for one in TRANSFER.split()]


@pytest.mark.parametrize(
    ("kind", "given", "origin"), [("misa", None, 0.5), ("misa", 0.0, 0.0), ("tfn", None, 0.0)]
)
def test_the_origin_is_that_of_the_model_unless_it_is_given(
    kind: str, given: float | None, origin: float
) -> None:
    fit = TransferFit(epochs=1, samples=8, origin=given)
    assert fit.origin_of(kind) == origin  # type: ignore[arg-type]


def distance(run: RecordedRun) -> float:
    """Mean KL of the rows between two streams, in nat, on clean validation windows."""
    drawn = run.windows().composer("val").draw(256, generator(1, "test"), 1.0)
    model = load_fusion(run.config, run.folder, classes=len(LABELS)).eval()
    embeddings = torch.from_numpy(drawn.embeddings)
    with torch.no_grad():
        hidden = model.on_embeddings(embeddings, torch.ones(len(embeddings), 3)).hidden - 0.5
    pairs = [(m, n) for m in range(3) for n in range(3) if m != n]
    return sum(float(pkt_rows(hidden[:, m], hidden[:, n]).mean()) for m, n in pairs) / len(pairs)


@pytest.mark.slow
def test_transfer_brings_the_streams_of_misa_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CDAT_CACHE", str(tmp_path / "cache"))
    corpus = write_recorded(tmp_path / "corpus")
    (tmp_path / "own.yaml").write_text(CONFIG)

    def after(name: str, *changes: str) -> float:
        keys = read(tmp_path / "own.yaml", [*CHANGES, *changes])
        run = RecordedRun(validated_as(RecordedConfig, keys, "test"), tmp_path / name, corpus)
        if name != "default":  # the same two stages before
            for stage in ("fusion", "confidence_base"):
                shutil.copytree(tmp_path / "default" / stage, run.folder / stage)
        run.fusion()
        run.confide()
        run.transfer_fusion()
        return distance(run)

    with_transfer = after("default", "transfer.lambda=3")
    without = after("without", "transfer.lambda=0")
    as_they_are = after("as_they_are", "transfer.lambda=3", "transfer.origin=0")
    # 0.00015, 0.0027 and 0.0027 nat.
    assert with_transfer < 0.5 * without
    assert as_they_are == pytest.approx(without, rel=0.1)
