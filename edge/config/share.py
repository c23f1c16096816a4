"""How several runs of one process share the networks."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from edge.config.section import Section


class ShareConfig(Section):
    """How the sessions share the networks."""

    wait_ms: Annotated[float, Field(ge=0, le=100)] = 2.0
    """An item waits at most so long for those of other sessions, to be encoded with them."""
    batch_max: Annotated[int, Field(ge=1, le=256)] = 16
    """Items that are encoded at once, at most. 1: one after the other, and nothing waits."""
