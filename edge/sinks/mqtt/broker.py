"""Which broker, as whom, and under which topics: `mqtt://user:password@host:port/prefix`."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from edge.errors import ConfigError

FORM = "mqtt://[USER[:PASSWORD]@]HOST[:PORT]/PREFIX, such as mqtt://localhost/cdat"
PORTS = {"mqtt": 1883, "mqtts": 8883}
TEXT_MAX_BYTES = 65_535
"""Of MQTT's texts."""
PREFIX_MAX_BYTES = 1024
"""Leaves room for the rest of a topic."""


@dataclass(frozen=True, slots=True)
class Broker:
    """Shown as HOST:PORT, never with its password.

    Attributes:
        prefix: The topics' beginning, without a slash at its end.
        tls: Whether the connection is encrypted, and the broker's certificate checked.
    """

    host: str
    port: int
    prefix: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: bool = False

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def topic(self, name: str) -> str:
        """The whole name of a topic."""
        return f"{self.prefix}/{name}"


def parse_broker(url: str, key: str, password: str | None = None) -> Broker:
    """Parse a URL. `mqtts` is for TLS. What is not a letter or digit of a user or a password may
    be written %XX.

    Args:
        key: The URL's name in messages, which never hold the URL itself: any part of one that is
            not well-formed may be of a password.
        password: For a URL that has a user and no password.

    Raises:
        ConfigError: Names `key` and what is wrong.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        host.encode("idna")  # as the connection will
    except (ValueError, UnicodeError):
        host, port = "", None
    if not host or parts.scheme not in PORTS or port == 0:
        raise ConfigError(
            f"{key} must be {FORM}; in a user or a password write @ : / ? # % as %40 %3A %2F %3F"
            " %23 %25."
        )
    prefix = unquote(parts.path).strip("/")
    if parts.query or parts.fragment or not _may_begin_topics(prefix):
        raise ConfigError(
            f"{key} needs a prefix for its topics after the host, as in {FORM}, without + # ? and"
            " not beginning with $."
        )
    user = None if parts.username is None else unquote(parts.username)
    if parts.password is not None:
        password = unquote(parts.password)
    if not user:
        user = password = None  # MQTT 3.1.1 has no password without a user
    for given in (user, password):
        if given is not None and not _may_be_sent(given):
            raise ConfigError(f"{key}: the user or the password is not UTF-8, or is too long.")
    tls = parts.scheme == "mqtts"
    return Broker(host, port or PORTS[parts.scheme], prefix, user, password, tls)


def _may_be_sent(text: str) -> bool:
    try:
        return len(text.encode()) <= TEXT_MAX_BYTES
    except UnicodeError:
        return False


def _may_begin_topics(prefix: str) -> bool:
    if not prefix or prefix.startswith("$") or not prefix.isprintable():
        return False
    return not set("+#?") & set(prefix) and len(prefix.encode()) <= PREFIX_MAX_BYTES
