"""The site of the documents: built whole, and without what a browser could not show."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

from edge.config import Config

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


@pytest.fixture(scope="module")
def reference() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / ".ci"))
        spec = spec_from_file_location("reference", ROOT / ".ci" / "reference.py")
        assert spec is not None and spec.loader is not None
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
    return module


def rows(page: str) -> dict[str, list[str]]:
    """The further cells of each row, by the name in its first."""
    found = re.findall(r"^\| `([^`]+)` \| (.*) \|$", page, re.M)
    return {name: rest.split(" | ") for name, rest in found}


def dotted(tree: dict[str, Any], before: str = "") -> Iterator[str]:
    """The names of all keys; an option that is an empty mapping is one."""
    for name, value in tree.items():
        if isinstance(value, dict) and value:
            yield from dotted(value, f"{before}{name}.")
        else:
            yield f"{before}{name}"


def test_every_key_of_the_configuration_has_type_default_and_meaning(reference: Any) -> None:
    found = rows(reference.pages()["configuration.md"])
    assert set(found) == set(dotted(Config().model_dump()))
    assert all(len(cells) == 3 and all(cells) for cells in found.values())
    assert found["window.step_s"] == [
        "number from 0.02 to 10 or null",
        "`null`",
        "time between verdicts",
    ]
    assert found["source.pace"][:2] == ["`fast` or `live`", '`"fast"`']
    assert found["engine.threads"][:2] == ["whole number from 1 to 64", "`1`"]


def test_every_field_of_a_verdict_has_type_and_meaning(reference: Any) -> None:
    found = rows(reference.pages()["verdict.md"])
    assert {"seq", "streams.text", "words[].final", "phase.fault", "state", "coverage"} <= set(
        found
    )
    assert not [name for name, cells in found.items() if not all(cells)]
    assert found["streams.vision"][:2] == ["[stream](#stream)", "always"]
    assert found["corrected"][:2] == ["`false` or list of `audio` or `vision`", "at times"]


def test_each_kind_of_training_has_its_keys(reference: Any) -> None:
    page = reference.pages()["training-keys.md"]
    assert page.count("| `seed` | whole number from 0 to 2,147,483,647 | `1` |") == 5
    assert "| `vision.epochs` | whole number from 0 to 10,000,000 | required |" in page
    assert "| `transfer.lambda` |" in page  # as a user writes it


def test_a_comment_goes_on_in_the_lines_below_it(reference: Any) -> None:
    text = "a:   # of a\n  b: 1   # begins\n         # and goes on\n  c: null\nd: 2\n"
    found = {"a": "of a", "a.b": "begins and goes on", "a.c": "", "d": ""}
    assert reference.comments(text) == found
