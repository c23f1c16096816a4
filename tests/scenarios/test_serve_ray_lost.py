"""`cdat-edge serve --ray` when a replica or node is lost: its sessions, and the others."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from typing import Any

import pytest
from fixtures.lost_replica import check_lost, visitors
from fixtures.on_ray import START_S, on_ray
from fixtures.waiting import eventually

from edge.serve.cluster.slot import SILENT_S

pytest.importorskip("ray", reason="no Ray: make dev")
pytestmark = [pytest.mark.slow, pytest.mark.alone, pytest.mark.timeout(300)]


def test_the_session_of_a_killed_replica_is_back_in_five_seconds_and_the_other_goes_on() -> None:
    with on_ray("--replicas", "2") as service, visitors(service) as everyone:
        lost_s = time.monotonic()
        os.kill(service.replicas()[0], signal.SIGKILL)
        check_lost(service, everyone, lost_s)
        eventually(lambda: service.health()["replicas"] == 2, START_S)
        assert service.told("has ended; another one is started.")


def test_the_sessions_of_a_killed_node_are_back_in_five_seconds_on_the_other_node() -> None:
    from ray.cluster_utils import Cluster

    cluster: Any = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    try:
        node = cluster.add_node(num_cpus=1)
        with on_ray("--replicas", "2", ray=cluster.address) as service:
            with visitors(service, 4) as everyone:
                lost_s = time.monotonic()
                cluster.remove_node(node, allow_graceful=False)
                check_lost(service, everyone, lost_s)
            assert service.told("has ended; another one is started.")
            assert service.health()["replicas"] == 1  # no processor is free for another one
    finally:
        cluster.shutdown()


def test_a_silent_replica_is_lost_after_three_seconds_and_its_session_is_back_then() -> None:
    with on_ray("--replicas", "2") as service, visitors(service) as everyone:
        silent = service.replicas()[0]
        lost_s = time.monotonic()
        os.kill(silent, signal.SIGSTOP)
        try:
            check_lost(service, everyone, lost_s, SILENT_S)
            assert service.told(f"has not answered for {SILENT_S:g} s; another one is started.")
            eventually(lambda: service.health()["replicas"] == 2, START_S)
            eventually(lambda: not os.path.exists(f"/proc/{silent}"), START_S)
        finally:
            with suppress(OSError):
                os.kill(silent, signal.SIGCONT)
