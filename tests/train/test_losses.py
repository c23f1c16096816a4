"""Losses against hand-computed values, and against the errors of the public CDaT release."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from edge.types import ALL_STREAMS, MASKS
from train.losses import confidence_loss, soft_cross_entropy, true_class_probability
from train.models.confidence import EmbeddingConfidNet
from train.models.fusion import mask_bits
from train.models.fusion.tfn import TFN
from train.models.reliability import InExpectation, MaskedConfidence
from train.stages.composed_windows import ComposedWindows
from train.stages.confidence import target_confidence
from train.stages.fusion import masked_outputs


def test_true_class_probability_by_hand():
    logits = torch.log(torch.tensor([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6]]))
    tcp = true_class_probability(logits, torch.tensor([0, 1]))
    assert tcp.tolist() == pytest.approx([0.7, 0.3])


def test_soft_cross_entropy_by_hand():
    logits = torch.log(torch.tensor([[0.5, 0.5]]))
    loss = soft_cross_entropy(logits, torch.tensor([[0.25, 0.75]]))
    assert float(loss) == pytest.approx(np.log(2))


def test_confidence_of_another_shape_is_refused_and_not_broadcast():
    # Defect 1 of the release: (B, 1) against (B,) makes (B, B), whose optimum is the batch's mean.
    with pytest.raises(ValueError, match=r"\(4, 1\)"):
        confidence_loss(torch.rand(4, 1), torch.rand(4))


def test_confidnet_learns_each_sample_not_the_batch_mean():
    torch.manual_seed(0)
    net = EmbeddingConfidNet(z=4, embedding=4, width=32, dropout=0.0)
    z = torch.randn(256, 4)
    target = torch.sigmoid(3 * z[:, 0])
    inputs = (z, torch.ones(256, 3), torch.zeros(256, 3, 4))
    optimiser = torch.optim.Adam(net.parameters(), 1e-2)
    for _ in range(150):
        predicted = net(*inputs)
        assert predicted.shape == (256,)
        loss = confidence_loss(predicted, target)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    net.eval()
    predicted = net(*inputs).detach()
    assert float(torch.corrcoef(torch.stack([predicted, target]))[0, 1]) > 0.95
    assert float(predicted.std()) > 0.5 * float(target.std())


def test_the_target_gets_no_gradient():
    target = torch.rand(4, requires_grad=True)
    predicted = torch.rand(4, requires_grad=True)
    confidence_loss(predicted, target).backward()
    assert target.grad is None
    assert predicted.grad is not None


def test_confidence_of_one_stream_does_not_depend_on_the_others():
    torch.manual_seed(1)
    fusion = TFN((8, 8, 8), 7, hidden=8).eval()
    net = MaskedConfidence(z=fusion.z_size, embedding=8, signals=(2, 2, 2)).eval()
    vision = MASKS.index(("vision",))
    embeddings, quality = torch.randn(1, 3, 8), torch.randn(1, 6)
    other_codes, other_quality = embeddings.clone(), quality.clone()
    other_codes[:, :2] += 5.0
    other_quality[:, :4] -= 100.0

    def confidence(embeddings, quality):
        z = fusion.on_embeddings(embeddings.expand(len(MASKS), -1, -1), mask_bits()).z
        return float(net(z[None], embeddings, quality)[0][0, vision].detach())

    # Up to the rounding of a sum over who may still speak.
    assert confidence(embeddings, quality) == pytest.approx(confidence(other_codes, other_quality))
    other_quality[:, 4:] -= 100.0
    assert confidence(embeddings, quality) != pytest.approx(confidence(other_codes, other_quality))


def test_confidence_in_expectation_by_hand():
    tcp = torch.tensor([[0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.9]])
    # Text is whole, sound speaks with a chance of one half, nothing is left of the picture.
    expected = InExpectation()(tcp, torch.tensor([[1.0, 0.5, 0.0]]))[0].tolist()
    by_hand = {
        ("text",): 0.2,
        ("audio",): 0.5 * 0.3,
        ("vision",): 0.0,
        ("text", "audio"): 0.5 * 0.5 + 0.5 * 0.2,
        ("text", "vision"): 0.2,
        ("audio", "vision"): 0.5 * 0.3,
        ("text", "audio", "vision"): 0.5 * 0.5 + 0.5 * 0.2,
    }
    assert expected == pytest.approx([by_hand[mask] for mask in MASKS])


def test_confidence_of_clean_streams_is_the_tcp():
    tcp = torch.rand(5, 7)
    assert torch.allclose(InExpectation()(tcp, torch.ones(5, 3)), tcp)


def test_masking_zeroes_the_projection_before_fusion_and_keeps_the_one():
    torch.manual_seed(2)
    fusion = TFN((8, 8, 8), 7, hidden=8).eval()
    embeddings = torch.randn(5, 3, 8)
    masked = torch.tensor([[1.0, 0.0, 1.0]]).repeat(5, 1)
    changed = embeddings.clone()
    changed[:, 1] = 99.0
    z = fusion.on_embeddings(embeddings, masked).z
    again = fusion.on_embeddings(changed, masked).z
    assert torch.equal(z, again)
    whole = fusion.on_embeddings(embeddings, torch.ones(5, 3)).z
    assert not torch.allclose(z, whole)
    # The appended 1 stays: what the other two streams say together still comes through.
    other = embeddings.clone()
    other[:, 0] += 1.0
    assert not torch.allclose(z, fusion.on_embeddings(other, masked).z)


def _windows(n, reliability):
    rng = np.random.default_rng(0)
    return ComposedWindows(
        embeddings=rng.normal(size=(n, 3, 8)).astype(np.float32),
        quality=np.zeros((n, 6), np.float32),
        target=rng.normal(size=(n, 3, 8)).astype(np.float32),
        reliability=np.tile(np.array(reliability, np.float32), (n, 1)),
        label=rng.integers(0, 7, n),
        rows=np.zeros((n, 3), np.int64),
        measured=np.ones((n, 3), bool),
        clean=np.ones((n, 3), bool),
    )


def test_target_is_the_tcp_of_the_present_condition_under_each_mask():
    torch.manual_seed(3)
    fusion = TFN((8, 8, 8), 7, hidden=8).eval()
    windows = _windows(10, [1, 1, 1])
    target = target_confidence(fusion, windows)
    assert target.shape == (10, 7)
    _, logits = masked_outputs(fusion, windows.target)
    expected = true_class_probability(logits[:, 2], torch.from_numpy(windows.label))
    assert target[:, 2] == pytest.approx(expected.numpy())


def test_a_stream_without_present_evidence_leaves_the_prediction_to_the_others():
    torch.manual_seed(4)
    fusion = TFN((8, 8, 8), 7, hidden=8).eval()
    target = target_confidence(fusion, _windows(10, [1, 1, 0]))
    vision, audio = MASKS.index(("vision",)), MASKS.index(("audio",))
    assert target[:, vision] == pytest.approx(0)
    assert target[:, MASKS.index(("audio", "vision"))] == pytest.approx(target[:, audio])
    assert target[:, ALL_STREAMS] == pytest.approx(target[:, MASKS.index(("text", "audio"))])


def test_half_reliability_halves_confidence_alone_and_averages_it_with_other_streams():
    torch.manual_seed(5)
    fusion = TFN((8, 8, 8), 7, hidden=8).eval()
    whole = target_confidence(fusion, _windows(10, [1, 1, 1]))
    half = target_confidence(fusion, _windows(10, [1, 1, 0.5]))
    vision, audio = MASKS.index(("vision",)), MASKS.index(("audio",))
    both = MASKS.index(("audio", "vision"))
    assert half[:, vision] == pytest.approx(whole[:, vision] / 2)
    assert half[:, both] == pytest.approx((whole[:, both] + whole[:, audio]) / 2)
