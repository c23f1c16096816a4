"""Damages bytes as transport, disks and hostile writers do."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Mutation = Callable[[bytearray, np.random.Generator], None]

LIMITS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
"""Where lengths, counts and times turn over."""


def mutate(data: bytes, rng: np.random.Generator) -> bytes:
    """One damage, or some; a quarter of them near the start, where headers are."""
    damaged = bytearray(data)
    for _ in range(int(min(8, rng.geometric(0.5)))):
        MUTATIONS[int(rng.integers(len(MUTATIONS)))](damaged, rng)
    return bytes(damaged)


def _place(data: bytearray, rng: np.random.Generator) -> int:
    end = len(data) if rng.random() < 0.75 else min(len(data), 512)
    return int(rng.integers(end)) if end else 0


def _length(data: bytearray, rng: np.random.Generator) -> int:
    return int(min(len(data), 2 ** rng.uniform(0, 11)))


def _flip(data: bytearray, rng: np.random.Generator) -> None:
    for _ in range(int(rng.integers(1, 9)) if data else 0):
        data[_place(data, rng)] ^= 1 << int(rng.integers(8))


def _limit(data: bytearray, rng: np.random.Generator) -> None:
    size = int(rng.choice([1, 2, 4, 8]))
    value = int(rng.choice(LIMITS)) & (1 << 8 * size) - 1
    at = _place(data, rng)
    data[at : at + size] = value.to_bytes(size, "big" if rng.random() < 0.5 else "little")


def _overwrite(data: bytearray, rng: np.random.Generator) -> None:
    at, size = _place(data, rng), _length(data, rng)
    data[at : at + size] = rng.bytes(size) if rng.random() < 0.5 else bytes(size)


def _remove(data: bytearray, rng: np.random.Generator) -> None:
    at = _place(data, rng)
    del data[at : at + _length(data, rng)]


def _insert(data: bytearray, rng: np.random.Generator) -> None:
    at = _place(data, rng)
    data[at:at] = rng.bytes(_length(data, rng))


def _repeat(data: bytearray, rng: np.random.Generator) -> None:
    at, size = _place(data, rng), _length(data, rng)
    to = _place(data, rng)
    data[to:to] = data[at : at + size] * int(rng.integers(1, 9))


def _move(data: bytearray, rng: np.random.Generator) -> None:
    at, size = _place(data, rng), _length(data, rng)
    piece = data[at : at + size]
    to = _place(data, rng)
    data[to : to + len(piece)] = piece


def _cut(data: bytearray, rng: np.random.Generator) -> None:
    if rng.random() < 0.3:
        del data[int(rng.integers(len(data) + 1)) :]


MUTATIONS: tuple[Mutation, ...] = (
    _flip,
    _limit,
    _overwrite,
    _remove,
    _insert,
    _repeat,
    _move,
    _cut,
)
