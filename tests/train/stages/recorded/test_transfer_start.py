"""CDaT's transfer on recordings from the first epoch on, with each fusion model."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn")

import torch
from fixtures.recorded import change_rows, write_recorded
from fixtures.unlabelled import opened, unlabel

from train import checkpoint
from train.losses import pkt_rows
from train.stages.fusion import load_fusion
from train.stages.recorded.pipeline import RecordedRun

FEW = ("fusion.epochs=2", "confidence.epochs=1")


def divergence(run: RecordedRun) -> float:
    """Mean KL between the rows of the streams, in nat, on the windows without a label."""
    others, section = run.windows().unlabelled, run.config.transfer
    assert others is not None and section is not None
    windows = others.draw(256, np.random.default_rng(1), 1.0)
    model = load_fusion(run.config, run.folder, classes=len(run.corpus.labels))
    embeddings = torch.from_numpy(windows.embeddings)
    with torch.no_grad():
        hidden = model.on_embeddings(embeddings, torch.ones(len(embeddings), 3)).hidden
    hidden = hidden - section.origin_of(run.config.fusion.model.kind)
    pairs = [(m, n) for m in range(3) for n in range(3) if m != n]
    return sum(float(pkt_rows(hidden[:, m], hidden[:, n]).mean()) for m, n in pairs) / len(pairs)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["early", "tfn", "misa", "tailor"])
def test_from_the_start_a_new_model_is_trained_with_both_losses(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CDAT_CACHE", str(tmp_path / "cache"))
    corpus = change_rows(write_recorded(tmp_path / "corpus"), unlabel)
    found = {}
    for weight in (0, 30):
        changes = ("transfer.when=start", f"transfer.lambda={weight}", "transfer.epochs=2")
        run = opened(tmp_path / str(weight), corpus, *FEW, *changes, f"fusion.model.kind={kind}")
        run.fusion()
        run.confide()
        run.transfer_fusion()
        found[weight] = divergence(run)
        facts = checkpoint.load(run.folder / "transfer" / checkpoint.LAST)[1]
        assert facts["epoch"] == 4  # two of fusion and two of the transfer
        saved = json.loads((run.folder / "config.json").read_text())
        assert saved["transfer"]["when"] == "start"
    assert found[30] < 0.5 * found[0], found
