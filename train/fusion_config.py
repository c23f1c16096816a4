"""The fusion of the streams and CDaT's transfer in a configuration."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator

from train.config import Fit, RunConfig, Section

ModelName = Literal["early", "tfn", "misa", "tailor", "late"]
OF_CDAT: tuple[ModelName, ...] = ("early", "tfn", "misa", "tailor")
"""The fusion models of the CDaT paper, which its studies compare."""


class FusionShape(Section):
    """Kind and size of a fusion model."""

    kind: ModelName = "tfn"
    """docs/cdat.md tells of each; late adds the streams' own answers."""
    hidden: Annotated[int, Field(ge=4, le=4096)] = 32
    """Size of a stream's vector before fusion."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.3
    encoder: bool | Literal["residual"] = True
    """Whether each stream has a layer of its own before fusion; without one, `hidden` is the size
    of an embedding, and CDaT's transfer has nothing to teach. `residual`: a layer whose output is
    added to the embedding. It adds nothing until the transfer, and only the transfer trains it."""
    heads: Literal["trained", "taken"] = "trained"
    """Late fusion adds the answers of a head for each stream. `taken`: the heads with which the
    encoders were trained, so that only a scale for each stream is learned, and what a residual
    layer adds."""

    @model_validator(mode="after")
    def _takes_heads_of_embeddings(self) -> FusionShape:
        if self.heads == "taken" and (self.kind != "late" or self.encoder is True):
            raise ValueError("heads: taken needs kind: late and encoder: false or residual")
        return self


class FusionFit(Fit):
    """Training of the fusion model."""

    model: FusionShape = FusionShape()


When = Literal["third", "start"]
"""When CDaT transfers: as the third stage, from the base's best epoch; or from the first epoch of a
new model, which is trained for the epochs of both stages together with the settings of the base."""


class TransferFit(Fit):
    """CDaT's transfer: training with `lambda` times the transfer loss."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    lambda_: Annotated[float, Field(ge=0, le=1e6, alias="lambda")] = 1.0
    """Weight of the transfer loss."""
    when: When = "third"
    origin: Annotated[float, Field(ge=-10, le=10)] | None = None
    """Subtracted from the streams' vectors before they are compared. None: 0.5 with misa, whose
    vectors come out of a sigmoid and would all point the same way; 0 with the other models."""

    def origin_of(self, kind: ModelName) -> float:
        """The number that is subtracted with this fusion model."""
        if self.origin is not None:
            return self.origin
        return 0.5 if kind == "misa" else 0.0


class FusedConfig(RunConfig):
    """Keys of every run with all three streams."""

    fusion: FusionFit
    transfer: TransferFit | None = None
    """Without it the bundle is that of the second stage."""

    @model_validator(mode="after")
    def _fits(self) -> FusedConfig:
        shape = self.fusion.model
        if shape.encoder is not True and shape.hidden != self.embedding_size:
            raise ValueError("fusion.model.hidden must be embedding_size unless encoder is true")
        if not shape.encoder and self.transfer is not None:
            raise ValueError("transfer needs fusion.model.encoder: true or residual")
        if self.transfer is not None and self.transfer.when == "start" and shape.heads == "taken":
            raise ValueError("transfer.when: start trains new heads, so it needs heads: trained")
        return self
