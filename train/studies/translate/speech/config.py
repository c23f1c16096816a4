"""The configuration of a run that distils the live speech encoder: it has the key
`distillation`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from train.config import AudioFit, Count, Section, Share, SpeechConfig
from train.studies.translate.alignment import Align
from train.studies.translate.config import Budget, Distance, Target, Weight


class DistillationConfig(Section):
    """The teacher of faces, and what is tried with it on validation."""

    corpus: Annotated[str, Field(min_length=1)] = "ravdess_av"
    """Sound and face features of performances; names as RAVDESS has them."""
    hidden: Annotated[int, Field(ge=4, le=1024, multiple_of=4)] = 64
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.3
    fit: Budget = Budget(epochs=60, batch=64, learning_rate=2e-3)
    paired_share: Share = 0.5
    """Of each batch, how much is drawn from the clips that have a face; for every variant."""
    align: Annotated[tuple[Align, ...], Field(min_length=1)] = ("cosine", "mse", "pkt")
    """DCCA wants a batch much larger than the embedding, which clips of sound do not allow."""
    gamma: Weight = 0.5
    beta: Weight = 0.5
    to: Target = "features"
    distance: Distance = "l1"


class DistilledConfig(SpeechConfig):
    """The whole file."""

    audio: AudioFit
    distillation: DistillationConfig
    seeds: Count = 3
    """Reported from `seed` on; one more, far from them, is for the search."""

    @property
    def search_seed(self) -> int:
        """Reported nowhere else."""
        return self.seed + 100_000
