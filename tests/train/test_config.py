"""Training configurations are parsed and validated like those of the runtime."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.errors import ConfigError
from train.config import read
from train.corpora.labels import LABELS
from train.live_config import LabelShares, load

CONFIGS = Path(__file__).parents[2] / "configs" / "train"


def test_1e5_is_a_number_in_the_file_and_after_set(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    text = (CONFIGS / "default.yaml").read_text().replace("samples: 12000", "samples: 2e4")
    path.write_text(text)
    assert load(path).vision.samples == 20_000
    assert load(path, ["vision.samples=1e5"]).vision.samples == 100_000
    assert load(path, ["vision.learning_rate=1e-4"]).vision.learning_rate == 1e-4


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("vision.epoch=3", "Unknown key vision.epoch .*; known keys: epochs, samples"),
        ("corpora.text=[meld, meld]", "text names a corpus twice"),
        ("corpora.audio=[urdu]", "audio needs a corpus beside urdu"),
        ("corpora.audio=[fer]", "corpora.audio"),
        ("corpora.vision=[]", "corpora.vision"),
        ("prior.happy=0.5", "The key prior.neutral is missing"),
        ("vision=3", "vision: must contain keys and values, got 3"),
        ("seed=x", "seed: must be a valid integer"),
        ("vision.epochs", "--set needs key=value, such as vision.epochs=4"),
        ("..=4", "a key is names joined by dots"),
        ("seed=[1", "--set seed: '.1' is not a YAML value"),
        ("seed=&a 1", "is not a YAML value"),
    ],
)
def test_an_error_is_one_sentence(change: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence) as caught:
        load(CONFIGS / "default.yaml", [change])
    assert "\n" not in str(caught.value)


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("name: x\n")
    with pytest.raises(ConfigError, match=r"The key confidence is missing \(in .*c.yaml"):
        load(path)


def test_aliases_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("a: &a [1]\nb: *a\n")
    with pytest.raises(ConfigError, match=r"c\.yaml is not valid YAML in line 1: anchors"):
        read(path)


def test_label_shares_are_in_the_order_of_the_labels() -> None:
    assert tuple(LabelShares.model_fields) == LABELS
    told = {"neutral": 0.4, "happy": 0.2, "sad": 0.2, "angry": 0.2, "fear": 0.2}
    told |= {"disgust": 0.4, "surprise": 0.4}
    changes = [f"prior.{label}={share}" for label, share in told.items()]
    shares = load(CONFIGS / "default.yaml", changes).shares
    assert shares is not None and sum(shares) == pytest.approx(1)
    assert shares[0] == pytest.approx(0.2) and shares[1] == pytest.approx(0.1)
