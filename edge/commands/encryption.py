"""Whether the servers of a run speak TLS; others may read along where they do not."""

from __future__ import annotations

from edge.commands.outputs import Said
from edge.config import TlsConfig
from edge.web.tls import CERTIFICATE, KEY, checked_tls


class Encryption:
    """The certificate of the dashboard and of `--http`, or a warning, once a run.

    Raises:
        ConfigError: A file of `tls` cannot be used.
    """

    def __init__(self, config: TlsConfig) -> None:
        self.tls = checked_tls(config.certificate, config.key)
        self._told = False

    def tell(self, token: str | None, say: Said) -> None:
        """Of a server with this token; without one, only this machine can reach it."""
        if token is None or self.tls is not None or self._told:
            return
        self._told = True
        say(
            "Others on the network can read along, the token included: give"
            f" {CERTIFICATE} and {KEY} to encrypt.",
            style="yellow",
        )
