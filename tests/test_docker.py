"""The Dockerfiles agree with the tree; no image is built here."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from fixtures.command import Cli
from fixtures.waiting import eventually

ROOT = Path(__file__).parents[1]
PROJECT = (ROOT / "pyproject.toml").read_text("utf-8")
FILES = ("Dockerfile", "docs/jetson.Dockerfile")
PORT = "8770"


def instructions(name: str) -> list[tuple[str, str]]:
    """Each instruction and its arguments, continued lines joined, without comments."""
    lines = [line for line in (ROOT / name).read_text("utf-8").splitlines() if line[:1] != "#"]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [(kind, rest) for kind, _, rest in (line.partition(" ") for line in joined.split("\n"))]


def copied(name: str) -> list[str]:
    found = [rest.split()[:-1] for kind, rest in instructions(name) if kind == "COPY"]
    return [source for sources in found for source in sources]


def argument(name: str, kind: str) -> list[str]:
    (rest,) = [rest for one, rest in instructions(name) if one == kind]
    return list(json.loads(rest[rest.index("[") :]))


@pytest.mark.parametrize("name", FILES)
def test_what_is_copied_is_there_and_makes_the_wheel(name: str) -> None:
    sources = copied(name)
    assert sources and all((ROOT / source).exists() for source in sources)
    in_wheel = re.search(r"^only-include = \[(.*)\]", PROJECT, re.M)
    assert in_wheel is not None
    needed = {"pyproject.toml", "README.md", "LICENSE", *re.findall(r'"([^"]+)"', in_wheel[1])}
    assert set(sources) == needed


def test_what_is_copied_is_not_ignored() -> None:
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    kept = {line[1:] for line in lines if line.startswith("!")}
    assert "*" in lines and kept == set(copied("Dockerfile")) == set(copied(FILES[1]))


@pytest.mark.parametrize("name", FILES)
def test_extras_and_commands_exist(name: str) -> None:
    extras = re.findall(r"[.}]\[([\w,-]+)\]", (ROOT / name).read_text("utf-8"))
    assert extras
    for extra in ",".join(extras).split(","):
        assert re.search(rf"^{extra} = \[", PROJECT, re.M), extra
    command = argument(name, "CMD")
    if "ENTRYPOINT" in dict(instructions(name)):
        command = argument(name, "ENTRYPOINT") + command
    assert f'{command[0]} = "' in PROJECT.split("[project.scripts]")[1]


@pytest.mark.parametrize("name", FILES)
def test_the_options_of_the_command_exist(name: str, cli: Cli) -> None:
    _, told, _ = cli("run", "--help")
    for option in argument(name, "CMD"):
        assert not option.startswith("--") or option[:12] in told, option


@pytest.mark.parametrize("name", FILES)
def test_system_libraries_are_those_of_the_set_up(name: str) -> None:
    script = (ROOT / ".ci" / "system-libraries").read_text("utf-8")
    libraries = ("libportaudio2", "libgl1", "libglib2.0-0")
    text = (ROOT / name).read_text("utf-8")
    assert all(one in script and one in text for one in libraries)
    assert "XDG_CACHE_HOME=/cache" in text


def test_the_container_does_not_run_as_root() -> None:
    steps = instructions("Dockerfile")
    user = steps.index(("USER", "1000"))
    assert user > max(n for n, (kind, _) in enumerate(steps) if kind == "RUN")


@pytest.mark.slow
def test_the_health_check_sees_a_run_that_lives_and_one_that_is_gone() -> None:
    (line,) = [rest for kind, rest in instructions("Dockerfile") if kind == "HEALTHCHECK"]
    check = json.loads(line[line.index("[") :])
    assert check[0] == "python" and f"127.0.0.1:{PORT}/healthz" in check[-1]
    assert f"127.0.0.1:{PORT}" in argument("Dockerfile", "CMD")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    command = [sys.executable, *(part.replace(PORT, port) for part in check[1:])]

    def healthy() -> bool:
        return subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode == 0

    assert not healthy()
    given = ["demo", "--seconds", "40", "--http", f"127.0.0.1:{port}"]
    run = subprocess.Popen(
        [sys.executable, "-m", "edge", *given],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        eventually(healthy, 30)
    finally:
        run.terminate()
        with suppress(subprocess.TimeoutExpired):
            run.wait(20)
        run.kill()
    assert not healthy()
