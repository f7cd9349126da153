"""Safetensors files: the header, and whether all numbers are finite. Numpy only."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO, Final, TypeGuard

from skillweave.skills.errors import AdapterError
from skillweave.skills.files import Content
from skillweave.skills.model import Frozen

_SIZES: Final = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2}
_FLOATS: Final = {"F64": "<f8", "F32": "<f4", "F16": "<f2"}
_MAX_HEADER: Final = 16 * 1024 * 1024
_CHUNK: Final = 8 * 1024 * 1024
_BF16_EXPONENT: Final = 0x7F80


class TensorInfo(Frozen):
    """Where a tensor lies in the file, counted from the file's first byte."""

    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


def read_header(content: Content, file: Path) -> dict[str, TensorInfo]:
    """All tensors of the file; AdapterError when the file is damaged or cut short."""
    try:
        with _open(content) as stream:
            return _read_header(stream, file)
    except OSError as error:
        raise AdapterError(f"{file}: cannot be read ({error.strerror}); check the file") from error


def check_finite(content: Content, tensors: Mapping[str, TensorInfo], file: Path) -> None:
    """Refuse weights that hold NaN or infinity."""
    with _open(content) as stream:
        for name, tensor in tensors.items():
            stream.seek(tensor.begin)
            left = tensor.end - tensor.begin
            while left:
                size = min(left, _CHUNK)
                data = stream.read(size)
                if len(data) != size:
                    raise _damaged(file, f"tensor {name!r} is cut short")
                left -= len(data)
                if not _all_finite(data, tensor.dtype):
                    raise AdapterError(
                        f"{file}: tensor {name!r} holds NaN or infinity; train the adapter again"
                    )


def _open(content: Content) -> BinaryIO:
    return content.open("rb") if isinstance(content, Path) else io.BytesIO(content)


def _all_finite(data: bytes, dtype: str) -> bool:
    import numpy as np  # not above: most skills have no weights, and `skillweave --help` none

    if dtype == "BF16":
        bits = np.frombuffer(data, dtype="<u2")
        return bool(np.all((bits & _BF16_EXPONENT) != _BF16_EXPONENT))
    return bool(np.all(np.isfinite(np.frombuffer(data, dtype=_FLOATS[dtype]))))


def _damaged(file: Path, reason: str) -> AdapterError:
    return AdapterError(f"{file}: not a whole safetensors file ({reason}); copy or save it again")


def _read_header(stream: BinaryIO, file: Path) -> dict[str, TensorInfo]:
    size = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    length = int.from_bytes(stream.read(8), "little")
    if size < 8 or length > min(size - 8, _MAX_HEADER):
        raise _damaged(file, "the header is cut short")
    try:
        header = json.loads(stream.read(length))
    except (ValueError, RecursionError) as error:
        raise _damaged(file, "the header is not JSON") from error
    if not isinstance(header, dict):
        raise _damaged(file, "the header is not an object")
    header.pop("__metadata__", None)
    tensors = {name: _tensor(name, entry, 8 + length, file) for name, entry in header.items()}
    end = 8 + length
    for tensor in sorted(tensors.values(), key=lambda t: (t.begin, t.end)):
        if tensor.begin != end:
            raise _damaged(file, "the tensors overlap or leave gaps")
        end = tensor.end
    if end != size:
        raise _damaged(file, f"{size} bytes instead of {end}")
    return tensors


def _tensor(name: str, entry: object, start: int, file: Path) -> TensorInfo:
    if not isinstance(entry, dict):
        raise _damaged(file, f"tensor {name!r} has no description")
    dtype, shape, span = entry.get("dtype"), entry.get("shape"), entry.get("data_offsets")
    if dtype not in _SIZES:
        raise AdapterError(
            f"{file}: tensor {name!r} has the type {dtype!r}; save it as bfloat16 or float32"
        )
    if not _counts(shape) or not _counts(span) or len(span) != 2:
        raise _damaged(file, f"tensor {name!r} has no shape or place")
    begin, end = span
    if end - begin != math.prod(shape) * _SIZES[dtype]:
        raise _damaged(file, f"tensor {name!r} does not fit its shape")
    return TensorInfo(dtype=dtype, shape=tuple(shape), begin=start + begin, end=start + end)


def _counts(value: object) -> TypeGuard[list[int]]:
    return isinstance(value, list) and all(type(item) is int and item >= 0 for item in value)
