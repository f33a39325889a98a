"""Real data sets: two bundled with scikit-learn, and any file in LIBSVM format."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import importlib.util
import io
import lzma
import os
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gradproof.experiments.instances.finite_sums import Logistic
from gradproof.theory.errors import DataUnavailable, ParameterError

LARGEST_TEXT = 2**29  # bytes of one file, decompressed
MOST_ENTRIES = 2**28  # of a table: rows x features, kept in full
SUFFIXES = (".bz2", ".gz", ".xz", ".txt")

#: Directory that is searched first.
VARIABLE = "GRADPROOF_DATA"
SITE = "https://www.csie.ntu.edu.tw/~cjlin/libsvmtools/datasets/binary/"


@dataclass(frozen=True)
class Source:
    """A LIBSVM set: name of the file on the site, number of features, and ``content_digest`` of what it must hold."""

    file: str
    features: int
    digest: str


SOURCES: dict[str, Source] = {
    "mushrooms": Source("mushrooms", 112, "7f16313c35de1695422c372699c213f3c5520369def127c4e45405987c9336a0"),
    "phishing": Source("phishing", 68, "3155b6665f6703a0eee7f440517697d69346cf515aad57d3ca2c02bbbb3e4173"),
    "a9a": Source("a9a", 123, "e101b173f87b37cd70692ce66741a1969b6d2ee0f3bd506b2600d541379e4f7c"),
    "w8a": Source("w8a", 300, "70ea23e98b91f4206f7bf718d23c83328507c29baf0038eaf4f91b329db751a2"),
}


@dataclass(frozen=True, eq=False)
class Dataset:
    """Rows and labels: X (rows, d) float64, y (rows,) in {-1, +1}."""

    name: str
    X: NDArray[np.float64]
    y: NDArray[np.float64]


def bundled(name: Literal["breast_cancer", "digits"]) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """X and y of ``sklearn.datasets.load_<name>``, read from its own file: loading that library takes far longer."""
    file, skip, shape = {
        "breast_cancer": ("breast_cancer.csv", 1, (569, 31)),
        "digits": ("digits.csv.gz", 0, (1797, 65)),
    }[name]
    spec = importlib.util.find_spec("sklearn")
    for path in [
        Path(folder) / "datasets" / "data" / file for folder in (spec and spec.submodule_search_locations) or ()
    ]:
        if path.is_file() and (table := np.loadtxt(path, delimiter=",", skiprows=skip)).shape == shape:
            return np.ascontiguousarray(table[:, :-1]), table[:, -1].astype(np.intp)
    import sklearn.datasets  # a release that keeps it elsewhere

    load: Callable[..., Any] = getattr(sklearn.datasets, f"load_{name}")
    X, y = load(return_X_y=True)
    return X, y


def breast_cancer() -> Dataset:
    """Breast cancer Wisconsin, 569 x 30, bundled with scikit-learn; columns standardised by the population deviation."""
    X, y = bundled("breast_cancer")
    return Dataset("breast_cancer", _standardise(X), _signs(y.astype(np.float64)))


def pixels() -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """The 8 x 8 handwritten digits of scikit-learn: 1797 rows of 64 pixels in [0, 1], and the digit of each."""
    X, y = bundled("digits")
    return X / 16, y


def digits() -> Dataset:
    """Handwritten digits, 1797 x 61 after dropping constant pixels, bundled with scikit-learn: 5-9 against 0-4."""
    X, y = bundled("digits")
    return Dataset("digits", _standardise(X[:, X.std(axis=0) > 0]), np.where(y >= 5, 1.0, -1.0))


BUNDLED: dict[str, Callable[[], Dataset]] = {"breast_cancer": breast_cancer, "digits": digits}


def load(name: str) -> Dataset:
    """A bundled set, a set of ``SOURCES``, or a path to a file in LIBSVM format, plain or compressed.

    A set of ``SOURCES`` is looked for in the directory $GRADPROOF_DATA, then in the user's cache, then downloaded; its
    content is compared with a stored SHA-256. The larger label becomes +1, the other -1.

    Raises:
        DataUnavailable: nowhere to be found, unreadable, or not what it should be.
    """
    if name in BUNDLED:
        return BUNDLED[name]()
    if name not in SOURCES:
        path = Path(name).expanduser()
        found = path if path.is_file() else _in_directory(name)
        if found is None:
            known = ", ".join([*BUNDLED, *SOURCES])
            raise DataUnavailable(f"no data set and no file {name!r}; give a path to a LIBSVM file, or one of {known}")
        return read_libsvm(found)
    source = SOURCES[name]
    return read_libsvm(_locate(source), name=name, features=source.features, digest=source.digest)


def available(name: str) -> bool:
    """True if the set can be had without the network."""
    return name in BUNDLED or _in_directory(name) is not None or _in_cache(name) is not None


def read_libsvm(path: Path, *, name: str = "", features: int | None = None, digest: str = "") -> Dataset:
    """Read one file, plain or compressed by gzip, bzip2 or xz, which its first bytes tell.

    Raises:
        DataUnavailable: not LIBSVM text, not finite, not two labels, larger than ``LARGEST_TEXT`` or ``MOST_ENTRIES``, or a content
            other than ``digest``.
    """
    from sklearn.datasets import load_svmlight_file

    name = name or _stem(path.name)
    try:
        X, y = load_svmlight_file(io.BytesIO(_text(path)), n_features=features)
    except (OSError, EOFError, ValueError, OverflowError, lzma.LZMAError, zlib.error) as error:
        said = "an index beyond 2^31" if isinstance(error, OverflowError) else " ".join(str(error).split())[:200]
        raise DataUnavailable(f"{path} is not a readable LIBSVM file ({said}); replace it") from None
    if not np.isfinite(y).all():
        raise DataUnavailable(
            f"{path} has a label that is no number, in example {int(np.argmin(np.isfinite(y))) + 1}; correct it"
        )
    if not np.isfinite(X.data).all():
        raise DataUnavailable(f"{path} has a value that is no finite number; correct it")
    if len(np.unique(y)) != 2:
        raise DataUnavailable(f"{path} has {len(np.unique(y))} different labels; binary classification needs 2")
    if X.shape[0] * X.shape[1] > MOST_ENTRIES:
        raise DataUnavailable(
            f"{path} has {X.shape[0]} rows of {X.shape[1]} features, a table of {8e-9 * X.shape[0] * X.shape[1]:.3g} GB; the limit "
            f"is {8e-9 * MOST_ENTRIES:.3g} GB: keep fewer rows or features"
        )
    if digest and content_digest(X, y) != digest:
        raise DataUnavailable(f"{path} does not hold the {name} data (its SHA-256 differs); fetch it again")
    return Dataset(name, np.ascontiguousarray(X.toarray()), _signs(y))


def _stem(file: str) -> str:
    suffix = Path(file).suffix
    return file.removesuffix(suffix) if suffix.lower() in SUFFIXES else file


def _text(path: Path) -> bytes:
    """What the file holds, decompressed as far as the limit. A few kB can hold terabytes.

    Raises:
        ValueError: more than ``LARGEST_TEXT`` bytes.
    """
    with path.open("rb") as file:
        start = file.read(6)
        file.seek(0)
        stream: Any = file
        if start.startswith(b"\x1f\x8b"):
            stream = gzip.GzipFile(fileobj=file)
        elif start.startswith(b"BZh"):
            stream = bz2.BZ2File(file)
        elif start == b"\xfd7zXZ\0":
            return _unpacked_xz(file)
        text = stream.read(LARGEST_TEXT + 1)
    return _within(text)


def _unpacked_xz(file: Any) -> bytes:
    """Blocks of xz, one after the other; the dictionary of each is limited, too."""
    text, waiting = b"", file.read(LARGEST_TEXT + 1)
    while waiting:
        block = lzma.LZMADecompressor(memlimit=2**28)
        text += block.decompress(waiting, max_length=LARGEST_TEXT + 1 - len(text))
        if not block.eof:
            _within(text)
            raise EOFError("it ends too early")
        waiting = block.unused_data.lstrip(b"\0")
    return _within(text)


def _within(text: bytes) -> bytes:
    if len(text) > LARGEST_TEXT:
        raise ValueError(f"more than {LARGEST_TEXT / 1e6:.0f} MB of text")
    return text


def content_digest(X: object, y: NDArray[np.float64]) -> str:
    """SHA-256 of the numbers in a sparse table, whatever the blanks and the compression of the file."""
    from scipy import sparse

    table = sparse.csr_array(X)
    table.eliminate_zeros()
    table.sort_indices()
    parts = (
        np.array(table.shape, "<i8"),
        table.indptr.astype("<i8"),
        table.indices.astype("<i8"),
        table.data.astype("<f8"),
    )
    sha = hashlib.sha256()
    for part in (*parts, np.asarray(y).astype("<f8")):
        sha.update(part.tobytes())
    return sha.hexdigest()


def split(
    data: Dataset, n: int, *, order: Literal["given", "norm"] = "given"
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rows of n clients, (n, m, d), and their labels, (n, m): contiguous blocks of the first n floor(rows/n) rows.

    ``order="norm"`` first sorts the rows by Euclidean norm (stable), which makes the clients' constants differ.

    Raises:
        ParameterError: more clients than rows, or n < 1.
    """
    rows = len(data.X)
    if not 1 <= n <= rows:
        raise ParameterError(f"n={n} clients need between 1 and {rows} ({data.name} has {rows} rows)")
    index = np.argsort(np.linalg.norm(data.X, axis=1), kind="stable") if order == "norm" else np.arange(rows)
    m = rows // n
    index = index[: n * m]
    return data.X[index].reshape(n, m, -1), data.y[index].reshape(n, m)


def logistic(name: str, n: int, *, lam: float = 1e-3, order: Literal["given", "norm"] = "norm") -> Logistic:
    """Logistic regression with the nonconvex regulariser on a data set split among n clients."""
    A, b = split(load(name), n, order=order)
    return Logistic(A, b, lam)


# --- where files are ---------------------------------------------------------------------------------------------------


def _candidates(folder: Path, name: str) -> Path | None:
    for file in (name, *(name + s for suffix in SUFFIXES for s in (suffix, suffix.upper()))):
        if (folder / file).is_file():
            return folder / file
    return None


def _in_directory(name: str) -> Path | None:
    folder = os.environ.get(VARIABLE)
    return _candidates(Path(folder).expanduser(), name) if folder else None


def _cache() -> Path:
    import pooch

    return Path(pooch.os_cache("gradproof"))


def _in_cache(name: str) -> Path | None:
    return _candidates(_cache(), name)


def _locate(source: Source) -> Path:
    found = _in_directory(source.file) or _in_cache(source.file)
    return found if found is not None else _download(source)


def _download(source: Source) -> Path:
    import pooch

    try:
        # the file's own bytes may change (blanks, compression); read_libsvm compares the content's SHA-256
        return Path(
            pooch.retrieve(SITE + source.file, known_hash=None, fname=source.file, path=_cache(), progressbar=False)
        )
    except Exception as error:  # pooch lets every kind of network error through
        raise DataUnavailable(
            f"{source.file} is not in ${VARIABLE} ({os.environ.get(VARIABLE) or 'not set'}) nor in {_cache()}, and "
            f"{SITE}{source.file} cannot be fetched ({type(error).__name__}); download it by hand and set {VARIABLE} to its folder"
        ) from None


def _standardise(X: NDArray[np.float64]) -> NDArray[np.float64]:
    return (X - X.mean(axis=0)) / X.std(axis=0)


def _signs(y: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(y == y.max(), 1.0, -1.0)
