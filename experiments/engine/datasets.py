"""xarray's datasets as netCDF files that say when they are damaged, and give back every attribute as it was.

A file ends with a line that holds the SHA-256 of what stands before it: readers of netCDF do not look there.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from gradproof.experiments.engine.content import Unkeepable, decode, encode
from gradproof.experiments.engine.files import whole
from gradproof.theory.errors import GradproofError

MARK = b"\ngradproof sha256 "
_END = len(MARK) + 64 + 1
KEPT = "gradproof_kept"  # attribute of the file: those that netCDF has no type for, and what a DataArray was called
VALUE = "gradproof_value"  # the variable that holds a DataArray


class DamagedDataset(GradproofError):
    """A file is no dataset that was written here, or no longer."""


def write_dataset(data: Any, path: Path) -> None:
    """Keep an ``xarray.Dataset`` or ``DataArray``: all of it, or nothing.

    Raises:
        Unkeepable: it would not come back as it is.
        OSError: no room, no permission.
    """
    with whole(path) as part:
        try:
            _prepared(data).to_netcdf(part, engine="h5netcdf")
        except (OSError, Unkeepable):
            raise
        except RuntimeError as error:  # HDF5's word for a disk that is full
            raise OSError(f"{path.name}: {error}") from None
        except Exception as error:  # whatever netCDF has no type for
            raise Unkeepable(f"a dataset that netCDF cannot hold: {' '.join(str(error).split())}") from None
        with part.open("r+b") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            file.seek(0, 2)
            file.write(MARK + digest.encode() + b"\n")
        if not _same(read_dataset(part), data):
            raise Unkeepable("a dataset that changes when netCDF keeps it; give its variables plain types and names")


def read_dataset(path: Path) -> Any:
    """What was kept, in memory.

    Raises:
        DamagedDataset: its bytes are not those that were written.
        OSError: it cannot be read.
    """
    import xarray as xr

    check(path)
    try:
        found = xr.load_dataset(path, engine="h5netcdf")
        return _restored(found)
    except Exception as error:  # written by another hand, with a checksum
        raise DamagedDataset(f"{path} holds no dataset: {' '.join(str(error).split())[:200]}") from None


def check(path: Path) -> None:
    """Are the bytes of the file those that were written?

    Raises:
        DamagedDataset: they are not, or the file does not say.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(size - _END, 0))
        end = file.read(_END)
        if size < _END or not end.startswith(MARK):
            raise DamagedDataset(
                f"{path} does not end with its checksum: it is damaged, or was not written by gradproof"
            )
        file.seek(0)
        sha, left = hashlib.sha256(), size - _END
        while left:
            block = file.read(min(left, 2**20))
            sha.update(block)
            left -= len(block)
    if end[len(MARK) : -1] != sha.hexdigest().encode():
        raise DamagedDataset(f"{path} is damaged: its checksum differs")


# --- attributes ------------------------------------------------------------------------------------------------------


def _prepared(data: Any) -> Any:
    """A dataset whose attributes netCDF can hold, with what it cannot as JSON beside them."""
    kept: dict[str, Any] = {}
    if not hasattr(data, "data_vars"):
        kept["name"] = encode(data.name)
        data = data.to_dataset(name=VALUE)
    found = data.copy(deep=False)
    for name, x in [("", found), *found.variables.items()]:
        given = dict(x.attrs)
        if any(type(v) is not str for v in given.values()) or any(type(k) is not str for k in given):
            kept.setdefault("attributes", []).append([encode(name), [[encode(k), encode(v)] for k, v in given.items()]])
        plain = {str(k): v if _natural(v) else str(v) for k, v in given.items()}
        if name == "":
            found.attrs = plain
        else:
            found[name].attrs = plain
    texts = {name: x.dtype.str for name, x in found.variables.items() if x.dtype.kind in "US"}
    if texts:
        kept["dtypes"] = [[encode(name), dtype] for name, dtype in texts.items()]
    if kept:
        found.attrs[KEPT] = json.dumps(kept)
    return found


def _natural(v: Any) -> bool:
    if isinstance(v, np.ndarray | np.generic):
        return v.dtype.kind in "iuf" and v.ndim <= 1
    return type(v) in (str, int, float) and not (type(v) is int and abs(v) >= 2**63)


def _restored(found: Any) -> Any:
    kept = json.loads(found.attrs.pop(KEPT, "{}"))
    for name, dtype in kept.get("dtypes", ()):
        x = found[decode(name)].variable
        found[decode(name)] = (x.dims, np.asarray(x.values).astype(np.dtype(dtype)), x.attrs)
    for name, attributes in kept.get("attributes", ()):
        x = found if name == "" else found[decode(name)]
        x.attrs = {decode(k): decode(v) for k, v in attributes}
    if "name" in kept:
        return found[VALUE].rename(decode(kept["name"]))
    return found


def _same(a: Any, b: Any) -> bool:
    """Equal values, names and attributes, of the same types."""
    if type(a) is not type(b) or not a.identical(b):
        return False
    pairs = [(a, b)]
    if hasattr(a, "data_vars"):
        pairs += [(a[n], b[n]) for n in a.variables]
    else:
        pairs += [(a.coords[n], b.coords[n]) for n in a.coords]
    for x, y in pairs:
        if not hasattr(x, "data_vars") and x.dtype != y.dtype:
            return False
        if [(type(k), type(v)) for k, v in x.attrs.items()] != [(type(k), type(v)) for k, v in y.attrs.items()]:
            return False
    return True
