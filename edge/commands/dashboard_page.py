"""Opens the dashboard of a run, and its page in a browser."""

from __future__ import annotations

import os
import sys
import webbrowser
from functools import partial

from edge.commands.encryption import Encryption
from edge.commands.outputs import Said
from edge.config import DashboardConfig
from edge.runtime.run import Run
from edge.sinks import Sink


def open_dashboard(
    config: DashboardConfig, current: Run, encryption: Encryption, say: Said
) -> Sink:
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
    )
    say(f"Dashboard: {dashboard.url}", style="bold")
    encryption.tell(dashboard.token, say)
    if config.browser and sys.stdout.isatty() and _has_display():
        webbrowser.open(dashboard.url)
    return dashboard


def _has_display() -> bool:
    """Without a display, a browser in the terminal would replace the table."""
    return sys.platform != "linux" or bool({"DISPLAY", "WAYLAND_DISPLAY"} & set(os.environ))
