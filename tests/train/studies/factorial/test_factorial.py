"""The factorial on a toy: every cell, resuming, its checks of the treatment and its statistics."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

import numpy as np
import torch
from fixtures.toys import toy

from edge.errors import ConfigError
from train.checkpoint import read_json
from train.cli import main
from train.config import validated_as
from train.corpora.corpus import Corpus
from train.stages.cdat import transfer
from train.stages.cdat_config import CdatConfig
from train.studies.factorial import cells
from train.studies.factorial.cells import KINDS
from train.studies.factorial.command import factorial, label_shares
from train.studies.factorial.contrasts import contrasts, group_bootstrap
from train.studies.factorial.page import order_cells, verdict
from train.studies.factorial.together import put_together
from train.studies.factorial.treatment import agreement_of, changed_share, row_divergence

SHORT: dict[str, Any] = {
    "name": "toy",
    "corpus": "toy",
    "model": {"kind": "early", "hidden": 8, "dropout": 0.1},
    "fit": {"epochs": 1, "batch": 32, "learning_rate": 0.02},
    "confide": {"epochs": 1, "batch": 32, "learning_rate": 0.01, "width": 8},
    "transfer": {"epochs": 1, "batch": 32, "learning_rate": 0.005},
}


def run(folder: Path, limit: int | None = None, corpus: Corpus | None = None) -> str:
    config = validated_as(CdatConfig, SHORT, "toy")
    given = corpus or toy("classes", ("audio", "vision"))
    return factorial(config, given, ["early"], [0.25], 2, limit, folder)


@pytest.mark.slow
def test_a_limited_run_is_completed_by_the_same_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cells, "LAMBDAS", (5.0,))
    trained: list[str] = []
    plain = transfer

    def counted(setting: Any, name: str, *rest: Any) -> dict[str, float]:
        trained.append(f"{setting.folder} {name}")
        return plain(setting, name, *rest)

    monkeypatch.setattr(cells, "transfer", counted)
    # 2 seeds x 2 schedules x 5 weights
    assert "no cell is complete" in run(tmp_path, limit=10)
    assert len(trained) == 10
    text = run(tmp_path, limit=13)
    assert read_json(tmp_path / "results.json")["models"]["early"]["cells"]
    assert "third, 25 %" in text and "start, 25 %" in text
    assert len(trained) == len(set(trained)) == 20
    first = (tmp_path / "results.json").read_bytes()
    assert run(tmp_path, limit=0) == text
    assert len(trained) == 20 and (tmp_path / "results.json").read_bytes() == first
    stored = read_json(tmp_path / "results.json")
    found = stored["models"]["early"]
    # The table of several runs reads nothing else.
    assert len(stored["test"]["targets"]) == len(found["cells"][0]["answers"]["fused"])
    assert put_together([tmp_path], tmp_path / "all").startswith("CDaT above shuffled")
    assert {cell["kind"] for cell in found["cells"]} == set(KINDS)
    measures = {"fused", "alone_audio", "alone_vision", "corrupted_audio", "corrupted_vision"}
    assert all(set(cell["answers"]) == measures for cell in found["cells"])
    none = [cell["treatment"] for cell in found["cells"] if cell["kind"] == "none"]
    assert all(one["changed"] == 0.0 for one in none)
    assert all(0 < cell["labelled"] < cell["unlabelled"] for cell in found["cells"])


def test_a_corpus_without_classes_and_wrong_options_are_errors_of_one_sentence(
    tmp_path: Path,
) -> None:
    with pytest.raises(ConfigError, match="right and wrong classes"):
        run(tmp_path, corpus=toy("regression"))
    with pytest.raises(ConfigError, match="is not a list of numbers"):
        label_shares("all")
    config = validated_as(CdatConfig, SHORT, "toy")
    with pytest.raises(ConfigError, match="--labels takes shares"):
        factorial(config, toy("classes"), ["early"], label_shares("0,5"), 1, 0, tmp_path)


def test_the_order_within_a_sample_is_checked_against_the_truth() -> None:
    rng = np.random.default_rng(0)
    true = torch.from_numpy(rng.random((400, 3)).astype(np.float32))
    there = torch.ones(400, 3)
    assert agreement_of(true, true, there) == {"order_auc": 1.0, "order_agrees": 1.0}
    assert agreement_of(-true, true, there) == {"order_auc": 0.0, "order_agrees": 0.0}
    # A fixed order of streams knows nothing of a sample, though it may often be right.
    biased = true + torch.tensor([0.5, 0.25, 0.0])
    fixed = agreement_of(torch.tensor([[3.0, 2.0, 1.0]]).expand(400, 3), biased, there)
    assert fixed["order_auc"] == 0.5 and (fixed["order_agrees"] or 0) > 0.7
    # A pair of which the sample lacks a stream does not count.
    there[:, 0] = 0
    half = true.clone()
    half[:, 0] = -half[:, 0]
    assert agreement_of(half, true, there)["order_auc"] == 1.0
    # Ties are half in the order, whatever the truth is; without a truth nothing is.
    tied = agreement_of(torch.zeros(400, 3), true, there)
    assert tied == {"order_auc": 0.5, "order_agrees": 0.5}
    none = {"order_auc": None, "order_agrees": None}
    assert agreement_of(true, torch.full((400, 3), torch.nan), there) == none
    assert order_cells([none]) == ["-", "-"]
    assert order_cells([none, {"order_auc": 0.75, "order_agrees": 0.5}])[1] == "50.0"


def test_the_divergence_is_zero_between_equal_streams() -> None:
    from train.models.fusion import MODELS
    from train.stages.tensors import tensor_splits

    part = tensor_splits(toy("classes"), 0.25, 0.25, 1).test
    torch.manual_seed(0)
    model = MODELS["early"]((3, 3, 3), 3, 8, 0.0)
    apart = row_divergence(model, part)
    for encoder in model.encoders:
        encoder.load_state_dict(model.encoders[0].state_dict())
    same = type(part)((part.streams[0],) * 3, part.targets, part.groups)
    assert apart > 1e-3
    assert row_divergence(model, same) == pytest.approx(0.0, abs=1e-6)
    assert changed_share([0, 1, 2, 2], [0, 1, 1, 2]) == 0.25


def test_seeds_and_groups_are_drawn_together() -> None:
    groups = np.repeat([f"g{k}" for k in range(8)], 10)
    sure = group_bootstrap(np.ones((3, 80)), groups)
    assert sure["mean"] == 1.0 and sure["interval"] == [1.0, 1.0] and sure["p"] < 0.001
    # One group has the whole gain: the samples are not independent.
    gain = np.zeros((3, 80))
    gain[:, :10] = 1.0
    one = group_bootstrap(gain, groups)
    assert one["mean"] == pytest.approx(0.125) and one["interval"][0] == 0.0 and one["p"] > 0.5


def test_success_needs_one_point_over_shuffled_after_holm() -> None:
    from train.stages.tensors import tensor_splits

    test = tensor_splits(toy("classes"), 0.25, 0.25, 1).test
    right = test.targets.tolist()
    wrong = [(k + 1) % 3 for k in right]
    cells_ = [
        {"when": w, "labelled_share": 1.0, "kind": kind, "seed": seed, "answers": {"fused": given}}
        for w, of in (("third", {"none": wrong, "shuffled": wrong, "cdat": wrong}),
                      ("start", {"none": wrong, "shuffled": wrong, "cdat": right}))
        for kind, given in of.items()
        for seed in (1, 2)
    ]  # fmt: skip
    found = contrasts(cells_, right, test.groups.tolist())
    by_name = {(c["when"], c["kind"]): c for c in found}
    gain = by_name["start", "cdat"]["gains"]["shuffled"]
    # A family of two: the smaller p counts twice.
    assert gain["mean"] == 1.0 and gain["holm_p"] == pytest.approx(2 * gain["p"])
    assert by_name["third", "cdat"]["gains"]["shuffled"]["holm_p"] == 1.0
    assert "start, 100 %, fused" in verdict({"contrasts": found})
    assert verdict({"contrasts": [by_name["third", "cdat"]]}).endswith("nowhere.")


def test_the_command_says_what_is_missing_and_where_the_results_are(
    data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = Path(__file__).resolve().parents[4] / "configs" / "train" / "cdat_ravdess.yaml"
    where = ["--out", str(tmp_path / "run"), "--data", str(data_dir)]
    for options, code in ((["--limit", "0"], 0), (["--labels", "all"], 1)):
        with pytest.raises(SystemExit) as end:
            main(["factorial", str(config), *options, *where])
        assert int(end.value.code or 0) == code
    shown = capsys.readouterr()
    assert "early: no cell is complete yet." in shown.out
    assert str(tmp_path / "run" / "factorial" / "table.md") in shown.out
    assert "'all' is not a list of numbers" in shown.err


def test_the_page_names_confidences_of_another_kind(tmp_path: Path) -> None:
    for kind, head in (("tcp", "### toy classes, 1 seeds\n"), ("ranking", "1 seeds, ranking\n")):
        raw = SHORT | {"confide": SHORT["confide"] | {"kind": kind}}
        own = validated_as(CdatConfig, raw, "toy")
        folder = tmp_path / kind
        assert head in factorial(own, toy("classes"), ["early"], [0.25], 1, 0, folder)
        assert read_json(folder / "results.json")["confidences"] == kind
