"""Opens the dashboard of a run, and its page in a browser."""

from __future__ import annotations

import os
import sys
import webbrowser
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from edge import __version__
from edge.bundle import Bundle
from edge.commands.encryption import Encryption
from edge.commands.load import Load
from edge.commands.outputs import Said
from edge.config import DashboardConfig
from edge.runtime.run import Run
from edge.types import Box, Frame
from edge.web.reached import qr_code, reached

if TYPE_CHECKING:
    from edge.dashboard.sink import Dashboard

Newest = Callable[[], tuple[Frame, Box | None] | None]
Drops = Callable[[], Counter[str]]
Reading = Callable[[], dict[str, Any]]
Act = Callable[[Mapping[str, Any]], None]
CARD_LIMIT = 200_000
"""Bytes of a model card that are shown."""


def open_dashboard(
    config: DashboardConfig, current: Run, encryption: Encryption, say: Said, act: Act
) -> Dashboard:
    """Serve the page, and say where it is.

    Raises:
        ConfigError, SinkError: It cannot be served.
    """
    # Imported only by a run with a dashboard.
    from edge.dashboard.sink import Dashboard

    newest, drops, note, load = _of_run(current)
    dashboard = Dashboard(config, _about(current), newest, drops, note, encryption.tls, act, load)
    url, terminal = reached(dashboard.url), sys.stdout.isatty()
    say(f"Dashboard: {url}", style="bold")
    if dashboard.token is not None and terminal and (code := qr_code(url)):
        say(code)  # for a phone
    _tell_events(dashboard, current)
    encryption.tell(dashboard.token, say)
    if config.browser and terminal and _has_display():
        webbrowser.open(dashboard.url)
    return dashboard


def show_next(dashboard: Dashboard, current: Run) -> None:
    """Let the page of the run before show this one."""
    dashboard.again(_about(current), *_of_run(current))
    _tell_events(dashboard, current)


def _tell_events(dashboard: Dashboard, current: Run) -> None:
    from edge.dashboard.happened import Happened

    show = dashboard.happened  # bound to this run: its threads may end after the next one began

    def tell(event: str, facts: Mapping[str, Any]) -> None:
        if (what := Happened.of(current.clock.now_ns(), event, facts)) is not None:
            show(what)

    current.telemetry.listen(tell)


def _about(current: Run) -> dict[str, Any]:
    return {
        "bundle": current.bundle.manifest.name,
        "device": current.device,
        "sources": ", ".join(feed.source.name for feed in current.feeds),
        "version": __version__,
        "card": _model_card(current.bundle),
    }


def _of_run(current: Run) -> tuple[Newest, Drops, Callable[[str], None], Reading | None]:
    telemetry = current.telemetry
    return (
        lambda: current.recognizer.newest_picture,
        telemetry.drops_so_far,
        partial(telemetry.note, event="dashboard"),
        None if current.offline else Load(telemetry).read,
    )


def _model_card(bundle: Bundle) -> str:
    """For people; a run does not need it."""
    try:
        with bundle.path(bundle.manifest.model_card).open("rb") as file:
            return file.read(CARD_LIMIT).decode("utf-8", "replace")
    except OSError:
        return ""


def _has_display() -> bool:
    """Without a display, a browser in the terminal would replace the table."""
    return sys.platform != "linux" or bool({"DISPLAY", "WAYLAND_DISPLAY"} & set(os.environ))
