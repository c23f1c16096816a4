"""The configuration of `cdat-train fit`, `confide`, `transfer` and `compare`: one YAML file."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from train.config import Count, Fit, Hardware, Rate, SearchRange, Section, Share
from train.fusion_config import FusionShape, When


class StageFit(Section):
    """One stage of training; an epoch is a pass over the data."""

    epochs: Count
    batch: Annotated[int, Field(ge=2)] = 64
    learning_rate: Rate = 1e-3
    weight_decay: Annotated[float, Field(ge=0, le=1)] = 0.01

    def fit(self, samples: int) -> Fit:
        """The trainer's configuration for `samples` samples in an epoch."""
        own = self.model_dump(include={"epochs", "batch", "learning_rate", "weight_decay"})
        return Fit(samples=samples, **own)


ConfidenceKind = Literal["tcp", "ranking", "cross_fitted", "in_sample"]


class Confide(StageFit):
    """ConfidNet: an MLP on z, 3 x (`width`, ReLU, BatchNorm, dropout), one output (as in the
    public release).

    `kind`: `tcp` learns the true class probability on held-out groups, as in the paper; `ranking`
    also learns the order of the masks within a sample; `cross_fitted` also learns on the groups of
    fusion, where models that did not see them give the target; `in_sample` is its control: the
    same samples, with the targets of the model that was trained on them."""

    width: Annotated[int, Field(ge=2, le=4096)] = 64
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.2
    kind: ConfidenceKind = "tcp"

    @model_serializer(mode="wrap")
    def _without_default(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """The default kind is left out, so that the runs made before keep their keys."""
        found: dict[str, Any] = handler(self)
        if self.kind == "tcp":
            found.pop("kind", None)
        return found


class Transfer(StageFit):
    """`lambda_` is the weight of the transfer loss; the base of `when` is `fit`. `origin` is
    subtracted from the vectors before they are compared: 0.5 for MISA, whose shared vectors come
    out of a sigmoid, lie near 0.5 and therefore all point the same way."""

    lambda_: Annotated[float, Field(ge=0, le=1e6, alias="lambda")] = 0.3
    when: When = "third"
    origin: Annotated[float, Field(ge=-10, le=10)] = 0.0

    @model_serializer(mode="wrap")
    def _without_default(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """A default origin is left out, so that the runs made before keep their keys."""
        found: dict[str, Any] = handler(self)
        if self.origin == 0.0:
            found.pop("origin", None)
        return found


class CdatConfig(Section):
    """The whole configuration. `corpus` and `options` are those of `open_corpus`."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    corpus: Annotated[str, Field(min_length=1)]
    options: dict[str, Any] = Field(default_factory=dict)
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 1
    threads: Annotated[int, Field(ge=1, le=256)] = 1
    val_share: Annotated[float, Field(gt=0, lt=0.5)] = 0.15
    held_out_share: Annotated[float, Field(gt=0, lt=0.5)] = 0.2
    """Share of the training split, by group, that is held out from fusion for ConfidNet."""
    labelled_share: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Share of the groups left for fusion that keep their targets; of the others, only the
    transfer (and a model's own losses) uses the streams."""
    modality_dropout: Share = 0.3
    """Chance of each stream to be masked in training, in the variant `modality_dropout`."""
    model: FusionShape = FusionShape(kind="early")
    fit: StageFit
    confide: Confide
    transfer: Transfer
    hardware: Hardware = Hardware()
    search: dict[str, SearchRange] = Field(default_factory=dict)
    """What `cdat-train search` tries, by key; other commands do not read it."""

    def facts(self) -> dict[str, Any]:
        """Everything, for a key. What came later is left out at its default, so that the runs made
        before keep their meaning."""
        found = self.model_dump(exclude={"hardware", "search"})
        if self.labelled_share == 1.0:
            del found["labelled_share"]
        if self.transfer.when == "third":
            del found["transfer"]["when"]
        return found
