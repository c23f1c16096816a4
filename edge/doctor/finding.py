"""What a check found: a state, a sentence, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from edge.errors import EdgeError, first_line

if TYPE_CHECKING:
    from edge.config import Config

State = Literal["ok", "note", "wrong"]
"""note: a run works, though not with everything. wrong: a run would fail."""


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Attributes:
        subject: What was looked at: "camera", "bundle", ...
        told: A sentence for the person at the machine. It may name their devices and folders.
        advice: What to do; empty where nothing is to be done.
        facts: For a bug report: plain JSON without the name of a person, device, host or folder.
    """

    subject: str
    state: State
    told: str
    advice: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


Check: TypeAlias = "Callable[[Config], Finding]"


def later(module: str, function: str) -> Check:
    """A check in a module of `edge.doctor` that is imported, with its libraries, when it runs."""

    def check(config: Config) -> Finding:
        found: Finding = getattr(import_module(f"edge.doctor.{module}"), function)(config)
        return found

    return check


def contained(subject: str, check: Check, config: Config) -> Finding:
    """The finding of a check; a check that fails is a finding, too."""
    try:
        return check(config)
    except EdgeError as error:
        return Finding(subject, "wrong", str(error), facts={"error": type(error).__name__})
    except Exception as error:  # a library that is installed badly raises what it likes
        return Finding(
            subject,
            "wrong",
            f"It cannot be checked: {first_line(error)}.",
            "Install again: pip install --force-reinstall cdat-edge.",
            {"error": type(error).__name__},
        )
