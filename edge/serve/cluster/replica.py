"""One replica: the server of one machine with its own networks, in a process that Ray started."""

from __future__ import annotations

import os
from dataclasses import dataclass

from edge import __version__
from edge.bundle import Bundle
from edge.errors import BundleError, EdgeError
from edge.frontends import FrontEndParams


@dataclass(frozen=True, slots=True)
class Kind:
    """What must be the same in all replicas, so that a session has the same answers anywhere."""

    release: str
    frontend: str
    bundle: str

    @classmethod
    def of(cls, bundle: Bundle) -> Kind:
        """Of this process."""
        return cls(__version__, FrontEndParams().digest(), bundle.digest)

    def check(self, other: Kind, node: str, folder: str) -> None:
        """Compare with that of a replica.

        Raises:
            BundleError: One sentence: what differs, and on which node.
        """
        wanted = {
            "release of cdat-edge": (self.release, other.release, "install this one there"),
            "front end": (self.frontend[:12], other.frontend[:12], "install this release there"),
            "bundle": (self.bundle[:12], other.bundle[:12], f"copy {folder} there"),
        }
        for what, (here, there, advice) in wanted.items():
            if here != there:
                raise BundleError(
                    f"The node {node} has another {what} ({there}) than this service ({here}):"
                    f" {advice}."
                )


@dataclass(frozen=True, slots=True)
class Opened:
    """What a replica answers when it has opened.

    Attributes:
        address: HOST:PORT of its server; "" if it was refused.
        refused: Why it cannot serve, one sentence; "" if it can.
    """

    node: str
    pid: int
    address: str = ""
    kind: Kind | None = None
    name: str = ""
    device: str = ""
    refused: str = ""


class Replica:
    """The actor. Its methods are called by the keeper, one at a time.

    Args:
        settings: The configuration, as JSON.
        host: Where its server listens; None: the address of its node.
        token: What its server asks for where others can reach it.
    """

    def __init__(self, settings: str, host: str | None, token: str) -> None:
        self._settings, self._host, self._token = settings, host, token

    def open(self) -> Opened:
        """Load the networks and listen. Errors are answered, as a sentence."""
        import ray

        node = str(ray.util.get_node_ip_address())  # type: ignore[no-untyped-call]
        try:
            return self._open(node)
        except EdgeError as error:
            return Opened(node, os.getpid(), refused=str(error))

    def look(self) -> str:
        """That it lives, and its metrics.

        Raises:
            RuntimeError: Its server has ended.
        """
        from prometheus_client import generate_latest

        if not self._server.serves:
            raise RuntimeError("its server has ended")
        return generate_latest(self._house.metrics.registry).decode()

    def stop(self) -> None:
        """Request the end of its sessions; returns at once."""
        self._server.stop()

    def _open(self, node: str) -> Opened:
        from edge.clock import MonotonicClock
        from edge.config import Config
        from edge.runtime.shared_models import SharedModels
        from edge.serve.house import House
        from edge.serve.routes import application
        from edge.serve.server import Server
        from edge.web.address import Address

        config = Config.model_validate_json(self._settings)
        listens = str(Address(self._host or node, 0))
        own = config.serve.model_copy(update={"address": listens, "token": self._token})
        config = config.model_copy(update={"serve": own})
        models = SharedModels(config, config.serve.share, MonotonicClock())
        self._house = House(models, config, MonotonicClock())
        # No pings: the front answers none while its client does not read, and pings the client.
        self._server = Server(self._house, application(self._house), config, None, pings=False)
        self._server.start()
        return Opened(
            node,
            os.getpid(),
            str(self._server.address),
            Kind.of(models.bundle),
            models.bundle.manifest.name,
            models.networks.device,
        )
