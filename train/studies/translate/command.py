"""Implementation of `cdat-train translate`: on a corpus, or for the live speech encoder."""

from __future__ import annotations

from pathlib import Path

from edge.errors import ConfigError
from train import checkpoint
from train.config import read, validated_as
from train.corpora.folder import data_folder
from train.corpora.open import open_corpus
from train.studies.translate.compare import compare
from train.studies.translate.config import TranslateConfig
from train.studies.translate.speech import table
from train.studies.translate.speech.config import DistilledConfig
from train.studies.translate.speech.run import DistilledRun

CONFIG_NAME = "config.json"


def load(path: Path, changes: list[str] | None) -> TranslateConfig | DistilledConfig:
    """Load the configuration at `path`; with the key `distillation` it is for the live speech
    encoder.

    Raises:
        ConfigError: The message names the file and the key.
    """
    data = read(path, changes)
    if "distillation" in data:
        return validated_as(DistilledConfig, data, f"{path} or a --set")
    return validated_as(TranslateConfig, data, f"{path} or a --set")


def translate(
    config: TranslateConfig | DistilledConfig, folder: Path, data: Path | None, seeds: int | None
) -> str:
    """Run or resume the comparison; returns its table, with a next step for the speech encoder.

    Raises:
        ConfigError: `folder` belongs to another run, or the corpus lacks a stream.
        DataError: The corpus is missing or invalid.
    """
    path = folder / CONFIG_NAME
    if path.is_file() and (theirs := checkpoint.read_json(path).get("name")) != config.name:
        raise ConfigError(
            f"{folder} holds the run '{theirs}', not '{config.name}': give another with --out."
        )
    checkpoint.write_json(path, config.model_dump(mode="json"))
    count = seeds or config.seeds
    if isinstance(config, TranslateConfig):
        corpus = open_corpus(config.corpus, data_folder(data), **config.options)
        compare(config, corpus, folder, count)
        return (folder / "table.md").read_text(encoding="utf-8")
    run = DistilledRun(config, folder, data_folder(data))
    results = run.compare(count)
    checkpoint.write_json(folder / "results.json", results)
    (folder / "table.md").write_text(table.text(results), encoding="utf-8")
    run.finish(results)
    return f"{table.text(results)}\nNext: cdat-export build {folder} --out BUNDLE"
