"""The documents speak of the tree as it is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from edge.config import ServeConfig
from edge.ray_cluster import ANSWER_LIMIT_S, REACH_LIMIT_S
from edge.recognition.reasons import REASONS

ROOT = Path(__file__).parents[1]
PACKAGES = ("edge", "train", "export")
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
IN_WORDS = re.compile(r"`([\w./-]+\.(?:py|css|yml))`")
ELSEWHERE = {"cmu_mosi_std_folds.py", "cmu_mosei_std_folds.py"}
"""Files of other projects."""
CITED = re.compile(
    r"\b(?:docs|edge|train|export|tests|configs|examples)/[\w./-]+\.(?:md|py|yaml|json)\b"
)


def section(package: str) -> str:
    return ARCHITECTURE.split(f"\n## `{package}/`\n")[1].split("\n## ")[0]


@pytest.mark.parametrize("package", PACKAGES)
def test_the_architecture_names_every_folder_and_every_top_level_module(package: str) -> None:
    root, text = ROOT / package, section(package)
    folders = {str(path.parent.relative_to(root)) for path in root.rglob("*.py")} - {"."}
    missing = {folder for folder in folders if f"`{folder}/`" not in text}
    modules = {path.stem for path in root.glob("*.py")} - {"__init__", "__main__"}
    missing |= {module for module in modules if f"`{module}`" not in text}
    assert not missing, f"ARCHITECTURE.md does not name {sorted(missing)} of {package}/"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
    assert not [link for link in links if not (page.parent / link).exists()]


def test_every_file_that_is_cited_exists() -> None:
    sources = [path for folder in PACKAGES for path in (ROOT / folder).rglob("*.py")]
    configs = [*(ROOT / "configs").rglob("*.yaml"), ROOT / "pyproject.toml", ROOT / "Makefile"]
    cited = {
        (str(path.relative_to(ROOT)), name)
        for path in [*sources, *configs, *PAGES]
        for name in CITED.findall(path.read_text("utf-8"))
    }
    assert len(cited) > 20
    assert not sorted((where, name) for where, name in cited if not (ROOT / name).exists())


def test_every_file_that_a_page_names_without_its_folder_exists() -> None:
    folders = (*PACKAGES, "tests", "examples", "configs", "docs", ".ci", ".github")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*.*")]
    known = "\n".join(f"/{path.relative_to(ROOT)}\n" for path in files)
    named = {
        (str(page.relative_to(ROOT)), name)
        for page in [*PAGES, ROOT / "examples" / "README.md"]
        for name in IN_WORDS.findall(page.read_text("utf-8"))
    }
    assert len(named) > 100
    missing = {(page, name) for page, name in named if f"/{name}\n" not in known}
    assert not sorted(one for one in missing if one[1] not in ELSEWHERE)


def test_every_test_that_is_cited_exists() -> None:
    tests = "".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("*.py"))
    cited = {
        name
        for page in PAGES
        for name in re.findall(r"`(test_\w+)(?:\.\.\.)?`", page.read_text("utf-8"))
    }
    assert cited and not sorted(name for name in cited if f"def {name}" not in tests)


@pytest.mark.parametrize("page", ["docs/reliability.md", "SECURITY.md"])
def test_every_promise_names_a_test_that_exists(page: str) -> None:
    rows = re.findall(
        r"^\|(?! *(?:promise|budget) *\||-).*$", (ROOT / page).read_text("utf-8"), re.M
    )
    assert len(rows) > 5
    for row in rows:
        named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", row)
        assert named, f"no test holds this promise: {row}"
        for path, name in named:
            assert f"\ndef {name}(" in (ROOT / path).read_text("utf-8"), (path, name)


def test_the_quick_start_says_what_to_do_about_each_reason() -> None:
    page = (ROOT / "docs" / "quick-start.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (.+) \| (.+) \|$", page, re.M)
    assert sorted(name for name, *_ in rows) == sorted(REASONS)


def test_who_starts_is_told_of_responsible_use() -> None:
    about = (ROOT / "edge" / "dashboard" / "about.py").read_text("utf-8")
    assert "docs/responsible-use.md" in about
    for page in ("README.md", "docs/quick-start.md"):
        assert "responsible-use.md" in (ROOT / page).read_text("utf-8"), page


def test_the_page_of_the_service_has_the_limits_of_the_code() -> None:
    page = (ROOT / "docs" / "serve.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| (\d+)", page, re.M))
    assert len(rows) == 6
    assert {key: float(value) for key, value in rows.items()} == {
        key: getattr(ServeConfig(), key) for key in rows
    }
    (line,) = re.findall(r"^- \*\*An address where no Ray is\*\*.*\n.*", page, re.M)
    assert re.findall(r"after\s+(\d+) s", line) == [f"{REACH_LIMIT_S:g}", f"{ANSWER_LIMIT_S:g}"]
