"""`cdat-edge serve --ray` on two hosts with a network between them, of which one is lost."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from subprocess import DEVNULL
from tempfile import TemporaryDirectory

import pytest
from fixtures.lost_replica import check_lost, visitors
from fixtures.on_ray import START_S, Service, environment, on_ray
from fixtures.two_hosts import Host, two_hosts
from fixtures.waiting import eventually

from edge.ray_cluster import STORE_BYTES
from edge.serve.cluster.slot import SILENT_S

pytest.importorskip("ray", reason="no Ray: make dev")
pytestmark = [pytest.mark.slow, pytest.mark.alone, pytest.mark.timeout(400)]
__all__ = ["two_hosts"]
PORT = 6379


@contextmanager
def service_on(hosts: tuple[Host, Host]) -> Iterator[Service]:
    """Of a replica on each host; its visitors are on the first one, as the service is."""
    with (
        ray_on(hosts) as address,
        hosts[0].here(),
        on_ray("--replicas", "2", ray=address) as service,
    ):
        assert [replicas(host) for host in hosts] == [1, 1]
        yield service


@contextmanager
def ray_on(hosts: tuple[Host, Host]) -> Iterator[str]:
    """A node of one processor on each; the first is the head. Gives its address."""
    head = hosts[0]
    address = f"{head.address}:{PORT}"
    with ExitStack() as started:
        # Its sockets need a short path.
        folder = started.enter_context(TemporaryDirectory(prefix="cdat-ray-", dir="/tmp"))
        for host in hosts:
            first = ["--head", f"--port={PORT}", f"--temp-dir={folder}", "--disable-usage-stats"]
            joins = first if host is head else [f"--address={address}"]
            own = [f"--node-ip-address={host.address}", "--num-cpus=1", "--block"]
            own += [f"--object-store-memory={STORE_BYTES}"]
            command = [sys.executable, "-m", "ray.scripts.scripts", "start", *joins, *own]
            quiet = {"stdin": DEVNULL, "stdout": DEVNULL, "stderr": DEVNULL}
            node = host.begins(command, env=environment(), **quiet)
            started.callback(node.wait)
            started.callback(host.dies)
            with head.here():
                eventually(lambda: answers(head.address), START_S)
        yield address


def answers(host: str) -> bool:
    try:
        socket.create_connection((host, PORT), timeout=1).close()
    except OSError:
        return False
    return True


def replicas(host: Host) -> int:
    return sum("ray::Replica" in line for line in host.programs().values())


def test_sessions_of_a_killed_host_are_back_on_the_other_and_those_there_go_on(
    two_hosts: tuple[Host, Host],
) -> None:
    with service_on(two_hosts) as service:
        with visitors(service, 4) as everyone:
            lost_s = time.monotonic()
            two_hosts[1].dies()
            check_lost(service, everyone, lost_s)
        assert service.told("has ended; another one is started.")
        assert service.health()["replicas"] == 1  # no processor is free for another one


def test_a_host_without_its_cable_is_lost_after_three_seconds_as_a_silent_replica(
    two_hosts: tuple[Host, Host],
) -> None:
    with service_on(two_hosts) as service, visitors(service, 4) as everyone:
        lost_s = time.monotonic()
        two_hosts[1].leaves_the_network()
        check_lost(service, everyone, lost_s, SILENT_S)
        assert service.told(f"has not answered for {SILENT_S:g} s; another one is started.")
