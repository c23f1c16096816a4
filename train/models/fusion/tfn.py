"""Tensor Fusion Network (Zadeh et al. 2017): the outer product of the streams' vectors."""

from __future__ import annotations

from torch import Tensor

from train.models.fusion.base import FusionModel, Output
from train.models.fusion.tensor import TensorFusion


class TFN(FusionModel):
    """Masking sets a stream's vector to 0; the 1 appended to it stays (as in the public CDaT
    release)."""

    def __init__(
        self, dims: tuple[int, int, int], outputs: int, hidden: int = 32, dropout: float = 0.3
    ) -> None:
        super().__init__(dims, outputs, hidden, dropout)
        self.z_size = 64
        self.tensor = TensorFusion(
            hidden, projected=max(2, hidden // 4), z=self.z_size, labels=outputs, dropout=dropout
        )

    def fuse(self, hidden: Tensor, mask: Tensor, present: Tensor) -> Output:
        """See `FusionModel.fuse`."""
        z, logits = self.tensor(hidden, mask * present)
        return Output(logits, z, hidden)
