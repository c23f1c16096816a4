"""Losses against hand-computed values, and against the errors of the public CDaT release."""

from __future__ import annotations

import math

import pytest

pytest.importorskip("torch")

import torch

from train.losses import cmd, difference, pkt_rows, task_loss, transfer_loss, true_confidence
from train.models.confidence import ConfidNet
from train.models.fusion import MODELS
from train.models.leave_one_out import confidence_without, transfer_weights


def test_pkt_on_three_points_by_hand():
    # Teacher: two alike, one at right angles. S = 1 for alike, 1/2 at right angles.
    teacher = torch.tensor([[1.0, 0], [1, 0], [0, 1]])
    # Student: 1 and 3 alike instead.
    student = torch.tensor([[1.0, 0], [0, 1], [1, 0]])
    # Rows without the diagonal: p1 = (2/3, 1/3), q1 = (1/3, 2/3); p3 = (1/2, 1/2), q3 = (2/3, 1/3)
    first = 2 / 3 * math.log(2) + 1 / 3 * math.log(1 / 2)
    second = 2 / 3 * math.log((2 / 3) / (1 / 2)) + 1 / 3 * math.log((1 / 3) / (1 / 2))
    third = 1 / 2 * math.log((1 / 2) / (2 / 3)) + 1 / 2 * math.log((1 / 2) / (1 / 3))
    rows = pkt_rows(student, teacher)
    assert rows.tolist() == pytest.approx([first, second, third], abs=1e-5)
    assert pkt_rows(teacher, teacher).abs().max() < 1e-6


def test_the_teacher_gets_no_gradient():
    student = torch.randn(5, 3, requires_grad=True)
    teacher = torch.randn(5, 3, requires_grad=True)
    pkt_rows(student, teacher).sum().backward()
    assert teacher.grad is None and student.grad.abs().sum() > 0


def test_a_weight_affects_its_own_row_and_not_the_batch():
    hidden = torch.randn(6, 3, 4)
    weights = torch.zeros(6, 3, 3)
    weights[2, 0, 1] = 0.7  # text of sample 2 learns from sound
    rows = pkt_rows(hidden[:, 0], hidden[:, 1])
    assert float(transfer_loss(hidden, weights)) == pytest.approx(0.7 * float(rows[2]) / 6)
    # The mean over the batch, not over B x B.
    weights[:, 0, 1] = 1.0
    assert float(transfer_loss(hidden, weights)) == pytest.approx(float(rows.mean()))


def test_transfer_changes_only_students():
    hidden = torch.randn(6, 3, 4, requires_grad=True)
    weights = torch.zeros(6, 3, 3)
    weights[:, 2, 0] = 1.0
    transfer_loss(hidden, weights).backward()
    moved = hidden.grad.abs().sum(dim=(0, 2))
    assert moved[2] > 0 and moved[0] == moved[1] == 0


def test_an_interfering_stream_learns_from_the_others():
    # Surest without text, then without sound: text learns from both, sound from the picture.
    weights = transfer_weights(torch.tensor([[0.9, 0.6, 0.2]]), torch.ones(1, 3))[0]
    expected = [[0, 0.9, 0.9], [0, 0, 0.6], [0, 0, 0]]
    assert weights.tolist() == [pytest.approx(row) for row in expected]


def test_an_absent_stream_takes_no_part_in_transfer():
    weights = transfer_weights(torch.tensor([[0.9, 0.6, 0.2]]), torch.tensor([[0.0, 1, 1]]))[0]
    assert weights[0].sum() == weights[:, 0].sum() == 0
    assert float(weights[1, 2]) == pytest.approx(0.6)


def test_the_true_confidence_of_classes_labels_and_regression():
    logits = torch.log(torch.tensor([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6]]))
    found = true_confidence("classes", logits, torch.tensor([0, 1]), 1.0)
    assert found.tolist() == pytest.approx([0.7, 0.3])
    odds = torch.logit(torch.tensor([[0.9, 0.4], [0.2, 0.5]]))
    labels = true_confidence("labels", odds, torch.tensor([[1.0, 1], [0, 0]]), 1.0)
    assert float(labels[0]) == pytest.approx(0.65)
    assert torch.isnan(labels[1])  # a row without a label is left out
    numbers = true_confidence("regression", torch.tensor([[1.0], [3]]), torch.ones(2, 1), 2.0)
    assert numbers.tolist() == pytest.approx([1.0, math.exp(-1)])


def test_confidence_is_one_number_for_each_sample_and_differs_by_sample():
    net = ConfidNet(4, 8, 0.0).eval()
    predicted = net(torch.randn(16, 4))
    assert predicted.shape == (16,)
    assert predicted.std() > 0


@pytest.mark.parametrize("kind", MODELS)
def test_weights_are_computed_in_eval_mode_and_modes_are_restored(kind: str):
    torch.manual_seed(0)
    model = MODELS[kind]((3, 3, 3), 2, 8, 0.5).train()
    net = ConfidNet(model.z_size, 8, 0.5).train()
    hidden, present = torch.randn(6, 3, 8), torch.ones(6, 3)
    first = confidence_without(model, net, hidden, present)
    again = confidence_without(model, net, hidden, present)
    assert torch.equal(first, again) and not first.requires_grad
    assert model.training and net.training


def test_central_moments_by_hand():
    x, y = torch.tensor([[0.0], [1.0]]), torch.tensor([[0.0], [0.5]])
    # Means 1/2 and 1/4, second moments 1/4 and 1/16, odd ones 0, fourth 1/16 and 1/256.
    by_hand = 1 / 4 + 3 / 16 + 15 / 256
    assert float(cmd(x, y)) == pytest.approx(by_hand, abs=1e-4)
    assert float(cmd(x, x)) == pytest.approx(0, abs=1e-4)


def test_the_difference_loss_is_zero_for_orthogonal_vectors():
    along = torch.tensor([[[1.0, 0, 0], [0, 1, 0], [0, 0, 1]]])
    assert float(difference(along, along.roll(1, dims=2))) == pytest.approx(0)
    assert float(difference(along, along)) == pytest.approx(1)


def test_predictions_and_targets_of_different_shapes_are_refused():
    with pytest.raises(ValueError, match="against targets"):
        task_loss("regression", torch.zeros(4, 1), torch.zeros(4))
    with pytest.raises(ValueError, match="samples of 3 streams"):
        transfer_loss(torch.zeros(4, 3, 2), torch.zeros(4))
