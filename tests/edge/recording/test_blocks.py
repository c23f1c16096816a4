"""Packed arrays are restored bit by bit or refused, and are small."""

from __future__ import annotations

import struct
import zlib
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from edge.recording.blocks import Array, Block, pack, unpack


def block_of(array: Array, codec: str, data: bytes, **other: Any) -> Block:
    fields: dict[str, Any] = {
        "codec": codec,
        "dtype": array.dtype.name,
        "shape": array.shape,
        "at": 0,
        "size": len(data),
        "crc32": zlib.crc32(data),
    }
    return Block.model_validate(fields | other)


def round_trip(array: Array, before: Array | None = None) -> tuple[str, int]:
    codec, data = pack(array, before)
    back = unpack(block_of(array, codec, data), data, before)
    assert back.shape == array.shape and back.dtype == array.dtype
    assert back.tobytes() == array.tobytes()
    return codec, len(data)


any_floats = hnp.arrays(np.float32, hnp.array_shapes(max_dims=4, min_side=0, max_side=6))


@given(any_floats)
def test_any_floats_come_back_bit_for_bit(array: Array) -> None:
    round_trip(array)


@given(
    hnp.arrays(np.float32, (1, 9, 3), elements=st.sampled_from([0.0, -0.0, np.nan, 1.0, np.inf])),
    st.integers(0, 9),
    st.data(),
)
def test_rows_that_moved_up_come_back_bit_for_bit(
    before: Array, moved: int, data: st.DataObject
) -> None:
    fresh = data.draw(hnp.arrays(np.float32, (1, moved, 3)))
    round_trip(np.concatenate([before, fresh], axis=1)[:, -9:], before)


@given(hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, max_side=20)))
def test_pictures_come_back_bit_for_bit(grey: Array) -> None:
    round_trip(np.stack([grey, grey // 2, 255 - grey], axis=-1))


def test_a_face_crop_takes_a_byte_a_pixel() -> None:
    levels = np.random.default_rng(0).integers(0, 256, (1, 48, 48)).astype(np.uint8)
    crop = levels.astype(np.float32) / np.float32(255.0)
    assert round_trip(crop, before=crop[:, ::-1]) == ("byte", 48 * 48)


def test_a_log_mel_segment_takes_its_new_frames_alone() -> None:
    frames = np.random.default_rng(0).normal(-8, 3, (1, 110, 64)).astype(np.float32)
    assert round_trip(frames[:, 10:], before=frames[:, :100]) == ("tail", 10 * 64 * 4)


def test_an_altered_byte_is_noticed() -> None:
    array = np.arange(6, dtype=np.float32) / 7
    codec, data = pack(array, None)
    torn = bytes([data[0] ^ 1]) + data[1:]
    with pytest.raises(ValueError, match="checksum"):
        unpack(block_of(array, codec, data), torn, None)


def test_a_tail_without_its_beginning_is_refused() -> None:
    frames = np.random.default_rng(0).normal(0, 1, (1, 11, 4)).astype(np.float32)
    codec, data = pack(frames[:, 1:], frames[:, :10])
    assert codec == "tail"
    with pytest.raises(ValueError, match="missing"):
        unpack(block_of(frames[:, 1:], codec, data), data, None)


def test_a_picture_that_claims_another_size_is_refused_before_it_is_decoded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    image = np.zeros((4, 6, 3), np.uint8)
    data = pack(image, None)[1]
    claims = data[:16] + struct.pack(">II", 60_000, 60_000) + data[24:]
    monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("it was decoded"))
    with pytest.raises(ValueError, match="picture"):
        unpack(block_of(image, "png", claims), claims, None)


def test_an_array_that_claims_more_than_any_packet_is_refused() -> None:
    array = np.zeros(1, np.float32)
    claims = block_of(array, "plain", b"", shape=(2**28, 2**28))
    with pytest.raises(ValueError, match="larger"):
        unpack(claims, b"", None)
