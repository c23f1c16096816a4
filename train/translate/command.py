"""`cdat-train translate`, behind its options: on a corpus, or for the live speech encoder."""

from __future__ import annotations

from pathlib import Path

from edge.errors import ConfigError
from train import checkpoint
from train.config import read, validated_as
from train.corpora.open import open_corpus
from train.data.folder import data_folder
from train.translate.compare import compare
from train.translate.config import TranslateConfig

CONFIG_NAME = "config.json"


def load(path: Path, changes: list[str] | None) -> TranslateConfig:
    """The configuration at `path`.

    Raises:
        ConfigError: One sentence that names the file and the key.
    """
    return validated_as(TranslateConfig, read(path, changes), str(path))


def translate(config: TranslateConfig, folder: Path, data: Path | None, seeds: int | None) -> str:
    """Run the comparison, or go on with it; gives the table.

    Raises:
        ConfigError: `folder` is another run's, or the corpus lacks a stream.
        DataError: The corpus is missing or wrong.
    """
    path = folder / CONFIG_NAME
    if path.is_file() and (theirs := checkpoint.read_json(path).get("name")) != config.name:
        raise ConfigError(
            f"{folder} holds the run '{theirs}', not '{config.name}': give another with --out."
        )
    checkpoint.write_json(path, config.model_dump(mode="json"))
    corpus = open_corpus(config.corpus, data_folder(data), **config.options)
    compare(config, corpus, folder, seeds or config.seeds)
    return (folder / "table.md").read_text(encoding="utf-8")
