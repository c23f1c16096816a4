"""Take README's picture of the dashboard: `.venv/bin/python docs/images/make.py`. Needs Chromium.

It runs the demo for 40 s and takes the picture when the microphone has been noisy for 5 s (it is
from 22 to 28 s): by then the camera was dark (10 to 16 s), and the portrait smiles.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

SECONDS = 40
NOISY_S = 5.0
WIDTH, HEIGHT = 1280, 960


def main() -> None:
    command = [sys.executable, "-m", "edge", "demo", "--seconds", str(SECONDS)]
    command += ["--dashboard-at", "127.0.0.1:0"]
    demo = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    assert demo.stderr is not None
    address = None
    while address is None:
        line = demo.stderr.readline()
        if not line:
            raise SystemExit("The demo ended before it named the dashboard's address.")
        address = re.search(r"http://\S+?(?=[\s.]*$)", line)
    browser_path = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.goto(address.group(0))
        page.get_by_text("script: the microphone drowns in noise").wait_for(timeout=1000 * SECONDS)
        page.wait_for_timeout(NOISY_S * 1000)
        page.screenshot(path=str(Path(__file__).parent / "dashboard.png"))
        browser.close()
    demo.terminate()
    demo.wait()


if __name__ == "__main__":
    main()
