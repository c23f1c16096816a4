"""Which format a file or folder has, and the reader of each format."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edge.errors import DataError
from train.corpora.copies.converted import converted
from train.corpora.copies.csd import is_csd_folder, read_csd
from train.corpora.copies.iemocap_features import is_iemocap_features, read_iemocap_features
from train.corpora.copies.iemocap_folder import is_iemocap_folder, read_iemocap_folder
from train.corpora.copies.mmsa import is_mmsa, read_mmsa
from train.corpora.copies.mult import is_mult, read_mult
from train.corpora.copies.recola import is_recola, read_recola
from train.corpora.copies.samples import Samples
from train.corpora.copies.tailor import is_tailor, read_tailor
from train.corpora.copies.unpickle import may_be_pickle, read_pickle


@dataclass(frozen=True)
class Format:
    """One format: what it is in words, and its reader, whose keywords are options."""

    says: str
    read: Callable[..., Samples]


FORMATS: dict[str, Format] = {
    "mmsa": Format("MMSA's pickle of MOSI or MOSEI (aligned_50.pkl, unaligned_50.pkl)", read_mmsa),
    "mult": Format("MulT's pickle of MOSI, MOSEI or IEMOCAP (..._data.pkl)", read_mult),
    "csd": Format("a folder of .csd files of MOSI or MOSEI (CMU-MultimodalSDK)", read_csd),
    "tailor": Format("TAILOR's file of MOSEI's emotions (train_valid_test.pt)", read_tailor),
    "iemocap_features": Format(
        "the usual pickle of IEMOCAP (IEMOCAP_features.pkl)", read_iemocap_features
    ),
    "iemocap_folder": Format("IEMOCAP's own folder with Session1 to Session5", read_iemocap_folder),
    "recola": Format("the folder of RECOLA given out for AVEC 2016 (.arff or .csv)", read_recola),
}
PICKLES: dict[str, Callable[[Any], bool]] = {
    "mmsa": is_mmsa,
    "mult": is_mult,
    "iemocap_features": is_iemocap_features,
}
FOLDERS: dict[str, Callable[[Path], bool]] = {
    "csd": is_csd_folder,
    "recola": is_recola,
    "iemocap_folder": is_iemocap_folder,
}
SETS: dict[str, tuple[str, ...]] = {
    "mosi": ("mmsa", "mult", "csd"),
    "mosei": ("mmsa", "mult", "csd", "tailor"),
    "iemocap": ("mult", "iemocap_features", "iemocap_folder"),
    "recola": ("recola",),
}
"""The data sets, by the name of the corpus in a configuration, and the formats they come in."""


def format_of(path: Path) -> str | None:
    """The name of the format of a file or folder; None if it is none of `FORMATS`.

    Raises:
        DataError: A pickle is damaged or unsafe.
    """
    if path.is_dir():
        return next((name for name, test in FOLDERS.items() if test(path)), None)
    if is_tailor(path):
        return "tailor"
    if may_be_pickle(path):
        # Once for each version of the file: it may have gigabytes.
        known = converted([path], "format", lambda: {"format": np.array(_pickled(path))})
        return str(known["format"]) or None
    return None


def _pickled(path: Path) -> str:
    tree = read_pickle(path)
    return next((name for name, test in PICKLES.items() if test(tree)), "")


def found_in(path: Path) -> tuple[Path, str]:
    """The one data set that `path` is or, as a folder, directly contains, and its format.

    Raises:
        DataError: There is none, or more than one.
    """
    if not path.exists():
        raise DataError(f"{path} is missing: put your copy there, or give options.path.")
    if (own := format_of(path)) is not None:
        return path, own
    inside = sorted(path.iterdir()) if path.is_dir() else []
    several = [(one, name) for one in inside if (name := format_of(one)) is not None]
    if len(several) > 1:
        names = ", ".join(one.name for one, _ in several)
        raise DataError(f"{path} contains several data sets ({names}): give one in options.path.")
    if not several:
        known = "; ".join(one.says for one in FORMATS.values())
        raise DataError(f"{path} is not a known data set. Known are: {known}.")
    return several[0]


def read_copy(
    corpus: str, data: Path, path: str = "", format: str = "", **options: object
) -> Samples:
    """Read the user's copy of a data set.

    Args:
        corpus: a name of `SETS`.
        data: the data folder.
        path: file or folder; relative to the data folder. Without it, the folder named `corpus`.
        format: a name of `FORMATS`; recognised without it.
        options: options of the format's reader.

    Raises:
        DataError: Not found, not this data set, an unknown option, or damaged.
    """
    where = data / str(path or corpus)
    if format and str(format) not in FORMATS:
        raise DataError(
            f"The option format is '{format}': it must be one of {', '.join(sorted(FORMATS))}."
        )
    if not format:
        where, format = found_in(where)
    if format not in SETS[corpus]:
        raise DataError(
            f"{where} has the format '{format}', but {corpus} comes as {' or '.join(SETS[corpus])}."
        )
    return read_as(format, where, options)


def read_as(format: str, where: Path, options: dict[str, object]) -> Samples:
    """Read a file or folder of a known format.

    Raises:
        DataError: An option is unknown or of the wrong type, or as the format's reader.
    """
    for name, value in options.items():
        if not isinstance(value, (str, int, float)):
            raise DataError(f"The option {name} is {value!r}: it must be a word or a number.")
    try:
        return FORMATS[format].read(where, **options)
    except TypeError as error:
        if "unexpected keyword" not in str(error):
            raise
        raise DataError(
            f"The format '{format}' has no option {str(error).split()[-1]}: remove it."
        ) from None
