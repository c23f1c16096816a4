"""Alignment and concordance losses, against hand-computed values and direct solutions."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from train.losses import ccc_loss
from train.metrics import ccc
from train.studies.translate.alignment import ALIGNS, LOSSES, cosine, dcca, mse, pkt


def _canonical_correlations(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """CCA by QR, without a covariance (Bjorck & Golub 1973)."""
    a, _ = np.linalg.qr(x - x.mean(axis=0))
    b, _ = np.linalg.qr(y - y.mean(axis=0))
    return np.linalg.svd(a.T @ b, compute_uv=False)


def _related(rng: np.random.Generator, count: int = 400) -> tuple[np.ndarray, np.ndarray]:
    shared = rng.normal(size=(count, 2))
    x = np.hstack([shared, rng.normal(size=(count, 3))]) @ rng.normal(size=(5, 5))
    y = np.hstack([shared + 0.5 * rng.normal(size=(count, 2)), rng.normal(size=(count, 2))])
    return x, y @ rng.normal(size=(4, 4))


def test_dcca_is_the_sum_of_the_canonical_correlations():
    x, y = _related(np.random.default_rng(0))
    found = dcca(torch.from_numpy(x), torch.from_numpy(y), ridge=1e-9)
    assert float(found) == pytest.approx(-_canonical_correlations(x, y).sum(), abs=1e-5)


def test_dcca_of_an_embedding_and_its_rotation_is_its_size():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(300, 6))
    turned = x @ rng.normal(size=(6, 6)) + 4.0
    found = dcca(torch.from_numpy(x), torch.from_numpy(turned), ridge=1e-9)
    assert float(found) == pytest.approx(-6.0, abs=1e-4)


def test_dcca_gradient_is_that_of_finite_differences():
    x, y = _related(np.random.default_rng(2), count=30)
    student = torch.from_numpy(x).requires_grad_()
    teacher = torch.from_numpy(y)
    assert torch.autograd.gradcheck(lambda s: dcca(s, teacher), (student,), eps=1e-6, atol=1e-6)


def test_a_step_against_the_gradient_raises_the_correlation():
    rng = np.random.default_rng(3)
    student = torch.from_numpy(rng.normal(size=(200, 4)).astype(np.float32)).requires_grad_()
    teacher = torch.from_numpy(rng.normal(size=(200, 4)).astype(np.float32))
    before = dcca(student, teacher)
    before.backward()
    with torch.no_grad():
        after = dcca(student - 10 * student.grad, teacher)
    assert after < before - 0.05


@pytest.mark.parametrize("align", ALIGNS)
@pytest.mark.parametrize("broken", ["collapsed", "zero", "equal columns", "one row"])
def test_gradients_are_finite_for_any_embeddings(align: str, broken: str):
    rng = np.random.default_rng(4)
    embeddings = torch.from_numpy(rng.normal(size=(16, 4)).astype(np.float32))
    teacher = torch.from_numpy(rng.normal(size=(16, 4)).astype(np.float32))
    if broken == "collapsed":
        embeddings = torch.full_like(embeddings, 3.0)
    elif broken == "zero":
        embeddings = torch.zeros_like(embeddings)
    elif broken == "equal columns":
        embeddings = embeddings[:, :1].repeat(1, 4)
    else:
        embeddings, teacher = embeddings[:1], teacher[:1]
    embeddings = embeddings.clone().requires_grad_()
    loss = LOSSES[align](embeddings, teacher)
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(embeddings.grad).all()


@pytest.mark.parametrize("align", ALIGNS)
def test_the_teacher_is_a_target_without_gradient(align: str):
    embeddings = torch.randn(12, 3, requires_grad=True)
    teacher = torch.randn(12, 3, requires_grad=True)
    LOSSES[align](embeddings, teacher).backward()
    assert teacher.grad is None
    assert float(embeddings.grad.abs().sum()) > 0


def test_pkt_of_three_points_by_hand():
    # Teacher: two alike and one across: cosines 1, 0 -> similarities 1, 1/2.
    teacher = torch.tensor([[1.0, 0.0], [2.0, 0.0], [0.0, 3.0]])
    # Student: the first and the second are opposite: cosines 1, -1, 0 -> 1, 0, 1/2.
    student = torch.tensor([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0]])
    p = np.array([[1, 1, 0.5], [1, 1, 0.5], [0.5, 0.5, 1]])
    q = np.array([[1, 0, 0.5], [0, 1, 0.5], [0.5, 0.5, 1]])
    p, q = p / p.sum(axis=1, keepdims=True), q / q.sum(axis=1, keepdims=True)
    wanted = (p * (np.log(p + 1e-8) - np.log(q + 1e-8))).sum(axis=1).mean()
    assert float(pkt(student, teacher)) == pytest.approx(wanted, rel=1e-4)
    assert float(pkt(teacher, teacher)) == pytest.approx(0.0, abs=1e-6)


def test_cosine_and_mse_by_hand():
    student = torch.tensor([[1.0, 0.0], [0.0, 2.0]])
    teacher = torch.tensor([[1.0, 1.0], [0.0, 1.0]])
    assert float(cosine(student, teacher)) == pytest.approx((1 - 1 / np.sqrt(2)) / 2)
    assert float(mse(student, teacher)) == pytest.approx((1 + 1) / 4)


@pytest.mark.parametrize("align", ["cosine", "mse"])
def test_embeddings_of_unequal_size_are_not_broadcast(align: str):
    with pytest.raises(ValueError, match=r"embeddings \(4, 3\) against \(4, 1\)"):
        LOSSES[align](torch.randn(4, 3), torch.randn(4, 1))


def test_ccc_by_hand():
    predicted = torch.tensor([[1.0], [2.0], [3.0]])
    true = torch.tensor([[2.0], [4.0], [6.0]])
    # cov 4/3, variances 2/3 and 8/3, means 2 and 4.
    assert float(ccc(predicted, true)) == pytest.approx(2 * (4 / 3) / (2 / 3 + 8 / 3 + 4))
    assert float(ccc(true, true)) == pytest.approx(1.0)
    assert float(ccc(-true, true)) < 0


def test_ccc_loss_is_the_mean_over_dimensions():
    true = torch.tensor([[0.0, 1.0], [1.0, 0.0], [2.0, 5.0]])
    predicted = torch.stack([true[:, 0], -true[:, 1] + 2 * true[:, 1].mean()], dim=1)
    assert float(ccc_loss(predicted, true)) == pytest.approx((0.0 + 2.0) / 2, abs=1e-6)


def test_a_constant_prediction_has_no_concordance_and_a_finite_gradient():
    predicted = torch.full((8, 1), 0.3, requires_grad=True)
    loss = ccc_loss(predicted, torch.linspace(0, 1, 8)[:, None])
    loss.backward()
    assert loss.item() == pytest.approx(1.0)
    assert torch.isfinite(predicted.grad).all()
    assert ccc(predicted, torch.full((8, 1), 0.3)).item() == pytest.approx(0.0, abs=1e-5)


def test_ccc_refuses_shapes_that_would_broadcast():
    with pytest.raises(ValueError, match=r"\(8, 1\) against target \(8,\)"):
        ccc(torch.zeros(8, 1), torch.zeros(8))
