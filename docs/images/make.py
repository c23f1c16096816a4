"""Take README's picture of the dashboard: `.venv/bin/python docs/images/make.py`. Needs Chromium.

It runs the demo for 40 s and takes the picture when the microphone has been noisy for 5 s (it is
from 22 to 28 s): by then the camera was dark (10 to 16 s), and the portrait wonders.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Browser, Playwright, sync_playwright

SECONDS = 40
NOISY = "script: the microphone drowns in noise"
NOISY_S = 5.0
WIDTH, HEIGHT = 1280, 960


def demo(seconds: int) -> tuple[subprocess.Popen[str], str]:
    """A demo that runs so long, and the address of its page."""
    command = [sys.executable, "-m", "edge", "demo", "--seconds", str(seconds)]
    command += ["--dashboard-at", "127.0.0.1:0"]
    run = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    assert run.stderr is not None
    while line := run.stderr.readline():
        if address := re.search(r"http://\S+?(?=[\s.]*$)", line):
            return run, address.group(0)
    raise SystemExit("The demo ended before it named the dashboard's address.")


def launch(playwright: Playwright) -> Browser:
    """The Chromium that Debian has."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    return playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])


def main() -> None:
    run, address = demo(SECONDS)
    with sync_playwright() as playwright:
        browser = launch(playwright)
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.goto(address)
        page.get_by_text(NOISY).wait_for(timeout=1000 * SECONDS)
        page.wait_for_timeout(NOISY_S * 1000)
        page.screenshot(path=str(Path(__file__).parent / "dashboard.png"))
        browser.close()
    run.terminate()
    run.wait()


if __name__ == "__main__":
    main()
