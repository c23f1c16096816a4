"""Every command that a document prints is one that the program takes: its name, options, values."""

from __future__ import annotations

import re
from typing import Any

import pytest
from fixtures.documented import calls, lines, spans
from typer.main import get_command

from edge.cli import app as edge_app
from export.cli import app as export_app
from train.cli import app as train_app

PROGRAMS: dict[str, Any] = {
    "cdat-edge": get_command(edge_app),
    "cdat-export": get_command(export_app),
    "cdat-train": get_command(train_app),
}
LINES = sorted(set(lines()))
SPANS = sorted(set(spans()))


def test_the_documents_have_commands_of_each_program() -> None:
    assert {call[0] for _, line in LINES for call in calls(line)} == set(PROGRAMS)
    assert len(LINES) > 150 and len(SPANS) > 50


@pytest.mark.parametrize(("page", "line"), LINES)
def test_a_documented_command_is_taken(page: str, line: str) -> None:
    for name, *words in calls(line):
        take(name, words)


@pytest.mark.parametrize(("page", "span"), SPANS)
def test_a_command_in_a_sentence_has_its_name_and_options(page: str, span: str) -> None:
    know(span)


@pytest.mark.parametrize(
    ("line", "called"),
    [
        ("$ cdat-edge run  # all", ["cdat-edge", "run"]),
        (".venv/bin/cdat-export bench", ["cdat-export", "bench"]),
        ("X_Y=... cdat-edge run --mqtt mqtt://b/p", ["cdat-edge", "run", "--mqtt", "mqtt://b/p"]),
        ("sudo nvpmodel -m 0 && .venv/bin/cdat-edge doctor", ["cdat-edge", "doctor"]),
        ("uvx --from cdat_edge.whl cdat-edge demo", ["cdat-edge", "demo"]),
        ("docker run --rm cdat-edge cdat-export bench", ["cdat-export", "bench"]),
        ("ExecStart=/opt/cdat-edge/.venv/bin/cdat-edge run", ["cdat-edge", "run"]),
        ("docker build -t cdat-edge .", None),
        ("git clone REPOSITORY cdat-edge && cd cdat-edge", None),
        ("pip install 'cdat-edge[ray]'", None),
    ],
)
def test_a_call_is_found_behind_what_stands_before_it(line: str, called: list[str] | None) -> None:
    assert calls(line) == ([called] if called else [])


def take(program: str, words: list[str]) -> None:
    """Parse the words as the program would, without running it.

    Raises: a UsageError, for a name, an option or a value that the program does not know.
    """
    group = PROGRAMS[program].make_context("program", list(words))
    with group:
        name, command, rest = PROGRAMS[program].resolve_command(group, list(words))
        command.make_context(name, rest, parent=group)


def know(span: str) -> None:
    """Check the command's name and its options, whatever else a sentence leaves out."""
    program, *words = span.split()
    if words[0].startswith("-"):
        options = {one for option in PROGRAMS[program].params for one in option.opts}
    else:
        command = PROGRAMS[program].commands[words[0]]
        options = {one for option in command.params for one in option.opts + option.secondary_opts}
    unknown = [one for one in re.findall(r"(?<!\S)--[\w-]+", span) if one not in options]
    assert not unknown, f"{span} has no option {unknown}"


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
        take(name, words)


@pytest.mark.parametrize("span", ["cdat-edge fly", "cdat-train words --no-such N"])
def test_a_name_or_option_that_is_not_known_is_told(span: str) -> None:
    with pytest.raises((KeyError, AssertionError), match=r"fly|--no-such"):
        know(span)
