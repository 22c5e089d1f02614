"""A snapshot as bytes: a JSON tree with the arrays and frames it names beside it, in one archive, packed by zstd.

Only plain values, arrays, frames and the dataclasses handed in are written and read: nothing is executed on reading.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections import deque
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from typing import Any, Final

import numpy as np
import polars as pl
import pyarrow as pa

VERSION: Final = 4
_PACKING: Final = pa.Codec("zstd", compression_level=1)
_SIZE_BYTES: Final = 8
_SIZE_MOST: Final = 1 << 36


class SnapshotError(ValueError):
    """The bytes are no snapshot of this version."""


def write(state: object) -> bytes:
    """The bytes of a state made of plain values, arrays, polars frames and dataclasses."""
    arrays: dict[str, np.typing.NDArray[Any]] = {}
    tree = json.dumps({"version": VERSION, "state": _pack(state, arrays)})
    arrays["tree"] = np.frombuffer(tree.encode(), np.uint8)
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    # An hour of a busy carrier is hundreds of megabytes plain, and writing those costs more than packing them.
    plain = buffer.getvalue()
    return len(plain).to_bytes(_SIZE_BYTES, "big") + bytes(_PACKING.compress(plain, asbytes=True))


def read(blob: bytes, kinds: Iterable[type]) -> Any:
    """The state again; `kinds` are the dataclasses it may hold. Raises SnapshotError."""
    known = {kind.__name__: kind for kind in kinds}
    try:
        size = int.from_bytes(blob[:_SIZE_BYTES], "big")
        if size > _SIZE_MOST:
            raise SnapshotError("these bytes are no snapshot")
        plain = _PACKING.decompress(blob[_SIZE_BYTES:], size, asbytes=True)
        with np.load(io.BytesIO(plain), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        tree = json.loads(arrays["tree"].tobytes())
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile) as wrong:
        raise SnapshotError("these bytes are no snapshot") from wrong
    if tree["version"] != VERSION:
        raise SnapshotError(f"snapshot version {tree['version']} cannot be read, this is version {VERSION}")
    return _unpack(tree["state"], arrays, known)


def _keep(array: np.typing.NDArray[Any], arrays: dict[str, np.typing.NDArray[Any]]) -> str:
    name = f"a{len(arrays)}"
    arrays[name] = array
    return name


def _pack(value: Any, arrays: dict[str, np.typing.NDArray[Any]]) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return {"array": _keep(value, arrays)}
    if isinstance(value, pl.Series):
        return {"series": _pack(value.to_frame(), arrays)}
    if isinstance(value, pl.DataFrame):
        stream = io.BytesIO()
        value.write_ipc(stream, compat_level=pl.CompatLevel.newest())
        return {"frame": _keep(np.frombuffer(stream.getvalue(), np.uint8), arrays)}
    if is_dataclass(value):
        packed = {f.name: _pack(getattr(value, f.name), arrays) for f in fields(value)}
        return {"kind": type(value).__name__, "fields": packed}
    if isinstance(value, tuple):
        return {"tuple": [_pack(item, arrays) for item in value]}
    if isinstance(value, list | deque):
        return [_pack(item, arrays) for item in value]
    if isinstance(value, dict):
        return {"pairs": [[_pack(key, arrays), _pack(item, arrays)] for key, item in value.items()]}
    raise TypeError(f"a snapshot cannot hold {type(value).__name__}")


def _unpack(value: Any, arrays: dict[str, np.typing.NDArray[Any]], known: dict[str, type]) -> Any:
    if isinstance(value, list):
        return [_unpack(item, arrays, known) for item in value]
    if not isinstance(value, dict):
        return value
    if "array" in value:
        return arrays[value["array"]]
    if "series" in value:
        return _unpack(value["series"], arrays, known).to_series()
    if "frame" in value:
        return pl.read_ipc(io.BytesIO(arrays[value["frame"]].tobytes()))
    if "tuple" in value:
        return tuple(_unpack(item, arrays, known) for item in value["tuple"])
    if "pairs" in value:
        return {_unpack(key, arrays, known): _unpack(item, arrays, known) for key, item in value["pairs"]}
    if value["kind"] not in known:
        raise SnapshotError(f"the snapshot holds a {value['kind']}, which this version does not know")
    parts = {name: _unpack(item, arrays, known) for name, item in value["fields"].items()}
    return known[value["kind"]](**parts)
