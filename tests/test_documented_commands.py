"""Every command that a document prints is one that the program takes: its name, options, values."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from edge.cli import app as edge_app
from export.cli import app as export_app
from train.cli import app as train_app

PROGRAMS = {
    "cdat-edge": get_command(edge_app),
    "cdat-export": get_command(export_app),
    "cdat-train": get_command(train_app),
}
ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"^```[a-z]*\n(.*?)^```", re.DOTALL | re.MULTILINE)
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def commands() -> Iterator[tuple[str, str]]:
    """Page and command of each line in a block that calls one of the programs."""
    for page in PAGES:
        for block in BLOCK.findall(page.read_text("utf-8").replace("\\\n", " ")):
            for line in block.splitlines():
                command = line.strip().removeprefix("$ ")
                if command.split(" ", 1)[0] in PROGRAMS:
                    yield str(page.relative_to(ROOT)), command


COMMANDS = sorted(set(commands()))


def test_the_documents_have_commands_of_each_program() -> None:
    assert {command.split()[0] for _, command in COMMANDS} == set(PROGRAMS) and len(COMMANDS) > 100


@pytest.mark.parametrize(("page", "command"), COMMANDS)
def test_a_documented_command_is_taken(page: str, command: str) -> None:
    for one in re.split(r" (?:\||&&|;) ", f"{command} "):
        name, *words = shlex.split(one, comments=True)
        if name in PROGRAMS:
            take(PROGRAMS[name], [word for word in words if word != "&"])


def take(program: Any, words: list[str]) -> None:
    """Parse the words as the program would, without running it.

    Raises: a UsageError, for a name, an option or a value that the program does not know.
    """
    group = program.make_context("program", list(words))
    with group:
        name, command, rest = program.resolve_command(group, list(words))
        command.make_context(name, rest, parent=group)


@pytest.mark.parametrize(
    ("command", "what"),
    [
        ("cdat-edge run --no-such", "--no-such"),
        ("cdat-edge bench --seconds soon", "a valid number"),
        ("cdat-edge fly", "fly"),
        ("cdat-edge replay", "folder"),
    ],
)
def test_a_command_that_is_not_taken_is_told(command: str, what: str) -> None:
    name, *words = command.split()
    with pytest.raises(Exception, match=what):  # of Typer's own copy of Click
        take(PROGRAMS[name], words)
