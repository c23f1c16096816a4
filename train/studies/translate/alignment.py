"""Losses that align a student's embeddings with its teacher's.

Each takes the student's embeddings (B, D) and the teacher's (B, E) of the same samples and gives a
scalar. The teacher's embeddings are the target and get no gradient."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import FunctionCtx

Align = Literal["dcca", "cosine", "mse", "pkt"]
ALIGNS: tuple[Align, ...] = get_args(Align)

RIDGE = 1e-3
"""Added to the covariances' diagonals (docs/translation.md; 1e-4 to 1e-3 is usual), so that the
covariance of a constant embedding is not singular."""
TINY = 1e-8


def dcca(student: Tensor, teacher: Tensor, ridge: float = RIDGE) -> Tensor:
    """Minus the sum of the canonical correlations (Andrew et al. 2013, "Deep CCA").

    That is minus the sum of the singular values of S11^-1/2 S12 S22^-1/2, so D and E may differ,
    and the minimum is -min(D, E). The batch should be much larger than D.
    """
    return -_total_correlation(student, teacher.detach(), ridge)


def cosine(student: Tensor, teacher: Tensor) -> Tensor:
    """1 - cos, mean over the rows."""
    _same_size(student, teacher)
    return (1 - torch.cosine_similarity(student, teacher.detach(), dim=1, eps=TINY)).mean()


def mse(student: Tensor, teacher: Tensor) -> Tensor:
    """Mean squared error over all entries."""
    _same_size(student, teacher)
    return torch.mean((student - teacher.detach()) ** 2)


def pkt(student: Tensor, teacher: Tensor) -> Tensor:
    """Probabilistic knowledge transfer (Passalis & Tefas 2018), KL(p || q), mean over the rows.

    p and q are the normalised similarities within the batch, of the teacher and of the student; D
    and E may differ.
    """
    p, q = _neighbours(teacher.detach()), _neighbours(student)
    each: Tensor = (p * (torch.log(p + TINY) - torch.log(q + TINY))).sum(dim=1)
    return each.mean()


LOSSES: dict[Align, Callable[[Tensor, Tensor], Tensor]] = {
    "dcca": dcca,
    "cosine": cosine,
    "mse": mse,
    "pkt": pkt,
}


def _neighbours(embeddings: Tensor) -> Tensor:
    """Rows of S_ij = (cos(x_i, x_j) + 1) / 2, each summing to 1; shape (B, B)."""
    unit = embeddings / embeddings.norm(dim=1, keepdim=True).clamp_min(TINY)
    similar = (unit @ unit.T + 1) / 2
    rows: Tensor = similar / similar.sum(dim=1, keepdim=True)
    return rows


def _same_size(student: Tensor, teacher: Tensor) -> None:
    if student.shape != teacher.shape:
        raise ValueError(f"embeddings {tuple(student.shape)} against {tuple(teacher.shape)}")


class _TotalCorrelation(Function):
    """The trace norm of T = S11^-1/2 S12 S22^-1/2, with its gradient in closed form.

    Autograd through `eigh` divides by the eigenvalues' differences, which is NaN if two
    are equal, as for a collapsed embedding. The closed form has no such division:

        d corr / d S12 = S11^-1/2 U V' S22^-1/2
        d corr / d S11 = -1/2 S11^-1/2 U D U' S11^-1/2,   T = U D V'
    """

    @staticmethod
    def forward(ctx: FunctionCtx, x: Tensor, y: Tensor, ridge: float) -> Tensor:
        a, b = x.double() - x.double().mean(dim=0), y.double() - y.double().mean(dim=0)
        count = max(len(a) - 1, 1)
        left, right = _inverse_root(a.T @ a / count, ridge), _inverse_root(b.T @ b / count, ridge)
        u, d, vt = torch.linalg.svd(left @ (a.T @ b / count) @ right, full_matrices=False)
        cross = left @ u @ vt @ right
        own = -0.5 * left @ (u * d) @ u.T @ left
        # The gradient through the mean is 0, because the rows of a and b sum to 0.
        ctx.gradient = (2 * a @ own + b @ cross.T) / count  # type: ignore[attr-defined]
        total: Tensor = d.sum().to(x.dtype)
        return total

    @staticmethod
    def backward(ctx: FunctionCtx, *outer: Tensor) -> tuple[Tensor, None, None]:
        gradient: Tensor = ctx.gradient  # type: ignore[attr-defined]
        return outer[0] * gradient.to(outer[0].dtype), None, None


def _total_correlation(x: Tensor, y: Tensor, ridge: float) -> Tensor:
    if len(x) != len(y):
        raise ValueError(f"{len(x)} embeddings against {len(y)}")
    total: Tensor = _TotalCorrelation.apply(x, y, ridge)  # type: ignore[no-untyped-call]
    return total


def _inverse_root(covariance: Tensor, ridge: float) -> Tensor:
    """(S + ridge I)^-1/2 of a symmetric S, computed in float64."""
    eye = torch.eye(len(covariance), dtype=covariance.dtype)
    values, vectors = torch.linalg.eigh(covariance + ridge * eye)
    root: Tensor = (vectors * values.clamp_min(ridge).rsqrt()) @ vectors.T
    return root
