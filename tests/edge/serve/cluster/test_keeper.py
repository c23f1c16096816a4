"""What the keeper does when replicas are lost, with a stand-in for Ray that loses them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from fixtures.waiting import eventually

from edge.bundle import Bundle, default_bundle
from edge.config import load_config
from edge.errors import SinkError
from edge.serve.cluster.keeper import Keeper
from edge.serve.cluster.places import Places
from edge.serve.cluster.replica import Kind, Opened

NODES = 6


class RayError(Exception):
    """Of the stand-in."""


class RayActorError(RayError):
    """Its `actor_init_failed` is Ray's."""

    actor_init_failed = False


class Actor:
    """A replica. Its methods answer at once: what it says, or the error that it died of."""

    def __init__(self, ray: StandIn) -> None:
        self.death: Exception | None = ray.next_death
        self.open = SimpleNamespace(remote=lambda: (self, ray.opened))
        self.look = SimpleNamespace(remote=lambda: (self, ""))


class StandIn:
    """What the keeper uses of the module `ray`."""

    exceptions = SimpleNamespace(RayError=RayError, RayActorError=RayActorError)

    def __init__(self, bundle: Bundle) -> None:
        self.opened = Opened("node", 1, "127.0.0.1:1", Kind.of(bundle))
        self.actors: list[Actor] = []
        self.next_death: Exception | None = None
        self.failure: Exception | None = None

    def remote(self, **options: Any) -> Callable[[type], Any]:
        return lambda kind: SimpleNamespace(remote=self._start)

    def _start(self, *arguments: Any) -> Actor:
        self.actors.append(Actor(self))
        return self.actors[-1]

    def wait(self, asked: list[Any], timeout: float) -> tuple[list[Any], list[Any]]:
        if self.failure is not None:
            raise self.failure
        return asked, []

    def get(self, asked: tuple[Actor, Any], timeout: float) -> Any:
        actor, answer = asked
        if actor.death is not None:
            raise actor.death
        return answer

    def kill(self, actor: Actor) -> None:
        """It is gone anyway."""


@contextmanager
def kept(replicas: int) -> Iterator[tuple[StandIn, Places, Keeper, list[str]]]:
    bundle = Bundle.load(default_bundle())
    config = load_config(None, [], {"serve.replicas": str(replicas), "serve.ray": "auto"})
    ray, places, told = StandIn(bundle), Places(1), list[str]()
    failed = lambda: told.append("failed")  # noqa: E731
    with closing(Keeper(ray, places, config, bundle, (), told.append, failed)) as keeper:
        yield ray, places, keeper, told


def test_a_node_that_takes_many_replicas_with_it_is_replaced_whole() -> None:
    with kept(NODES) as (ray, places, keeper, told):
        keeper.start()
        for actor in ray.actors[:NODES]:
            actor.death = RayActorError()
        eventually(lambda: len(ray.actors) == 2 * NODES and len(places.all) == NODES)
        assert all(line.endswith("has ended; another one is started.") for line in told)
        assert len(told) == NODES and keeper.error is None


def test_an_error_of_ray_itself_ends_the_service_with_a_sentence() -> None:
    with kept(1) as (ray, _, keeper, told):
        keeper.start()
        ray.failure = RuntimeError("the connection to the cluster is lost")
        eventually(lambda: told == ["failed"])
        assert str(keeper.error) == (
            "The replicas are not kept any more: the connection to the cluster is lost."
        )


def test_a_package_that_a_node_lacks_is_named() -> None:
    with kept(1) as (ray, _, keeper, _told):
        ray.next_death = RayActorError(
            "The actor died because of an error raised in its creation task,"
            " ray::Replica.__init__() (pid=3967, ip=10.0.0.2, actor_id=0f)\n"
            "RuntimeError: failed to import.\n\nModuleNotFoundError: No module named 'edge'"
        )
        ray.next_death.actor_init_failed = True
        with pytest.raises(SinkError, match=r"cannot start on the node 10\.0\.0\.2: Modu"):
            keeper.start()
