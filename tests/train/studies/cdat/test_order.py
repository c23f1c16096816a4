"""`cdat-train masks --order`: AUC and intervals by hand, and a run on a small corpus."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from fixtures.toys import toy
from sklearn.metrics import roc_auc_score

from train import checkpoint
from train.config import validated_as
from train.stages.cdat_config import CdatConfig
from train.stages.divergence import PAIRS
from train.studies.cdat.order import PARTS, OrderSamples, order, probed
from train.studies.cdat.order_page import KINDS, verdict
from train.studies.cdat.order_statistics import summary
from train.studies.factorial.treatment import agreement_of


def gaps(levels: np.ndarray) -> np.ndarray:
    return np.stack([levels[:, m] - levels[:, n] for m, n in PAIRS], axis=1)


def seen(rng: np.random.Generator, count: int = 200) -> OrderSamples:
    truth = rng.random((count, 3))
    # Small gaps are lost in the noise of `tcp`, large ones are not.
    levels = {"tcp": truth + rng.normal(0, 0.15, truth.shape), "wrong": 1 - truth}
    groups = np.array([f"person {k % 8}" for k in range(count)])
    return OrderSamples(truth, levels, {name: gaps(one) for name, one in levels.items()}, groups)


def test_area_agreement_and_correlation_are_those_of_the_libraries() -> None:
    import torch

    one = seen(np.random.default_rng(0))
    found = summary([one])["scores"]["tcp"]
    true, said = torch.from_numpy(one.truth), torch.from_numpy(one.levels["tcp"])
    plain = agreement_of(said, true, torch.ones(len(true), 3))
    assert found["auc"]["mean"] == pytest.approx(plain["order_auc"])
    assert found["agrees"]["mean"] == pytest.approx(plain["order_agrees"])
    level, truth = one.levels["tcp"].ravel(), one.truth.ravel()
    assert found["correlation"]["mean"] == pytest.approx(np.corrcoef(level, truth)[0, 1])
    clear = [
        roc_auc_score(gaps(one.truth)[kept, k] > 0, one.gaps["tcp"][kept, k])
        for k in range(3)
        for kept in [np.abs(gaps(one.truth)[:, k]) > 0.1]
    ]
    assert found["auc_clear"]["mean"] == pytest.approx(np.mean(clear))
    assert found["auc_clear"]["mean"] > found["auc"]["mean"]


def test_intervals_hold_the_mean_and_the_gain_over_tcp_is_paired() -> None:
    rng = np.random.default_rng(1)
    scores = summary([seen(rng), seen(rng)])["scores"]
    low, high = scores["tcp"]["auc"]["interval"]
    assert low < scores["tcp"]["auc"]["mean"] < high
    assert scores["tcp"]["auc_over_tcp"]["interval"] == [0.0, 0.0]
    assert scores["wrong"]["auc"]["mean"] == 0.0
    assert scores["wrong"]["auc_over_tcp"]["interval"] == pytest.approx([-high, -low])


def test_a_missing_stream_has_no_order() -> None:
    one = seen(np.random.default_rng(2))
    whole = summary([one])["scores"]["tcp"]["agrees"]["mean"]
    truth = one.truth.copy()
    truth[:, 0] = np.nan
    found = summary([one._replace(truth=truth)])
    kept = np.abs(gaps(truth)[:, 2]) > 0
    right = (one.gaps["tcp"][:, 2] > 0) == (gaps(one.truth)[:, 2] > 0)
    assert found["scores"]["tcp"]["agrees"]["mean"] == pytest.approx(right[kept].mean()) != whole


def test_a_probe_without_two_groups_or_two_orders_to_learn_from_says_nothing() -> None:
    rng = np.random.default_rng(4)
    truth = rng.normal(size=(80, 3))
    # The first numbers of the two z tell the order of each pair.
    z = np.stack([*[truth @ np.array(one) for one in ((1, 1, 0), (-1, 0, 1), (0, -1, -1))]], 1)
    people = np.array([f"person {k % 4}" for k in range(80)])
    assert (probed(z[..., None], truth, people) != 0).all()
    assert not probed(z[..., None], truth, np.full(80, "one")).any()
    # One person has all the samples in which the first of a pair is better.
    alone = np.where(truth[:, 0] > 0, "one", people)
    found = probed(z[..., None], truth, alone)
    assert not found[:, 0].any() and found[:, 1:].all()


@pytest.mark.parametrize(
    "streams",
    [
        pytest.param(("text", "audio", "vision"), marks=pytest.mark.slow),
        pytest.param(("audio", "vision")),
    ],
)
def test_every_kind_is_measured_on_every_part_and_nothing_is_trained_twice(
    tmp_path: Path, streams: tuple[str, ...]
) -> None:
    raw = {
        "name": "toy",
        "corpus": "toy",
        "val_share": 0.25,
        "held_out_share": 0.25,
        "model": {"kind": "early", "hidden": 8, "dropout": 0.1},
        "fit": {"epochs": 2, "batch": 16, "learning_rate": 0.02},
        "confide": {"epochs": 2, "batch": 16, "learning_rate": 0.01, "width": 8},
        "transfer": {"epochs": 1, "batch": 16, "learning_rate": 0.005},
    }
    config, corpus = validated_as(CdatConfig, raw, "toy"), toy("classes", streams)
    text = order(config, corpus, 2, tmp_path)
    result = checkpoint.read_json(tmp_path / "results.json")
    assert set(result["parts"]) == set(PARTS)
    for part in result["parts"].values():
        assert {*KINDS, "max_probability", "fused_as_label", "same_order", "probe"} == set(
            part["scores"]
        )
        assert part["scores"]["same_order"]["auc"]["mean"] == 0.5
    assert "On validation" in text and "nan" not in text
    made = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("best.safetensors")}
    # For each seed: the base, a ConfidNet of each kind, and the bases of the folds.
    assert len(made) == 2 * (1 + len(KINDS) + 5)
    assert order(config, corpus, 2, tmp_path) == text
    assert made == {p: p.stat().st_mtime_ns for p in tmp_path.rglob("best.safetensors")}


def test_a_part_without_a_clear_order_has_a_dash_and_no_figure() -> None:
    one = seen(np.random.default_rng(3))
    found = summary([one._replace(truth=0.05 * one.truth)])
    assert found["clear"]["mean"] == 0.0
    assert found["scores"]["wrong"]["auc_clear"]["mean"] is None
    assert found["scores"]["wrong"]["auc_clear_over_tcp"]["interval"] is None
    assert found["scores"]["wrong"]["auc"]["mean"] == 0.0


def test_the_kind_is_chosen_on_validation_and_not_on_test() -> None:
    def part(areas: dict[str, float]) -> dict[str, object]:
        one = {
            kind: {
                "auc": {"mean": area, "sd": 0.0, "interval": [area, area]},
                "auc_over_tcp": {"mean": area - areas["tcp"], "interval": [0.0, 0.0]},
            }
            for kind, area in areas.items()
        }
        return {"scores": one}

    # The control is no candidate.
    val = dict.fromkeys(KINDS, 0.6) | {"ranking": 0.7, "in_sample": 0.95}
    test = dict.fromkeys(KINDS, 0.9) | {"ranking": 0.5}
    found = verdict({"parts": {"val": part(val), "test": part(test)}})
    assert "ranking has the best order (AUC 0.700 ± 0.000); on test 0.500" in found
