"""The configuration of a run that distils the live speech encoder; its key is `distillation`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from train.config import AudioFit, Count, Section, Share, SpeechConfig
from train.studies.translate.alignment import Align
from train.studies.translate.config import Budget, Distance, Target, Weight


class DistillationConfig(Section):
    """The face teacher, and the candidates that are compared on validation."""

    corpus: Annotated[str, Field(min_length=1)] = "ravdess_av"
    """Corpus with face features, whose samples have the names of RAVDESS files."""
    hidden: Annotated[int, Field(ge=4, le=1024, multiple_of=4)] = 64
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.3
    fit: Budget = Budget(epochs=60, batch=64, learning_rate=2e-3)
    paired_share: Share = 0.5
    """Share of each batch that is drawn from clips with a face, in every variant."""
    align: Annotated[tuple[Align, ...], Field(min_length=1)] = ("cosine", "mse", "pkt")
    """Alignment losses; without DCCA, whose batch must be much larger than the embedding."""
    gamma: Weight = 0.5
    beta: Weight = 0.5
    to: Target = "features"
    distance: Distance = "l1"


class DistilledConfig(SpeechConfig):
    """The whole configuration."""

    audio: AudioFit
    distillation: DistillationConfig
    seeds: Count = 3
    """Number of reported seeds, from `seed` on; the search uses another seed."""

    @property
    def search_seed(self) -> int:
        """Seed of the search, which is not reported."""
        return self.seed + 100_000
