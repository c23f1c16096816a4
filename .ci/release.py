"""`make release`: what a release needs, checked before anything is published.

python .ci/release.py [TAG]

The version is written once, in edge/__init__.py. The tag is v and the version, and the newest
heading of CHANGELOG.md is the version, "(unreleased)" until it is tagged.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
VERSION = re.compile(r'^__version__ = "(\d+\.\d+\.\d+(?:(?:a|b|rc)\d+)?)"$', re.M)
HEADING = re.compile(r"^## (\S+)(?: \((.+)\))?$", re.M)


def main(root: Path, tag: str | None) -> int:
    """0, or 1 after one sentence for each thing that does not agree."""
    wrong = disagreements(
        (root / "edge" / "__init__.py").read_text("utf-8"),
        (root / "CHANGELOG.md").read_text("utf-8"),
        tag,
    )
    for sentence in wrong:
        print(f"release: {sentence}", file=sys.stderr)
    return 1 if wrong else 0


def disagreements(module: str, changelog: str, tag: str | None) -> list[str]:
    """What keeps this tree from being released, as `tag` if there is one."""
    version = VERSION.search(module)
    if version is None:
        return ['edge/__init__.py has no line __version__ = "X.Y.Z".']
    heading = HEADING.search(changelog)
    if heading is None:
        return [f"CHANGELOG.md has no heading: write ## {version[1]} (unreleased)."]
    wrong = []
    if heading[1] != version[1]:
        wrong.append(
            f"CHANGELOG.md begins with {heading[1]}, but edge/__init__.py says {version[1]}:"
            " make them the same."
        )
    if tag is not None and tag != f"v{version[1]}":
        wrong.append(f"the tag is {tag}, but edge/__init__.py says {version[1]}: v{version[1]}.")
    if tag is not None and not re.fullmatch(r"\d{4}-\d\d-\d\d", heading[2] or ""):
        wrong.append(
            f"CHANGELOG.md says {heading[1]} ({heading[2] or 'without a date'}): give the date of"
            " the release, (YYYY-MM-DD)."
        )
    return wrong


if __name__ == "__main__":
    sys.exit(main(ROOT, sys.argv[1] if len(sys.argv) > 1 else None))
