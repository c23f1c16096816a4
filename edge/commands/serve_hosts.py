"""Where the sessions of `cdat-edge serve` run: in this process, or on a Ray cluster."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path

from edge.bundle import Bundle, default_bundle
from edge.clock import MonotonicClock
from edge.config import Config
from edge.ray_cluster import LOCAL, ray_cluster
from edge.runtime.shared_models import SharedModels
from edge.serve import routes
from edge.serve.cluster import front
from edge.serve.cluster.keeper import Count, Keeper
from edge.serve.cluster.places import Places
from edge.serve.house import House
from edge.serve.server import Server
from edge.web.tls import Tls

LOOPBACK = "127.0.0.1"


class Here:
    """In this process.

    Attributes:
        bundle: That answers.
    """

    def __init__(self, config: Config, opened: ExitStack) -> None:
        self._config, self._opened = config, opened
        self._models = SharedModels(config, config.serve.share, MonotonicClock())
        opened.enter_context(self._models)
        self.bundle = self._models.bundle

    @property
    def device(self) -> str:
        """What the networks run on."""
        return self._models.networks.device

    @property
    def notes(self) -> list[str]:
        """What happened to the engines."""
        return self._models.notes

    def server(self, tls: Tls | None) -> Server:
        """Not started; closed at the end of the command."""
        house = House(self._models, self._config, MonotonicClock())
        server = Server(house, routes.application(house), self._config, tls)
        return self._opened.enter_context(closing(server))

    def start(self) -> None:
        """Nothing is to be waited for."""

    def check(self) -> None:
        """Nothing ends the server but a signal."""


class OnRay:
    """On the replicas of a Ray cluster.

    Args:
        say: Told what happens to replicas, a sentence, on a thread of its own.

    Attributes:
        bundle: That answers on all of them.
        notes: None here: each is told when it happens.

    Raises:
        EdgeError: Ray cannot be joined.
    """

    def __init__(self, config: Config, opened: ExitStack, say: Callable[[str], None]) -> None:
        self._config, self._opened, self._say = config, opened, say
        self._count = Count.parse(config.serve.replicas)
        folder = Path(config.bundle or default_bundle()).absolute()
        self.bundle = Bundle.load(folder, config.require_signed)
        self.notes: list[str] = []
        processors = max(self._count.most, os.cpu_count() or 1)
        assert config.serve.ray is not None
        self._ray = opened.enter_context(ray_cluster(config.serve.ray, processors, client=False))

    @property
    def device(self) -> str:
        """What they run on, and how many sessions they take."""
        device = "" if self._keeper.opened is None else self._keeper.opened.device
        least, most, each = self._count.least, self._count.most, self._config.serve.sessions_max
        count = f"{least}" if least == most else f"{least} to {most}"
        return f"{device}; {count} replicas on Ray, each for {each} sessions"

    def server(self, tls: Tls | None) -> Server:
        """Not started; closed at the end of the command, and the replicas after it."""
        serve = self._config.serve
        token = secrets.token_urlsafe(24)
        places = Places(serve.sessions_max)
        # On a local Ray, only this machine has business with the servers of the replicas.
        host = LOOPBACK if serve.ray == LOCAL else None
        given = self._config.bundle and str(self.bundle.folder)
        settings = self._config.model_copy(update={"bundle": given}).model_dump_json()
        self._keeper = Keeper(
            self._ray,
            places,
            self._config,
            self.bundle,
            (settings, host, token),
            self._say,
            lambda: server.stop(),
        )
        self._opened.enter_context(closing(self._keeper))
        held = front.Front(places, token, self._keeper.request_stop)
        server = Server(held, front.application(held), self._config, tls)
        return self._opened.enter_context(closing(server))

    def start(self) -> None:
        """Start the replicas, and wait for them.

        Raises:
            EdgeError: One of them cannot serve; one sentence.
        """
        self._keeper.start()

    def check(self) -> None:
        """Raises: EdgeError, if the server ended because no replica was left."""
        if self._keeper.error is not None:
            raise self._keeper.error
