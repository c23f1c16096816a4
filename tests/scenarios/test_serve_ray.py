"""`cdat-edge serve --ray` on a real local Ray: placing, clients that go on, refusals."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from fixtures.command import Cli, cli, complaint
from fixtures.media import write_clip
from fixtures.on_ray import START_S, descendants, on_ray, serve_client
from fixtures.served import begin, hello, rest, served, shared_models
from fixtures.visitor import begun, browser, shows_a_label
from fixtures.waiting import eventually
from websockets.sync.client import ClientConnection

from edge.bundle import default_bundle

__all__ = ["browser", "cli"]

pytest.importorskip("ray", reason="no Ray: make dev")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def answers(client: ClientConnection, pieces: list[bytes]) -> list[dict[str, Any]]:
    begin(client, hello(wait=True))
    for piece in pieces:
        client.send(piece)
    client.send('{"finish": true}')
    messages, code, _, sentence = rest(client)
    assert (code, sentence) == (1000, "The session has ended.")
    return [message["verdict"] for message in messages]


def test_two_clients_are_on_different_replicas_and_the_verdicts_are_those_of_one_machine(
    data_dir: Path,
) -> None:
    file = str(sorted((data_dir / "av_clips").glob("grid_*.mpg"))[0])
    pieces = list(serve_client().pieces(file))
    with shared_models() as models, served(models) as house, house.connect() as client:
        expected = answers(client, pieces)
    with on_ray("--replicas", "2") as service:
        assert service.health() == {
            "status": "ok", "sessions": 0, "sessions_max": 16, "replicas": 2
        }  # fmt: skip
        with service.connect() as one, service.connect() as other:
            begin(one, hello())
            found = answers(other, pieces)
        with service.connect() as one, service.connect() as other:
            begin(one, hello())
            begin(other, hello())
            eventually(lambda: service.sessions() == [1, 1])
        eventually(lambda: service.health()["sessions"] == 0)
        processes = descendants(service.process.pid)
        assert "2 replicas on Ray, each for 8 sessions" in service.end()
        eventually(lambda: not [pid for pid in processes if os.path.exists(f"/proc/{pid}")])
    assert len(found) == len(expected) == 12
    for mine, theirs in zip(found, expected, strict=True):
        assert mine["label"] == theirs["label"] and mine["mask"] == theirs["mask"]
        assert mine["span_ns"] == theirs["span_ns"]
        assert mine["scores"] == pytest.approx(theirs["scores"], abs=1e-4)


def test_the_example_goes_on_with_the_file_after_its_replica_was_killed(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", 20)
    with on_ray() as service:
        url = service.url.replace("http", "ws", 1) + "session"
        command = [sys.executable, str(serve_client().__file__), str(clip), url]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as client:
            assert client.stdout is not None
            lines = [next(client.stdout) for _ in range(4)]
            os.kill(service.replicas()[0], signal.SIGKILL)
            lines += client.stdout
        assert client.returncode == 0
    spans = [json.loads(line)["span_ns"][1] for line in lines]
    assert spans == sorted(spans) and spans[-1] >= 19_750_000_000
    assert max(after - before for before, after in pairwise(spans)) <= 500_000_000
    assert [json.loads(line)["seq"] for line in lines].count(0) == 2


@pytest.mark.alone
def test_the_page_connects_again_by_itself(browser: Any) -> None:
    with on_ray() as service:
        page = begun(browser, service.url)
        shows_a_label(page)
        os.kill(service.replicas()[0], signal.SIGKILL)
        page.get_by_text("Connection lost, connecting again.").wait_for()
        page.locator("#note", has_not_text="Connection lost").wait_for()
        shows_a_label(page)
        page.get_by_role("button", name="Stop").click()
        page.get_by_text("The session has ended.").wait_for()
        page.close()


def test_a_node_with_another_bundle_is_refused_and_the_others_go_on(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    shutil.copytree(default_bundle(), bundle)
    with on_ray("--replicas", "2", "--bundle", str(bundle)) as service:
        manifest = json.loads((bundle / "manifest.json").read_text())
        (bundle / "manifest.json").write_text(json.dumps({**manifest, "name": "another"}))
        os.kill(service.replicas()[0], signal.SIGKILL)
        eventually(lambda: service.told("has another bundle"), START_S)
        assert service.health()["replicas"] == 1
        with service.connect() as client:
            assert begin(client, hello("vision"))["ready"] == 1
        assert f"copy {bundle} there" in service.end()


def test_a_signal_ends_the_sessions_with_a_sentence() -> None:
    with on_ray() as service, service.connect() as client:
        begin(client, hello())
        service.process.send_signal(signal.SIGINT)
        assert rest(client)[1:3] == (1001, "The server stops: the session has ended.")


def test_one_more_than_all_replicas_take_is_refused_and_more_replicas_come_for_them() -> None:
    # A second replica may take long to start, and nobody sends anything meanwhile.
    options = "--replicas", "1-2", "--set", "serve.sessions_max=1", "--set", "serve.idle_s=300"
    with on_ray(*options) as service, service.connect() as one:
        begin(one, hello())
        with service.connect() as early:
            assert rest(early)[1] == 1013
        eventually(lambda: service.health()["replicas"] == 2, START_S)
        with service.connect() as two, service.connect() as late:
            begin(two, hello())
            assert rest(late)[1:3] == (
                1013,
                "This server has 2 sessions on 2 replicas, as many as it takes: try again later.",
            )


def test_an_address_that_does_not_answer_is_one_sentence(cli: Cli) -> None:
    complaint(
        cli("serve", "--at", "127.0.0.1:0", "--ray", "127.0.0.1:1"), "No Ray answers at 127.0.0.1:1"
    )
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        began_s = time.monotonic()
        done = cli("serve", "--at", "127.0.0.1:0", "--ray", address)
        complaint(done, f"No Ray answers at {address} within 60 s")
        assert time.monotonic() - began_s < 180


@pytest.mark.parametrize(
    ("options", "part"),
    [
        (("--ray", "nowhere"), "--ray nowhere is not an address: give HOST:PORT of a running Ray"),
        (("--replicas", "2"), "give --ray"),
        (("--ray", "auto", "--replicas", "3-2"), "least-most"),
        (("--ray", "auto", "--bundle", "/no/such/bundle"), "/no/such/bundle"),
    ],
)
def test_what_cannot_be_served_on_ray_is_one_sentence(
    cli: Cli, options: tuple[str, ...], part: str
) -> None:
    complaint(cli("serve", *options), part)


def test_a_bundle_that_a_replica_cannot_run_is_one_sentence() -> None:
    command = [sys.executable, "-m", "edge", "serve", "--at", "127.0.0.1:0", "--ray", "auto"]
    command += ["--asr", "none", "--engine", "tensorrt"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=START_S, check=False)
    complaint((done.returncode, done.stdout, done.stderr), "cannot serve: ", "tensorrt")
