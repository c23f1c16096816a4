"""A page that a busy computer stalls is not loaded again: what its user opened stays open."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import pytest
from fixtures.chromium import new_page

pytestmark = [pytest.mark.slow, pytest.mark.alone]


def test_what_is_open_stays_open_while_the_page_stands_still(chromium: Any) -> None:
    command = [sys.executable, "-m", "edge", "demo", "--seconds", "3600"]
    command += ["--dashboard-at", "127.0.0.1:0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as run:
        assert run.stderr is not None
        address = next(found[0] for line in run.stderr if (found := re.search(r"http://\S+", line)))
        page = new_page(chromium)
        page.goto(address)
        page.locator("summary", has_text="Latency, ms").click()
        page.get_by_role("columnheader", name="p95, ms").wait_for()
        # No script of the page runs, so it answers nothing that the server asks.
        page.evaluate("() => { const end = Date.now() + 8000; while (Date.now() < end); }")
        page.wait_for_timeout(4_000)  # a page that is given up is loaded again by now
        assert page.get_by_role("columnheader", name="p95, ms").is_visible()
        page.context.close()
        run.terminate()
        run.stderr.read()
