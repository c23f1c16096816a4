"""Version, changelog and tag agree, or the release says what does not."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import yaml

ROOT = Path(__file__).parents[1]
MODULE = '__version__ = "1.2.0"\n'
DONE = "# Changelog\n\n## 1.2.0 (2026-12-01)\n\n## 1.1.0 (2026-11-01)\n"
OPEN = DONE.replace("2026-12-01", "unreleased")


@pytest.fixture(scope="module")
def release() -> ModuleType:
    spec = importlib.util.spec_from_file_location("release", ROOT / ".ci" / "release.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_this_tree_agrees_with_itself() -> None:
    command = [sys.executable, ".ci/release.py"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("module", "changelog", "tag", "part"),
    [
        (MODULE, OPEN, None, None),
        (MODULE, DONE, "v1.2.0", None),
        (MODULE.replace("1.2.0", "1.2.0rc1"), DONE.replace("1.2.0", "1.2.0rc1"), "v1.2.0rc1", None),
        (MODULE, DONE, "v1.2.1", "the tag is v1.2.1"),
        (MODULE, DONE, "1.2.0", "the tag is 1.2.0"),
        (MODULE, OPEN, "v1.2.0", "give the date"),
        (MODULE.replace("1.2.0", "1.3.0"), DONE, None, "begins with 1.2.0"),
        ("", DONE, None, "has no line __version__"),
        (MODULE.replace("1.2.0", "1.2"), DONE, None, "has no line __version__"),
        (MODULE, "# Changelog\n", None, "has no heading"),
    ],
)
def test_what_does_not_agree_is_told(
    release: ModuleType, module: str, changelog: str, tag: str | None, part: str | None
) -> None:
    wrong = release.disagreements(module, changelog, tag)
    assert wrong == [] if part is None else part in " ".join(wrong)


def test_the_workflow_calls_what_there_is() -> None:
    text = (ROOT / ".github" / "workflows" / "release.yml").read_text("utf-8")
    jobs = yaml.safe_load(text)["jobs"]
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.M)
    steps = [step["run"] for step in jobs["build"]["steps"] if "run" in step]
    made = [target for run in steps if run.startswith("make ") for target in run.split()[1:]]
    assert {"lint", "type", "test", "docs", "release", "audit"} <= set(made) <= set(targets)
    for path in re.findall(r"\b(?:tests|\.ci)/[\w/.]+\.py", text):
        assert (ROOT / path).is_file(), path
    assert jobs["publish"]["needs"] == "build"
    assert jobs["publish"]["permissions"] == {"id-token": "write"}
    assert "tag" in jobs["publish"]["if"]
