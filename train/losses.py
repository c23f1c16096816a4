"""All losses. Each checks its input shapes, because wrong shapes broadcast silently."""

from __future__ import annotations

import torch
from torch import Tensor

from train.metrics import ccc
from train.task import Task

EPS = 1e-7


def soft_cross_entropy(logits: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    """Cross-entropy to a distribution, mean over the batch.

    Args:
        logits: shape (batch, C).
        target: shape (batch, C), rows sum to 1.
        weight: shape (batch,), or None for equal weights.
    """
    if logits.shape != target.shape:
        raise ValueError(f"logits {tuple(logits.shape)} against target {tuple(target.shape)}")
    each = -(target * torch.log_softmax(logits.float(), dim=1)).sum(dim=1)
    return each.mean() if weight is None else (each * weight).sum() / weight.sum()


def task_loss(task: Task, logits: Tensor, targets: Tensor) -> Tensor:
    """Cross-entropy, binary cross-entropy or squared error by task; mean over the batch.

    Args:
        logits: (B, C).
        targets: int64 (B,) for classes, else float32 (B, C).
    """
    if task == "classes":
        return torch.nn.functional.cross_entropy(logits, targets)
    if logits.shape != targets.shape:
        raise ValueError(f"outputs {tuple(logits.shape)} against targets {tuple(targets.shape)}")
    if task == "labels":
        return torch.nn.functional.binary_cross_entropy_with_logits(logits, targets)
    return torch.nn.functional.mse_loss(logits, targets)


def ccc_loss(predicted: Tensor, true: Tensor) -> Tensor:
    """1 - CCC, mean over the K dimensions of (N, K)."""
    return torch.mean(1 - ccc(predicted, true))


def true_class_probability(logits: Tensor, labels: Tensor) -> Tensor:
    """TCP: the probability that the model gives to the true class; shape (batch,)."""
    return torch.softmax(logits, dim=1).gather(1, labels[:, None])[:, 0]


def true_confidence(task: Task, logits: Tensor, targets: Tensor, scale: float) -> Tensor:
    """The target of ConfidNet, (B,); NaN for rows that are left out.

    Classes: the probability of the true class. Labels: c* = sum_k y_k p_k / sum_k y_k, rows without
    a label are left out (both as in the public CDaT release). Regression [R]: exp(-|error| /
    scale), mean over targets, with the standard deviation of the training targets as `scale`: 1
    for a perfect prediction, 0.37 for an error of one standard deviation.
    """
    if task == "classes":
        return true_class_probability(logits, targets)
    if task == "labels":
        there = targets.sum(dim=1)
        mean = (targets * torch.sigmoid(logits)).sum(dim=1) / there.clamp(min=1.0)
        return torch.where(there > 0, mean, torch.full_like(mean, torch.nan))
    return torch.exp(-(logits - targets).abs() / scale).mean(dim=1)


def confidence_loss(predicted: Tensor, target: Tensor) -> Tensor:
    """Mean squared error to the TCP.

    Raises:
        ValueError: The shapes differ. (batch, 1) and (batch,) would broadcast to (batch, batch),
            whose optimum is the batch's mean for every input.
    """
    if predicted.shape != target.shape:
        raise ValueError(
            f"confidence {tuple(predicted.shape)} against target {tuple(target.shape)}"
        )
    return torch.mean((predicted - target.detach()) ** 2)


def ranking_loss(predicted: Tensor, target: Tensor, present: Tensor) -> Tensor:
    """How far the order of confidences within a sample is from that of the TCPs: for each pair of
    masks the logistic loss of the difference of the predicted logits, times the gap of the TCPs
    (as in RankNet), so that a pair whose order hardly matters hardly counts.

    Args:
        predicted: c_-m in 0..1, (B, 3).
        target: the TCPs, (B, 3); a pair with a NaN does not count.
        present: (B, 3); nor does a pair of which the sample lacks a stream.
    """
    first, second = torch.triu_indices(3, 3, offset=1)
    gap = (target[:, first] - target[:, second]).detach().nan_to_num(0.0)
    gap = gap * present[:, first] * present[:, second]
    logit = torch.logit(predicted, eps=1e-6)
    apart = (logit[:, first] - logit[:, second]) * gap.sign()
    return (gap.abs() * torch.nn.functional.softplus(-apart)).sum(dim=1).mean()


def pkt_rows(student: Tensor, teacher: Tensor) -> Tensor:
    """KL(p_i || q_i) for each row of the batch, (B,): probabilistic knowledge transfer (Passalis &
    Tefas 2018) with S_ij = (cos(x_i, x_j) + 1) / 2, rows normalised, the diagonal
    left out.

    The teacher p is detached. The public release has one scalar for a batch, so weights by sample
    only have the effect of their average; it also takes the mean over B x B, which is 1/B of this.
    """
    if student.shape[0] != teacher.shape[0]:
        raise ValueError(f"{student.shape[0]} students against {teacher.shape[0]} teachers")
    p, q = _neighbours(teacher.detach()), _neighbours(student)
    return (p * (torch.log(p + EPS) - torch.log(q + EPS))).sum(dim=1)


def transfer_loss(hidden: Tensor, weights: Tensor) -> Tensor:
    """sum over m != n of (1/B) sum_i w_mn,i KL(p_i of n || q_i of m).

    Args:
        hidden: (B, 3, H), one vector for each stream.
        weights: (B, 3, 3); [i, m, n] weights the transfer from n to m. The diagonal is ignored.
    """
    if weights.shape != (len(hidden), 3, 3):
        raise ValueError(f"weights {tuple(weights.shape)} for {len(hidden)} samples of 3 streams")
    total = hidden.sum() * 0.0
    for m in range(3):
        for n in range(3):
            if m != n and bool((weights[:, m, n] > 0).any()):
                total = total + (weights[:, m, n] * pkt_rows(hidden[:, m], hidden[:, n])).mean()
    return total


def _neighbours(x: Tensor) -> Tensor:
    unit = torch.nn.functional.normalize(x.float(), dim=1, eps=1e-6)
    likeness = (unit @ unit.T + 1.0) / 2.0
    likeness = likeness * (1.0 - torch.eye(len(x), device=x.device))
    return likeness / likeness.sum(dim=1, keepdim=True).clamp(min=EPS)


def own_loss(parts: dict[str, Tensor]) -> Tensor:
    """The losses of MISA and TAILOR beside the task's, computed from `Output.parts`; 0 for other
    models."""
    if "rebuilt" in parts:
        return (
            cmd_pairs(parts["shared"], parts["present"])
            + 0.3 * difference(parts["private"], parts["shared"])
            + torch.nn.functional.mse_loss(parts["rebuilt"], parts["source"])
        )
    if "judged_common" in parts:
        there = parts["present"].flatten() > 0
        which = torch.arange(3, device=there.device).repeat(len(parts["present"]))[there]
        judged = [parts[k].flatten(0, 1)[there] for k in ("judged_common", "judged_private")]
        judging = sum(torch.nn.functional.cross_entropy(one, which) for one in judged)
        return 0.1 * torch.as_tensor(judging) + 0.1 * difference(parts["private"], parts["common"])
    return torch.zeros(())


def cmd(x: Tensor, y: Tensor, moments: int = 5) -> Tensor:
    """Central moment discrepancy (Zellinger et al. 2017) of samples in 0..1, (n, D) and (k, D)."""
    mx, my = x.mean(dim=0), y.mean(dim=0)
    total = _norm(mx - my)
    for order in range(2, moments + 1):
        total = total + _norm(((x - mx) ** order).mean(dim=0) - ((y - my) ** order).mean(dim=0))
    return total


def cmd_pairs(shared: Tensor, present: Tensor) -> Tensor:
    """Mean CMD over pairs of streams, of their shared vectors (B, 3, H) in samples with both."""
    found = []
    for m, n in ((0, 1), (0, 2), (1, 2)):
        both = (present[:, m] * present[:, n]) > 0
        if int(both.sum()) > 1:
            found.append(cmd(shared[both, m], shared[both, n]))
    return torch.stack(found).mean() if found else shared.sum() * 0.0


def difference(private: Tensor, other: Tensor) -> Tensor:
    """Soft orthogonality of each stream's private and shared vectors, and of the private vectors of
    different streams (MISA); mean of squared cosines over the batch."""
    unit = [torch.nn.functional.normalize(x, dim=2, eps=1e-6) for x in (private, other)]
    own = (unit[0] * unit[1]).sum(dim=2).square().mean()
    among = [
        (unit[0][:, m] * unit[0][:, n]).sum(dim=1).square().mean()
        for m, n in ((0, 1), (0, 2), (1, 2))
    ]
    return own + torch.stack(among).mean()


def _norm(x: Tensor) -> Tensor:
    # The square root has no gradient at 0, where two distributions are equal.
    return torch.sqrt((x * x).sum() + 1e-12)
