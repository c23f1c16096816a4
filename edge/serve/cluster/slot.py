"""One replica as its keeper sees it: started, looked at, and found lost."""

from __future__ import annotations

import re
import time
from typing import Any

from edge.bundle import Bundle
from edge.errors import EdgeError, SinkError, first_line
from edge.serve.cluster.places import Place
from edge.serve.cluster.replica import Kind, Opened, Replica
from edge.web.restarts import Restarts

SILENT_S = 3.0
"""A replica that does not answer for this long is lost."""
OPEN_S = 120.0
"""For Ray to find a processor, and for the networks to be loaded."""


class Slot:
    """Starts an actor. Belongs to the keeper's thread; `request_stop` is called from any.

    Attributes:
        restarts: Of this replica and those that it replaces.
        number: Of the replica.
        place: Where sessions can be placed; None until it has opened.
        opened: What it answered then.
    """

    def __init__(
        self, ray: Any, number: int, arguments: tuple[Any, ...], restarts: Restarts
    ) -> None:
        self._ray, self.number, self.restarts = ray, number, restarts
        restarts.begin()
        actor = ray.remote(num_cpus=1, max_restarts=0, scheduling_strategy="SPREAD")(Replica)
        self._actor = actor.remote(*arguments)
        self._asked = self._actor.open.remote()
        self._since_s = time.monotonic()
        self.place: Place | None = None
        self.opened: Opened | None = None

    def look(self, kind: Kind, bundle: Bundle) -> None:
        """Take its answer, if there is one, and ask again.

        Raises:
            EdgeError: It cannot serve, or has ended, or is silent; one sentence.
        """
        answered, _ = self._ray.wait([self._asked], timeout=0)
        waited_s = time.monotonic() - self._since_s
        if answered:
            try:
                answer = self._ray.get(self._asked, timeout=SILENT_S)
            except self._ray.exceptions.RayError as error:
                raise SinkError(self._ended(error)) from None
            self._take(answer, kind, bundle)
            self._asked = self._actor.look.remote()
            self._since_s = time.monotonic()
        elif self.place is None and waited_s > OPEN_S:
            raise SinkError(
                f"Replica {self.number} did not start within {OPEN_S:g} s: look whether the cluster"
                " has a processor free for each replica (`ray status`)."
            )
        elif self.place is not None and waited_s > SILENT_S:
            raise SinkError(f"Replica {self.number} has not answered for {SILENT_S:g} s.")

    def request_stop(self) -> None:
        """End its sessions with a sentence; returns at once."""
        if self.place is not None:
            self._actor.stop.remote()

    def kill(self) -> None:
        """End its process."""
        self._ray.kill(self._actor)

    def _take(self, answer: Opened | str, kind: Kind, bundle: Bundle) -> None:
        if self.place is not None:
            self.place.exposition = str(answer)
            return
        assert isinstance(answer, Opened)
        if answer.refused:
            raise SinkError(f"The node {answer.node} cannot serve: {answer.refused}")
        assert answer.kind is not None
        kind.check(answer.kind, answer.node, str(bundle.folder))
        self.opened = answer
        self.place = Place(self.number, answer.address)

    def _ended(self, error: Exception) -> str:
        if not isinstance(error, self._ray.exceptions.RayActorError):
            told = first_line(getattr(error, "cause", None) or error).rstrip(".")
            return f"Replica {self.number} failed: {told}."
        if not error.actor_init_failed:
            return f"The process of replica {self.number} has ended."
        # Ray has no cause then, but a text with a trace; the last line is the error.
        node, why = re.search(r"\bip=([^,)\s]+)", str(error)), str(error).strip().splitlines()[-1]
        where = f"the node {node[1]}" if node else "its node"
        return f"Replica {self.number} cannot start on {where}: {why.strip().rstrip('.')}."


def plain(error: EdgeError) -> str:
    """The sentence of an error, without its full stop."""
    return str(error).removesuffix(".")
