"""The files of a streaming transducer, checked: sherpa-onnx ends the process on a wrong one."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from edge.errors import AsrError, first_line

TOKENS = "tokens.txt"
PARTS = ("encoder", "decoder", "joiner")
SMALLER = ("encoder", "joiner")
"""Of these the int8 file is taken where there is one; sherpa-onnx advises the decoder in fp32."""
KINDS = ("conformer", "ebranchformer", "lstm", "zipformer", "zipformer2")
"""What a streaming encoder says of itself. Without it sherpa-onnx takes it for another kind."""
NUMBERS = {"encoder": ("T", "decode_chunk_len"), "decoder": ("vocab_size", "context_size")}
"""Metadata that it needs."""


@dataclass(frozen=True, slots=True)
class SherpaFiles:
    """Paths as sherpa-onnx takes them."""

    tokens: str
    encoder: str
    decoder: str
    joiner: str


def is_sherpa(folder: Path) -> bool:
    """Whether a folder looks like a model of sherpa-onnx, and not of Vosk."""
    return os.path.isfile(folder / TOKENS) and any(folder.glob("encoder*.onnx"))


def sherpa_files(folder: Path) -> SherpaFiles:
    """The files in `folder`, each opened once.

    Raises:
        AsrError: One is missing or cannot be used; the message names it.
    """
    if not os.path.isdir(folder):
        raise AsrError(f"There is no sherpa-onnx model at {folder}: set asr.model to its folder.")
    tokens = folder / TOKENS
    if not os.path.isfile(tokens):
        raise AsrError(f"{folder} has no {TOKENS}: give the folder of a sherpa-onnx model.")
    found = {part: _part(folder, part) for part in PARTS}
    metadata = {part: _metadata(path) for part, path in found.items()}
    kind = metadata["encoder"].get("model_type")
    if kind not in KINDS:
        raise AsrError(
            f"{found['encoder']} is not the encoder of a streaming transducer (model_type"
            f" {kind or 'missing'}): give a model whose name has `streaming` in it."
        )
    for part, names in NUMBERS.items():
        for name in names:
            if not metadata[part].get(name, "").isdecimal():
                raise AsrError(f"{found[part]} has no number {name} in its metadata.")
    _check_tokens(tokens, int(metadata["decoder"]["vocab_size"]))
    return SherpaFiles(str(tokens), *(str(found[part]) for part in PARTS))


def _part(folder: Path, part: str) -> Path:
    files = sorted(folder.glob(f"{part}*.onnx"))
    if not files:
        raise AsrError(
            f"{folder} has no {part}*.onnx: a streaming transducer has an encoder, a decoder and a"
            " joiner."
        )
    small = [file for file in files if ".int8." in file.name]
    large = [file for file in files if file not in small]
    return (small or large)[0] if part in SMALLER else (large or small)[0]


def _metadata(path: Path) -> dict[str, str]:
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    try:
        session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime has an exception for each status
        raise AsrError(
            f"{path} cannot be loaded ({first_line(error)}): download it again."
        ) from error
    return dict(session.get_modelmeta().custom_metadata_map)


def _check_tokens(path: Path, count: int) -> None:
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise AsrError(f"{path} cannot be read ({first_line(error)}).") from error
    numbers = {line.rpartition(" ")[2] for line in lines}
    if not numbers >= {str(number) for number in range(count)}:
        raise AsrError(
            f"{path} does not have a line `TOKEN NUMBER` for each of the {count} tokens of the"
            " decoder: give the tokens.txt of this model."
        )
