"""`make audit`, with stand-ins for its tools, which need the internet and are not a test's."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from edge import __version__

ROOT = Path(__file__).resolve().parents[1]
PROJECT = {"name": "cdat-edge"}
SBOM = {"components": [{"name": "numpy"}], "metadata": {"component": PROJECT}}


def tool(path: Path, after: str, writes: Any, stderr: str = "", code: int = 0) -> None:
    """A program that writes JSON to the file that its argument `after` names."""
    path.write_text(
        f"#!{sys.executable}\nimport pathlib, sys\n"
        f"sys.stderr.write({stderr!r})\n"
        f"text = {None if writes is None else json.dumps(writes)!r}\n"
        f"if text: pathlib.Path(sys.argv[sys.argv.index({after!r}) + 1]).write_text(text)\n"
        f"sys.exit({code})\n"
    )
    path.chmod(0o755)


def audit(folder: Path) -> tuple[int, str, str]:
    command = [sys.executable, ".ci/audit.py", str(folder), str(folder / "sbom.json")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    tool(tmp_path / "cyclonedx-py", "--output-file", SBOM)
    return tmp_path


def found(*packages: dict[str, Any]) -> dict[str, Any]:
    return {"dependencies": list(packages), "fixes": []}


SAFE = {"name": "numpy", "version": "2.1", "vulns": []}
OPEN = {
    "name": "lxml",
    "version": "6.0",
    "vulns": [{"id": "PYSEC-1", "fix_versions": ["6.1"], "aliases": [], "description": ""}],
}
PASSED_OVER = {"name": "torch", "skip_reason": "Dependency not found on PyPI"}


def test_nothing_known_is_exit_code_0(tools: Path) -> None:
    tool(tools / "pip-audit", "--output", found(SAFE, PASSED_OVER))
    code, out, error = audit(tools)
    assert (code, error) == (0, "")
    assert "1 packages: " in out and "1 packages looked up, 0 advisories." in out
    assert "torch: not looked up: Dependency not found on PyPI" in out
    told = {**SBOM, "metadata": {"component": {**PROJECT, "version": __version__}}}
    assert json.loads((tools / "sbom.json").read_text()) == told


def test_an_advisory_is_exit_code_1(tools: Path) -> None:
    tool(tools / "pip-audit", "--output", found(SAFE, OPEN), code=1)
    code, out, _ = audit(tools)
    assert code == 1 and "lxml 6.0: PYSEC-1, fixed in 6.1" in out


def test_an_audit_that_looked_nothing_up_is_not_a_good_one(tools: Path) -> None:
    tool(tools / "pip-audit", "--output", found(PASSED_OVER, PASSED_OVER))
    code, out, error = audit(tools)
    assert code == 1 and "looked up" not in out
    assert error == (
        "audit: None of 2 packages could be looked up: what answers for pypi.org has no advisories,"
        " as a mirror of packages (Dependency not found on PyPI).\n"
    )


@pytest.mark.parametrize(
    ("stderr", "told"),
    [
        (
            "Traceback\nrequests.exceptions.ConnectionError: HTTPSConnectionPool\n",
            "The advisories at pypi.org were not reached: audit needs the internet.",
        ),
        ("Boom\nKeyError: 'x'\n", "The advisories could not be read: KeyError: 'x'."),
    ],
)
def test_without_advisories_there_is_one_sentence(tools: Path, stderr: str, told: str) -> None:
    tool(tools / "pip-audit", "--output", None, stderr, 1)
    code, _, error = audit(tools)
    assert (code, error) == (1, f"audit: {told}\n")


def test_a_missing_tool_is_named(tmp_path: Path) -> None:
    assert audit(tmp_path) == (
        1,
        "",
        "audit: cyclonedx-py is not installed: pip install -e '.[audit]'.\n",
    )
