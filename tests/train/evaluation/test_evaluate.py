"""`cdat-train evaluate` gives the live run's verdicts, scored."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")

from fixtures.media import write_clip
from fixtures.recorded import write_recorded

from edge import cli as edge_cli
from edge.bundle import Bundle, default_bundle
from edge.bundle.manifest import WindowSpec
from edge.errors import DataError, RecordingError
from train import cli
from train.corpora.recorded.corpus import open_recorded
from train.corpora.recorded.samples import spread
from train.evaluation.answers import SeenNetworks, answers
from train.evaluation.judged import judge, shortest_s
from train.evaluation.takes import open_material
from train.stages.recorded.report import digest_of

LABELS = ("neutral", "happy", "fiddlesticks")
PERSONS = 4


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_recorded(tmp_path_factory.mktemp("own") / "corpus", LABELS, PERSONS)


@pytest.fixture(scope="module")
def out(corpus: Path) -> Path:
    folder = corpus.parent / "out"
    cli.app(["evaluate", "default", str(corpus), "--out", str(folder)], standalone_mode=False)
    return folder


@pytest.fixture(scope="module")
def report(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / "report.json").read_text("utf-8"))
    return found


def test_the_answers_are_those_of_the_recorded_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip, lines = write_clip(tmp_path / "clip.mp4", 2.0), tmp_path / "out.jsonl"
    arguments = ["run", "--file", str(clip), "--set", "asr.engine=none", "--jsonl", str(lines)]
    kept = tmp_path / "kept"
    monkeypatch.setattr(sys, "argv", ["cdat-edge", *arguments, "--record", str(kept)])
    with pytest.raises(SystemExit, match=r"^0$"):
        edge_cli.main()
    live = [json.loads(line) for line in lines.read_text("utf-8").splitlines()]
    bundle = Bundle.load(default_bundle())
    found = [one.verdict.to_dict() for one in answers(kept, bundle, SeenNetworks(bundle))]
    assert len(found) == len(live) >= 7
    for ours, theirs in zip(found, live, strict=True):
        for key in ("label", "mask", "scores", "confidence", "streams", "span_ns"):
            assert ours[key] == theirs[key]
    assert any(line["mask"] for line in live)


@pytest.mark.parametrize(
    ("duration_s", "min_share", "shortest"), [(3.0, 0.25, 1.0), (8.0, 0.25, 2.0), (4.4, 0.3, 1.32)]
)
def test_a_verdict_that_is_too_early_for_a_label_does_not_count(
    duration_s: float, min_share: float, shortest: float
) -> None:
    assert shortest_s(WindowSpec(duration_s=duration_s, min_share=min_share)) == shortest


def test_a_verdict_counts_for_the_sample_in_the_middle_of_its_window(corpus: Path) -> None:
    bundle = Bundle.load(default_bundle())
    material = open_material(corpus, bundle, "all")
    take = next(one for one in material.takes if not one.faults)
    judged = judge([take], bundle, SeenNetworks(bundle))
    # Steps at 1.0 to 2.0 s, every 0.25 s: the earlier windows have less than a second.
    assert len(judged) == 5
    assert set(judged.sample) == {take.samples[0].id}


def test_labels_that_the_bundle_lacks_are_counted_and_not_scored(report: dict[str, Any]) -> None:
    assert report["labels_in_common"] == ["neutral", "happy"]
    assert report["samples_of_other_labels"] == {"fiddlesticks": PERSONS}
    scores = report["verdicts"]["clean"]["scores"]
    assert scores["samples"] == 2 * PERSONS and scores["persons"] == PERSONS
    assert scores["n"] == 5 * 2 * PERSONS


def test_the_figures_agree_with_each_other(report: dict[str, Any]) -> None:
    for group in report["verdicts"].values():
        scores, seen = group["scores"], group["behaviour"]
        hits = 0
        for label, row in zip(report["labels"], scores["confusion"], strict=True):
            hits += row[report["labels"].index(label)]
        assert sum(map(sum, scores["confusion"])) == scores["n"] == seen["n"]
        assert scores["accuracy"]["value"] == pytest.approx(hits / scores["n"], abs=1e-4)
        assert scores["risk_at_100"] == pytest.approx(1 - scores["accuracy"]["value"], abs=2e-4)
        low, high = scores["accuracy"]["interval"]
        assert low <= scores["accuracy"]["value"] <= high
        shares = seen["answered"] + seen["abstained"] + seen["without_any_stream"]
        assert shares == pytest.approx(1, abs=1e-3)
        for stream in seen["streams"].values():
            unused = sum(stream["not_used"].values())
            assert stream["used"] + unused == pytest.approx(1, abs=1e-3)


def test_faults_are_seen_in_the_use_of_streams(report: dict[str, Any]) -> None:
    clean, faulted = (report["verdicts"][name]["behaviour"] for name in ("clean", "faulted"))
    # The fault's recordings have no face at all.
    assert clean["streams"]["vision"]["usable"] == 1.0
    assert faulted["streams"]["vision"]["used"] == 0.0
    assert set(report["by_fault"]) == {"vision dark", "audio noise"}
    assert set(report["by_person"]) == {f"p{k}" for k in range(PERSONS)}


def test_the_folder_has_a_page_and_a_plot(out: Path) -> None:
    page = (out / "README.md").read_text("utf-8")
    assert "| accuracy |" in page and "4 fiddlesticks samples" in page
    assert (out / "figures.png").read_bytes().startswith(b"\x89PNG")


def test_bare_recordings_are_measured_without_scores(
    corpus: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = str(corpus / "recordings" / "p0_happy")
    cli.app(["evaluate", "default", folder, "--json"], standalone_mode=False)
    found = json.loads(capsys.readouterr().out)
    assert found["verdicts"]["clean"]["scores"] is None
    assert found["verdicts"]["clean"]["behaviour"]["n"] == 5


def test_transcripts_are_heard_in_place_of_speech_to_text(corpus: Path) -> None:
    bundle = Bundle.load(default_bundle())
    take = open_material(corpus, bundle, "all").takes[0]
    said = spread("what a wonderful day", 0.0, 1.0)
    found = list(answers(take.folder, bundle, SeenNetworks(bundle), said))
    assert [one.verdict.transcript for one in found[:4]] == [
        "what",
        "what a",
        "what a wonderful",
        "what a wonderful day",
    ]


def test_a_bundle_with_another_step_gives_its_own_steps(corpus: Path, tmp_path: Path) -> None:
    shutil.copytree(default_bundle(), tmp_path / "bundle")
    manifest = tmp_path / "bundle" / "manifest.json"
    told = json.loads(manifest.read_text("utf-8"))
    told["window"]["step_s"] = 0.5
    manifest.write_text(json.dumps(told), "utf-8")
    bundle = Bundle.load(tmp_path / "bundle")
    found = list(answers(corpus / "recordings" / "p0_happy", bundle, SeenNetworks(bundle)))
    ends = [one.verdict.span_ns[1] - found[0].verdict.span_ns[0] for one in found]
    assert ends == [500_000_000, 1_000_000_000, 1_500_000_000, 2_000_000_000]


@pytest.mark.parametrize(
    ("task", "said"), [("classes", "none in common"), ("labels", "has the task 'labels'")]
)
def test_what_cannot_be_scored_is_one_sentence(task: str, said: str, tmp_path: Path) -> None:
    folder = write_recorded(tmp_path / "corpus", ("a", "b", "c"), 2, task=task)
    with pytest.raises(DataError, match=said):
        open_material(folder, Bundle.load(default_bundle()), "all")


def test_only_the_test_split_is_measured(tmp_path: Path) -> None:
    folder = write_recorded(tmp_path / "corpus", LABELS, 3)
    table = folder / "samples.csv"
    table.write_text(table.read_text().replace(",p0,,", ",p0,test,").replace(",p1,,", ",p1,val,"))
    bundle = Bundle.load(default_bundle())
    found = open_material(folder, bundle, "test")
    assert {sample.person for take in found.takes for sample in take.samples} == {"p0"}
    assert found.chosen == "the corpus' own test split"
    found = open_material(folder, bundle, "all")
    assert len({sample.person for take in found.takes for sample in take.samples}) == 3


def test_samples_that_the_training_cut_off_are_found_again(tmp_path: Path) -> None:
    folder = write_recorded(tmp_path / "corpus", LABELS, 8)
    corpus, bundle = open_recorded(folder), Bundle.load(default_bundle())
    known = [s for s in corpus.samples if s.label in bundle.manifest.labels]
    wanted = {sample.id for sample in known if sample.person in ("p3", "p5")}
    told = {"recorded": {"samples": digest_of(corpus), "test": sorted(wanted)}}

    def measured(**more: object) -> set[str]:
        manifest = bundle.manifest.model_copy(update={"provenance": {**told, **more}})
        found = open_material(folder, Bundle(bundle.folder, manifest), "test")
        return {sample.id for take in found.takes for sample in take.samples}

    everybody = {sample.id for sample in known}
    assert measured() == wanted < everybody
    # A bundle that was adapted, or trained on other samples, has perhaps seen them.
    assert measured(adapted={"from": "another"}) == everybody
    table = folder / "samples.csv"
    table.write_text(table.read_text().replace(",p0,", ",p9,"))
    assert measured() == everybody


def test_a_folder_without_recordings_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has no recording"):
        open_material(tmp_path, Bundle.load(default_bundle()), "all")


def test_a_recording_of_another_front_end_is_one_sentence(corpus: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(corpus / "recordings" / "p0_happy", tmp_path / "one"))
    told = json.loads((folder / "session.json").read_text())
    (folder / "session.json").write_text(json.dumps(told | {"frontend_digest": "0" * 64}))
    bundle = Bundle.load(default_bundle())
    with pytest.raises(RecordingError, match="another front end"):
        list(answers(folder, bundle, SeenNetworks(bundle)))
