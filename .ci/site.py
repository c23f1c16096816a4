"""`make docs`: the documents as a site, every link and anchor checked.

python .ci/site.py OUT

The tree is copied as it is, so a link between pages is the same in the repository and on the site.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import reference

ROOT = Path(__file__).parents[1]
FOLDERS = ("docs", "configs", "examples")
FILES = ("Dockerfile", "edge/assets/verdict.schema.json", "edge/assets/bundle/MODEL_CARD.md")


def main(out: Path) -> int:
    """Build the site in `out`, which is replaced. The exit code of MkDocs; 1: it is missing."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "source"
        assemble(source)
        settings = Path(folder) / "mkdocs.yml"
        for part in ("mkdocs.yml", "mathml.py"):
            shutil.copy(Path(__file__).with_name(part), folder)
        # Not --quiet: a warning that is not printed is not counted by --strict.
        command = [sys.executable, "-m", "mkdocs", "build", "--strict"]
        command += ["--config-file", str(settings), "--site-dir", str(out.resolve())]
        code = subprocess.run(command, check=False).returncode
    if not code:
        print(f"{sum(1 for _ in out.rglob('*.html'))} pages: {out}/index.html")
    return code


def assemble(source: Path) -> None:
    """Copy what the pages are, or link to."""
    source.mkdir()
    for page in ROOT.glob("*.md"):
        shutil.copy(page, source)
    shutil.copy(ROOT / "LICENSE", source)
    shutil.copy(Path(__file__).with_name("site.css"), source)
    for folder in FOLDERS:
        shutil.copytree(
            ROOT / folder, source / folder, ignore=shutil.ignore_patterns("__pycache__")
        )
    for file in FILES:
        (source / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / file, source / file)
    for name, text in reference.pages().items():
        (source / "docs" / name).write_text(text, "utf-8")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
