"""`make audit`: what is installed, as an SBOM, and what is known to be wrong with it.

python .ci/audit.py FOLDER_OF_TOOLS SBOM

Exit code 0: nothing is known. 1: something is, or it could not be found out.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any


def main(tools: Path, sbom: Path) -> int:
    """Write the SBOM of this environment (CycloneDX, JSON) and print the advisories about it."""
    for tool in ("cyclonedx-py", "pip-audit"):
        if not (tools / tool).exists():
            return failed(f"{tool} is not installed: pip install -e '.[audit]'.")
    made = run(
        *(tools / "cyclonedx-py", "environment", "--output-reproducible"),
        *("--pyproject", Path(__file__).parents[1] / "pyproject.toml"),
        *("--output-file", sbom, sys.executable),
    )
    if made.returncode:
        return failed(f"The SBOM could not be made: {last_line(made)}.")
    document = json.loads(sbom.read_text("utf-8"))
    # The tool does not read a version that the build takes from the source.
    document.get("metadata", {}).get("component", {})["version"] = version()
    sbom.write_text(json.dumps(document, indent=2) + "\n", "utf-8")
    print(f"{len(document['components'])} packages: {sbom}")
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder) / "found.json"
        # PyPI lists the advisories of each release. The project itself is not there.
        asked = run(
            *(tools / "pip-audit", "--local", "--skip-editable", "--progress-spinner", "off"),
            *("--timeout", "15", "--format", "json", "--output", found),
        )
        if not found.exists():
            if "ConnectionError" in asked.stderr or "Timeout" in asked.stderr:
                return failed(
                    "The advisories at pypi.org were not reached: audit needs the internet."
                )
            return failed(f"The advisories could not be read: {last_line(asked)}.")
        return tell(json.loads(found.read_text("utf-8"))["dependencies"])


def version() -> str:
    """That of the project, as edge/__init__.py says it."""
    text = (Path(__file__).parents[1] / "edge" / "__init__.py").read_text("utf-8")
    return next(line.split('"')[1] for line in text.splitlines() if line.startswith("__version__"))


def tell(packages: list[dict[str, Any]]) -> int:
    """Print every advisory, and every package that was not looked up, with the reason."""
    if packages and not any("vulns" in package for package in packages):
        reason = str(packages[0].get("skip_reason", "no reason given")).rstrip(".")
        return failed(
            f"None of {len(packages)} packages could be looked up: what answers for pypi.org has no"
            f" advisories, as a mirror of packages ({reason})."
        )
    known = 0
    for package in packages:
        if "skip_reason" in package:
            print(f"{package['name']}: not looked up: {package['skip_reason']}")
        for advisory in package.get("vulns", ()):
            known += 1
            fixed = ", ".join(advisory["fix_versions"]) or "no release yet"
            print(f"{package['name']} {package['version']}: {advisory['id']}, fixed in {fixed}")
    looked_up = sum("vulns" in package for package in packages)
    print(f"{looked_up} packages looked up, {known} advisories.")
    return 1 if known or not looked_up else 0


def run(*command: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(one) for one in command], capture_output=True, text=True, check=False
    )


def last_line(done: subprocess.CompletedProcess[str]) -> str:
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    return lines[-1][:300].rstrip(".") if lines else f"exit code {done.returncode}"


def failed(sentence: str) -> int:
    print(f"audit: {sentence}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1]), Path(sys.argv[2])))
