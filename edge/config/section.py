"""What every section of a configuration is made of."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field, model_validator

from edge.bundle.document import Strict

Text = Annotated[str, Field(min_length=1)]


class Section(Strict):
    """Values must have the declared type: YAML's `off` is not a camera index."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _empty(cls, given: Any) -> Any:
        """A section with all its keys commented out is None in YAML."""
        return {} if given is None else given
