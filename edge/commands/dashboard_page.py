"""Opens the dashboard of a run, and its page in a browser."""

from __future__ import annotations

import os
import sys
import time
import webbrowser
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from edge.commands.encryption import Encryption
from edge.commands.load import Load
from edge.commands.outputs import Said
from edge.config import DashboardConfig
from edge.runtime.marks import Marks
from edge.runtime.run import Run
from edge.web.reached import qr_code, reached

if TYPE_CHECKING:
    from edge.dashboard.sink import Dashboard


def open_dashboard(
    config: DashboardConfig, current: Run, encryption: Encryption, say: Said, marks: Marks
) -> Dashboard:
    """Serve the page, and say where it is.

    Raises:
        ConfigError, SinkError: It cannot be served.
    """
    # Imported only by a run with a dashboard.
    from edge.dashboard.sink import Dashboard

    about = {
        "bundle": current.bundle.manifest.name,
        "device": current.device,
        "sources": ", ".join(feed.source.name for feed in current.feeds),
    }
    telemetry = current.telemetry
    dashboard = Dashboard(
        config,
        about,
        lambda: current.recognizer.newest_picture,
        telemetry.drops_so_far,
        partial(telemetry.note, event="dashboard"),
        encryption.tls,
        partial(_act, marks),
        None if current.offline else Load(telemetry).read,
    )
    url, terminal = reached(dashboard.url), sys.stdout.isatty()
    say(f"Dashboard: {url}", style="bold")
    if dashboard.token is not None and terminal and (code := qr_code(url)):
        say(code)  # for a phone
    encryption.tell(dashboard.token, say)
    if config.browser and terminal and _has_display():
        webbrowser.open(dashboard.url)
    return dashboard


def _act(marks: Marks, request: Mapping[str, Any]) -> None:
    """Do what a page has asked for. The page's process has the same monotonic clock."""
    text, at_ns = request.get("text"), request.get("at_ns")
    if request["act"] == "mark" and isinstance(text, str) and isinstance(at_ns, int):
        marks.set(text, time.monotonic_ns() - at_ns)


def _has_display() -> bool:
    """Without a display, a browser in the terminal would replace the table."""
    return sys.platform != "linux" or bool({"DISPLAY", "WAYLAND_DISPLAY"} & set(os.environ))
