"""Commands that are imported when they are asked for: `run` does not wait for `bench`."""

from __future__ import annotations

from collections import UserDict
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup


class _Commands(UserDict[str, Any]):
    """Each command by its name, with _ for - that of a module of `edge.commands` and of its
    function."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(dict.fromkeys(names))

    def __getitem__(self, name: str) -> Any:
        if self.data[name] is None:
            own = name.replace("-", "_")
            function = getattr(import_module(f"edge.commands.{own}"), own)
            alone = typer.Typer(add_completion=False)
            alone.command()(function)
            self.data[name] = typer.main.get_command(alone)
        return self.data[name]


def group_of(*names: str) -> type[TyperGroup]:
    """The class of a group with these commands, in this order."""

    class Group(TyperGroup):
        def __init__(self, **given: Any) -> None:
            super().__init__(**given)
            self.commands = _Commands(names)

    return Group
