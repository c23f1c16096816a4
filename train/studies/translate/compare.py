"""Rank the streams, choose weights on validation, then compare variants at equal budget."""

from __future__ import annotations

import logging
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from edge.errors import ConfigError
from train import checkpoint
from train.corpora.corpus import Corpus
from train.statistics import holm, mean_sd
from train.studies.translate.config import TranslateConfig, in_order
from train.studies.translate.data import with_stream
from train.studies.translate.distillation import Distillation, label
from train.studies.translate.gains import against
from train.studies.translate.metrics import REPORTED
from train.studies.translate.rank import rank
from train.studies.translate.search import Chosen, choose_distillations
from train.studies.translate.sweep import Outcome, Sweep
from train.studies.translate.table import write_table

log = logging.getLogger("train.translate")


def compare(config: TranslateConfig, corpus: Corpus, folder: Path, seeds: int) -> dict[str, Any]:
    """Run or resume the comparison, and write `folder`/results.json and table.md.

    Raises:
        ConfigError: The corpus lacks a stream, or has only one.
    """
    _check(config, corpus)
    torch.set_num_threads(config.threads)
    torch.use_deterministic_algorithms(True)
    sweep = Sweep(config, corpus, folder)
    ranked = rank(
        {
            stream: [sweep.alone(stream, s, test=False).val["score"] for s in config.search_seeds]
            for stream in corpus.streams
        }
    )
    strong = config.strong or ranked[0].stream
    log.info("ranked on validation: %s; the teacher is %s", _shown(ranked), strong)
    weak = in_order(config.weak or tuple(s for s in corpus.streams if s != strong))
    reported = [config.seed + k for k in range(seeds)]
    results: dict[str, Any] = {
        "name": config.name,
        "corpus": corpus.name,
        "task": corpus.task,
        "labels": list(corpus.labels),
        "config": config.model_dump(mode="json"),
        "seeds": reported,
        "search_seeds": config.search_seeds,
        "ranking": [{"stream": one.stream, "scores": list(one.scores)} for one in ranked],
        "strong": strong,
        "teacher": _summary(corpus, [sweep.alone(strong, s, test=True) for s in reported]),
        "weak": {},
    }
    for stream in weak:
        chosen = _choose(sweep, stream, strong)
        results["weak"][stream] = _report(sweep, stream, strong, chosen, reported)
    checkpoint.write_json(folder / "results.json", results)
    write_table(folder / "table.md", results)
    return results


def _choose(sweep: Sweep, stream: str, strong: str) -> Chosen:
    config = sweep.config

    def score(distillation: Distillation) -> float:
        runs = [
            sweep.distilled(stream, strong, distillation, s, test=False).val["score"]
            for s in config.search_seeds
        ]
        return float(np.mean(runs))

    chosen = choose_distillations(config.search, score, sweep.corpus.task == "classes")
    for name, distillation in chosen.distillations.items():
        log.info(
            "%s, %s: %s", stream, name, label(None if name == "alone" else strong, distillation)
        )
    return chosen


def _report(
    sweep: Sweep, stream: str, strong: str, chosen: Chosen, seeds: list[int]
) -> dict[str, Any]:
    variants: dict[str, list[Outcome]] = {name: [] for name in chosen.distillations}
    for seed in seeds:
        for name, distillation in chosen.distillations.items():
            if name == "alone":
                run = sweep.alone(stream, seed, test=True)
            else:
                run = sweep.distilled(stream, strong, distillation, seed, test=True)
            variants[name].append(run)
    test = with_stream(sweep.corpus.parts["test"], stream)
    rows = {}
    for name, runs in variants.items():
        rows[name] = _summary(sweep.corpus, runs) | {
            "distillation": asdict(chosen.distillations[name])
        }
        if name != "alone":
            rows[name]["against"] = {
                "alone": against(sweep.corpus.task, runs, variants["alone"], test)
            }
    control = "both, pairs shuffled"
    rows["both"]["against"][control] = against(
        sweep.corpus.task, variants["both"], variants[control], test
    )
    gains = [one["against"]["alone"] for name, one in rows.items() if name != "alone"]
    for metric in REPORTED[sweep.corpus.task]:
        adjusted = holm([gain[metric]["t_p"] for gain in gains])
        for gain, p in zip(gains, adjusted, strict=True):
            gain[metric]["holm_p"] = p
    tried = [{"distillation": asdict(one.distillation), "score": one.score} for one in chosen.tried]
    return {"n_test": len(test), "variants": rows, "tried_on_validation": tried}


def _summary(corpus: Corpus, runs: list[Outcome]) -> dict[str, Any]:
    """Mean and standard deviation over the seeds, and the raw runs."""
    assert all(run.test is not None for run in runs)
    tests = [run.test for run in runs if run.test is not None]
    return {
        "test": {name: mean_sd([one[name] for one in tests]) for name in REPORTED[corpus.task]},
        "runs": [{"seed": run.seed, "val": run.val, "test": run.test} for run in runs],
    }


def _check(config: TranslateConfig, corpus: Corpus) -> None:
    has = ", ".join(corpus.streams)
    if corpus.task == "labels":
        raise ConfigError(
            f"{corpus.name} has several labels for each sample: give a corpus with classes or a"
            " regression."
        )
    if len(corpus.streams) < 2:
        raise ConfigError(f"{corpus.name} has only {has}: give a corpus with two streams.")
    asked = [("strong", config.strong), *(("weak", stream) for stream in config.weak or ())]
    for key, stream in asked:
        if stream is not None and stream not in corpus.streams:
            raise ConfigError(f"{key}: {corpus.name} has no stream '{stream}', only {has}.")
    if config.strong is not None and config.strong in (config.weak or ()):
        raise ConfigError(f"weak: '{config.strong}' cannot be its own teacher: name another.")


def _shown(ranked: list[Any]) -> str:
    return ", ".join(f"{one.stream} {one.mean:.3f}" for one in ranked)
