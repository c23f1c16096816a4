"""Pages of the site that are made from the code: configuration, training, the verdict's schema."""

from __future__ import annotations

import ast
import inspect
import json
import re
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

from json_types import type_of
from pydantic import BaseModel
from pydantic_core import to_jsonable_python

from edge.config import Config
from train.live_config import TrainConfig
from train.stages.cdat_config import CdatConfig
from train.stages.recorded.config import RecordedConfig
from train.studies.translate.config import TranslateConfig
from train.studies.translate.speech.config import DistilledConfig

ROOT = Path(__file__).parents[1]
SCHEMA = ROOT / "edge" / "assets" / "verdict.schema.json"
DEFAULTS = ROOT / "configs" / "edge" / "default.yaml"
HEAD = "| key | type | default | meaning |\n|---|---|---|---|\n"
RUNS: dict[str, type[BaseModel]] = {
    "default.yaml": TrainConfig,
    "own.yaml": RecordedConfig,
    "cdat_mosi.yaml": CdatConfig,
    "translate_mosi.yaml": TranslateConfig,
    "translate_speech.yaml": DistilledConfig,
}
CONFIGURATION = """\
# Configuration

`cdat-edge run --config FILE` reads YAML; `--set KEY=VALUE` sets one key, such as
`--set window.step_s=0.5`. Every key, as the code checks it, with its comment in
[configs/edge/default.yaml](../configs/edge/default.yaml). The keys of `--sources` are in
[several sessions](sessions.md), those of `cdat-train` in [training keys](training-keys.md).

"""
TRAINING = """\
# Training keys

`cdat-train` reads YAML; `--set KEY=VALUE` changes a key, such as `--set vision.epochs=4`. Every key
of each kind of run, as the code checks it. How to train: [training](training.md).

"""
VERDICT = """\
# A verdict

One line of `--jsonl`, one message of `/verdicts`, one verdict of `edge.open`. The
[JSON Schema](../edge/assets/verdict.schema.json) is what a program checks it with; this page is
made from it. What the outputs make of it: [outputs](outputs.md).

"""


def pages() -> dict[str, str]:
    """Text of each page, by its name in docs/."""
    return {
        "configuration.md": CONFIGURATION + "".join(_edge()),
        "training-keys.md": TRAINING + "".join(_train()),
        "verdict.md": VERDICT + "".join(_verdict(json.loads(SCHEMA.read_text("utf-8")))),
    }


def _edge() -> Iterator[str]:
    said = comments(DEFAULTS.read_text("utf-8"))
    found = list(keys(Config))
    for section in dict.fromkeys(key.rpartition(".")[0] for key, *_ in found):
        yield f"## {section}\n\n{_linked(said[section])}\n\n" if section else "## The run\n\n"
        inside = [one for one in found if one[0].rpartition(".")[0] == section]
        yield HEAD + "".join(_row(*one[:3], said.get(one[0], "")) for one in inside) + "\n"


def _train() -> Iterator[str]:
    for file, model in RUNS.items():
        yield f"## As configs/train/{file}\n\n{HEAD}"
        yield "".join(_row(*one) for one in keys(model)) + "\n"


def _verdict(schema: dict[str, Any]) -> Iterator[str]:
    head = "| field | type | there | meaning |\n|---|---|---|---|\n"
    yield head + "".join(_row(*one) for one in fields(schema)) + "\n"
    for name, part in schema["$defs"].items():
        yield f"## {name}\n\n{head}" + "".join(_row(*one) for one in fields(part)) + "\n"


def keys(model: type[BaseModel], before: str = "") -> Iterator[tuple[str, str, str, str]]:
    """Dotted key, type, default and docstring of each key of a configuration, sections included."""
    schema, said = model.model_json_schema(), docstrings(model)
    for name, field in model.model_fields.items():
        key = field.alias or name
        given = to_jsonable_python(
            field.get_default(call_default_factory=True), serialize_unknown=True
        )
        default = (
            "required" if field.is_required() else f"`{json.dumps(given, ensure_ascii=False)}`"
        )
        section = _section(field.annotation)
        if section is None:
            kind = type_of(schema["properties"][key])
            yield f"{before}{key}", kind, default, said.get(name, "")
            continue
        if default == "`null`":
            yield f"{before}{key}", "section or null", default, said.get(name, "")
        yield from keys(section, f"{before}{key}.")


def _section(annotation: Any) -> type[BaseModel] | None:
    union = get_origin(annotation) in (Union, UnionType)
    for one in get_args(annotation) if union else (annotation,):
        if isinstance(one, type) and issubclass(one, BaseModel):
            return one
    return None


def docstrings(model: type[BaseModel]) -> dict[str, str]:
    """The docstring below each key of a model, inherited ones included."""
    found = {}
    for one in reversed(model.__mro__):
        if issubclass(one, BaseModel) and one is not BaseModel:
            (body,) = ast.parse(textwrap.dedent(inspect.getsource(one))).body
            assert isinstance(body, ast.ClassDef)
            for key, text in zip(body.body, body.body[1:], strict=False):
                if isinstance(key, ast.AnnAssign) and isinstance(text, ast.Expr):
                    found[ast.unparse(key.target)] = " ".join(ast.literal_eval(text.value).split())
    return found


def comments(text: str) -> dict[str, str]:
    """What stands beside each dotted key of a YAML file, lines below it included."""
    found: dict[str, str] = {}
    above: list[tuple[int, str]] = []
    key = ""
    for line in text.splitlines():
        if named := re.match(r"( *)(\w+):[^#]*(?:# (.*))?$", line):
            indent, name, said = named.groups()
            above = [(depth, one) for depth, one in above if depth < len(indent)]
            above.append((len(indent), name))
            key = ".".join(one for _, one in above)
            found[key] = said or ""
        elif more := re.match(r" +# (.*)$", line):
            found[key] += f" {more[1].strip()}"
    return found


def fields(schema: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str, str, str]]:
    """Name, type, presence and meaning of each field of an object, and of objects in it."""
    for name, field in schema["properties"].items():
        there = "always" if name in schema.get("required", ()) else "at times"
        yield f"{before}{name}", type_of(field), there, field.get("description", "")
        inner = field.get("items", field)
        if "properties" in inner:
            yield from fields(inner, f"{before}{name}{'[]' if inner is not field else ''}.")


def _row(key: str, kind: str, default: str, meaning: str) -> str:
    cells = (f"`{key}`", kind, default, _linked(meaning))
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _linked(text: str) -> str:
    return re.sub(r"(?<![(\w/])docs/([\w-]+\.md)", r"[\1](\1)", text)
