"""`cdat-export neutral`: a study's neutral embeddings in a bundle's manifest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from edge.bundle import Bundle, default_bundle
from export.cli import main


def _run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as end:
        main(["neutral", *map(str, arguments)])
    return int(end.value.code or 0)


def _study(folder: Path, **changes: Any) -> Path:
    bundle = Bundle.load(default_bundle())
    graphs = {name: bundle.manifest.files[path.name] for name, path in bundle.graphs.items()}
    streams = {"audio": {"reference": [0.5] * 64, "strength": 0.25, "val": {}}}
    path = folder / "calibration.json"
    path.write_text(json.dumps({"graphs": graphs, "streams": streams} | changes))
    return path


def test_the_copy_differs_in_its_neutral_embeddings_alone(tmp_path: Path) -> None:
    assert _run(_study(tmp_path), "--out", tmp_path / "new") == 0
    new, old = Bundle.load(tmp_path / "new").manifest, Bundle.load(default_bundle()).manifest
    assert new.neutral is not None and set(new.neutral) == {"audio"}
    assert new.neutral["audio"].strength == 0.25
    assert new.model_copy(update={"neutral": old.neutral}) == old


def test_the_packaged_bundle_has_the_committed_measurement() -> None:
    path = Path(__file__).parents[2] / "docs" / "results" / "calibration.json"
    report = json.loads(path.read_text())
    bundle = Bundle.load(default_bundle())
    assert report["graphs"] == {
        name: bundle.manifest.files[file.name] for name, file in bundle.graphs.items()
    }
    assert bundle.manifest.neutral is not None
    assert {name: one.strength for name, one in bundle.manifest.neutral.items()} == {
        name: one["strength"] for name, one in report["streams"].items()
    }


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"graphs": {}}, "was measured with other networks"),
        ({"streams": []}, "is not a report of the study"),
        ({"streams": {"text": {"reference": [0.5] * 64, "strength": 0.25}}}, "does not fit"),
        ({"streams": {"audio": {"reference": [0.5], "strength": 0.25}}}, "must have 64 values"),
    ],
)
def test_a_study_that_does_not_fit_is_one_sentence(
    changes: dict[str, Any], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(_study(tmp_path, **changes), "--out", tmp_path / "new") == 1
    assert sentence in capsys.readouterr().err and not (tmp_path / "new").exists()


def test_what_is_missing_or_there_already_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(tmp_path / "no.json", "--out", tmp_path / "new") == 1
    assert "no.json cannot be read" in capsys.readouterr().err
    assert _run(_study(tmp_path), "--out", tmp_path) == 1
    assert f"{tmp_path} exists" in capsys.readouterr().err
