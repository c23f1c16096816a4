"""`cdat-edge serve --ray` when a replica or node is lost: its sessions, and the others."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import pytest
from fixtures.on_ray import START_S, Service, Visitor, on_ray
from fixtures.waiting import LIMIT_S, eventually

from edge.serve.cluster.slot import SILENT_S

pytest.importorskip("ray", reason="no Ray: make dev")
pytestmark = [pytest.mark.slow, pytest.mark.alone, pytest.mark.timeout(300)]
BACK_S = 5.0
"""As docs/serve.md says. Measured on two processors: 0.7 to 1.8 s."""
STEP_S = 0.25
SLACK_S = 1.0
"""The next replica loads its networks meanwhile. Measured on two processors: 0.6 s."""
USUAL_START_S = 10.0
"""Of a service on them, with Ray and the networks of two replicas: 7.6 and 10.8 s, measured while
other work took both."""


@contextmanager
def visitors(service: Service, count: int = 2) -> Iterator[list[Visitor]]:
    """As many on each of two replicas."""
    with ExitStack() as opened:
        found = [opened.enter_context(Visitor(service)) for _ in range(count)]
        eventually(lambda: service.sessions() == [count // 2] * 2)
        yield found


def check_lost(
    service: Service, everyone: list[Visitor], lost_s: float, silent_s: float = 0.0
) -> None:
    """Half of them are back in time, and say `starting`; the others have noticed nothing.

    On a machine on which the service took longer to start, both may take longer.

    Args:
        silent_s: After which a replica that has not ended counts as lost.
    """
    slower = max(1.0, service.start_s / USUAL_START_S)
    within_s, late_at_most_s = silent_s + slower * BACK_S, STEP_S + slower * SLACK_S
    print(
        f"started in {service.start_s:.1f} s: limits are {slower:.1f} times those of docs/serve.md"
    )
    half = len(everyone) // 2
    limit_s = LIMIT_S + within_s
    eventually(lambda: sum(len(one.begins) == 2 for one in everyone) == half, limit_s)
    hurt = [one for one in everyone if len(one.begins) == 2]
    others = [one for one in everyone if len(one.begins) == 1]
    eventually(lambda: all(len(one.verdicts) > one.begins[1] for one in hurt), limit_s)
    for one in hurt:
        again = one.begins[1]
        back_s = one.at_s[again] - lost_s
        print(f"back after {back_s:.2f} s; docs/serve.md: {silent_s + BACK_S:g} s")
        assert back_s < within_s, back_s
        first = one.verdicts[again]
        assert first["seq"] == 0
        reasons = {stream["reason"] for stream in first["streams"].values()}
        assert reasons == {"starting", None}
        assert one.ends == ["The process that served this session was lost: connect again."]
    eventually(lambda: all(one.at_s[-1] > lost_s + within_s + BACK_S for one in others), limit_s)
    for one in others:
        assert [verdict["seq"] for verdict in one.verdicts] == list(range(len(one.verdicts)))
        assert one.ends == []
        late_s = one.late_s(lost_s)
        print(f"the latest verdict of another came {late_s:.2f} s later than usual")
        assert late_s < late_at_most_s, late_s


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
