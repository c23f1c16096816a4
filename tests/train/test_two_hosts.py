"""`torchrun --nnodes 2`: a training whose processes are on two hosts, over a network."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
from fixtures.two_hosts import CABLE, Host, two_hosts

pytest.importorskip("torch")
pytest.importorskip("lightning_fabric")

from fixtures import normed_training

from train.epochs import read_metrics

__all__ = ["two_hosts"]

LIMIT_S = 150
TESTS = Path(__file__).parents[1]


def environment(**more: str) -> dict[str, str]:
    paths = f"{TESTS}:{TESTS.parent}"
    return {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1", **more}


def begun(host: Host, first: Host, *arguments: object) -> subprocess.Popen[str]:
    """What is typed on one host: the same on each, but whether the meeting point is its own."""
    meets = ["--rdzv-backend", "c10d", "--rdzv-endpoint", f"{first.address}:29400"]
    own = ["--rdzv-conf", f"is_host={int(host is first)}", "--local-addr", host.address]
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nnodes", "2", *meets, *own]
    command = [*torchrun, "--nproc-per-node", "1", *map(str, arguments)]
    return host.begins(command, stderr=subprocess.PIPE, env=environment(GLOO_SOCKET_IFNAME=CABLE))


@pytest.mark.slow
def test_two_hosts_have_the_losses_of_one(two_hosts: tuple[Host, Host], tmp_path: Path) -> None:
    program = normed_training.__file__
    alone = [sys.executable, program, str(tmp_path / "one"), "3"]
    subprocess.run(alone, check=True, env=environment(), capture_output=True)
    with ExitStack() as started:
        runs = []
        for host in two_hosts:
            run = begun(host, two_hosts[0], program, tmp_path / "two", 3)
            runs.append(started.enter_context(run))
            started.callback(run.terminate)
        told = [run.communicate(timeout=LIMIT_S)[1] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], told
    one, two = (read_metrics(tmp_path / name)["s"] for name in ("one", "two"))
    assert len(one) == len(two) == 3
    for mine, theirs in zip(one, two, strict=True):
        assert theirs["loss"] == pytest.approx(mine["loss"], rel=1e-12)
        assert theirs["score"] == pytest.approx(mine["score"], rel=1e-8)
    # The log is the first process's; it is on one of the hosts.
    assert "".join(told).count("epoch 3 of 3") == 1
