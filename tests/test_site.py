"""The site of the documents: built whole, and without what a browser could not show."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
BLOCK = re.compile(r"^```.*?^```|`[^`\n]*`", re.DOTALL | re.MULTILINE)
TEX = re.compile(r"\$\$.+?\$\$|\$[^$\n]+\$", re.DOTALL)
CODE = re.compile(r"<(code|script|style)\b.*?</\1>", re.DOTALL)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("site") / "site"
    command = [sys.executable, ".ci/site.py", str(out)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return out


def formulas(page: Path) -> list[str]:
    return TEX.findall(BLOCK.sub("", page.read_text("utf-8")))


WITH_TEX = [page for page in PAGES if formulas(page)]


def test_no_page_shows_raw_tex(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 50
    for page in pages:
        shown = CODE.sub("", page.read_text("utf-8"))
        assert not re.findall(r"\$\$|\\frac|\\sum|\\text\b|arithmatex|\\[(\[]", shown), page


@pytest.mark.parametrize("page", WITH_TEX, ids=lambda page: page.stem)
def test_each_formula_of_a_page_is_mathml(site: Path, page: Path) -> None:
    built = (site / page.relative_to(ROOT)).with_suffix(".html").read_text("utf-8")
    assert built.count("<math ") == len(formulas(page))


def test_the_method_has_its_equations() -> None:
    assert {"method", "cdat", "faults", "translation"} <= {page.stem for page in WITH_TEX}


def test_no_formula_has_what_markdown_on_github_takes_out_of_it() -> None:
    """A backslash before a punctuation mark is gone there before the TeX is read."""
    found = [one for page in WITH_TEX for one in formulas(page) if re.search(r"\\[^a-zA-Z\s]", one)]
    assert not found


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    loaded = re.compile(
        r'<(?:script|img|iframe)[^>]*\ssrc="?(https?:[^" >]+)|'
        r'<link[^>]*rel="?stylesheet"?[^>]*href="?(https?:[^" >]+)'
    )
    for page in site.rglob("*.html"):
        assert not loaded.findall(page.read_text("utf-8")), page
