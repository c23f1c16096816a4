"""The section of the configuration for `cdat-edge serve`: where it listens, and its limits."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from edge.config.section import Section, Text
from edge.config.share import ShareConfig


def _as_text(value: object) -> object:
    """A plain number of a configuration file or of --set is a text here."""
    return str(value) if type(value) is int else value


class ServeConfig(Section):
    """A service for browsers and programs; see docs/serve.md."""

    address: Text = "127.0.0.1:8780"
    """HOST:PORT. Off loopback a token is required."""
    token: Annotated[str, Field(min_length=16)] | None = None
    """The token that a client must send off loopback. None: a new one for each start, printed."""
    ray: Text | None = None
    """HOST:PORT of a Ray cluster that runs the sessions, or "auto" for a local Ray. None: here."""
    replicas: Annotated[
        str, BeforeValidator(_as_text), Field(pattern=r"^[1-9]\d{0,2}(-[1-9]\d{0,2})?$")
    ] = "1"
    """With `ray`: processes that run sessions, each with its own networks: a number, or least-most,
    such as 1-4, between which it follows the sessions."""
    sessions_max: Annotated[int, Field(ge=1, le=64)] = 8
    """Sessions at the same time, of each replica with `ray`; one more is refused."""
    session_max_s: Annotated[float, Field(gt=0, le=1e6)] = 3600.0
    """A session ends after this time."""
    idle_s: Annotated[float, Field(gt=0, le=600)] = 10.0
    """A session ends when a stream that it announced has sent nothing for this long."""
    picture_max_px: Annotated[int, Field(ge=4096, le=33_177_600)] = 2_073_600
    """Width times height of a picture; the default is 1920x1080."""
    message_max_bytes: Annotated[int, Field(ge=4096, le=16_000_000)] = 1_000_000
    """Of one message."""
    messages_per_s: Annotated[float, Field(ge=1, le=10_000)] = 100.0
    """Pictures and pieces of sound of one session, on average over ten seconds."""
    share: ShareConfig = ShareConfig()
    """How the sessions of a process share the networks."""
