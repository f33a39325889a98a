"""Data sets: what they hold, where they are looked for, and what is said when they are not there."""

import bz2

import numpy as np
import pooch
import pytest

from gradproof.experiments.instances import data
from gradproof.theory.errors import DataUnavailable, ParameterError

TEXT = b"1 1:0.5 3:2\n2 2:-1\n1 1:1 2:1 3:1\n2 3:4\n1 2:3\n"


@pytest.fixture
def nowhere(monkeypatch, tmp_path):
    """No data folder, an empty cache, and no network."""
    monkeypatch.delenv(data.VARIABLE, raising=False)
    monkeypatch.setattr(pooch, "os_cache", lambda name: tmp_path / "cache")

    def refuse(*args, **kwargs):
        raise ConnectionError("no network")

    monkeypatch.setattr(pooch, "retrieve", refuse)


def test_breast_cancer_reference_constants():
    P = data.logistic("breast_cancer", 10)
    assert (P.n, P.m, P.d) == (10, 56, 30)
    assert pytest.approx(2.924909824, abs=5e-10) == P.L
    assert P.L_i.mean() == pytest.approx(3.008800683, abs=5e-10)
    assert np.sqrt((P.L_i**2).mean()) == pytest.approx(4.107327039, abs=5e-10)
    assert P.L_i.var() == pytest.approx(7.817253856, abs=5e-9)


def test_bundled_sets():
    for load, shape in ((data.breast_cancer, (569, 30)), (data.digits, (1797, 61))):
        d = load()
        assert d.X.shape == shape
        assert np.allclose(d.X.mean(0), 0, atol=1e-12)
        assert np.allclose(d.X.std(0), 1)
        assert set(d.y) == {-1.0, 1.0}


@pytest.mark.parametrize("name", ["breast_cancer", "digits"])
@pytest.mark.parametrize("moved", [False, True], ids=["from the file", "by the library"])
def test_bundled_sets_are_those_of_scikit_learn(name, moved, monkeypatch):
    import sklearn.datasets

    if moved:
        monkeypatch.setattr(data.importlib.util, "find_spec", lambda name: None)
    for ours, theirs in zip(
        data.bundled(name), getattr(sklearn.datasets, f"load_{name}")(return_X_y=True), strict=True
    ):
        assert np.array_equal(ours, theirs)


@pytest.mark.parametrize("compressed", [False, True])
def test_any_libsvm_file(tmp_path, compressed):
    path = tmp_path / ("small.bz2" if compressed else "small")
    path.write_bytes(bz2.compress(TEXT) if compressed else TEXT)
    d = data.load(str(path))
    assert np.array_equal(d.X, [[0.5, 0, 2], [0, -1, 0], [1, 1, 1], [0, 0, 4], [0, 3, 0]])
    assert np.array_equal(d.y, [-1, 1, -1, 1, -1])


def test_found_by_name_in_the_data_folder(tmp_path, monkeypatch, nowhere):
    (tmp_path / "small.bz2").write_bytes(bz2.compress(TEXT))
    monkeypatch.setenv(data.VARIABLE, str(tmp_path))
    assert data.available("small")
    assert data.load("small").X.shape == (5, 3)


def test_no_network_is_one_line_that_says_what_to_do(nowhere):
    assert not data.available("a9a")
    with pytest.raises(DataUnavailable) as caught:
        data.load("a9a")
    text = str(caught.value)
    assert "\n" not in text
    assert all(word in text for word in ("a9a", data.VARIABLE, "download it by hand", "ConnectionError"))


def test_unknown_name(nowhere):
    with pytest.raises(DataUnavailable, match="give a path to a LIBSVM file, or one of breast_cancer"):
        data.load("no-such-set")


def test_a_file_that_is_not_the_data_is_refused(tmp_path, monkeypatch, nowhere):
    (tmp_path / "mushrooms").write_bytes(TEXT)
    monkeypatch.setenv(data.VARIABLE, str(tmp_path))
    with pytest.raises(DataUnavailable, match="SHA-256 differs"):
        data.load("mushrooms")


@pytest.mark.parametrize("raw", [b"hello world\n", b"\x00\x01", b"1 1:x\n"])
def test_unreadable_files(tmp_path, raw):
    path = tmp_path / "bad"
    path.write_bytes(raw)
    with pytest.raises(DataUnavailable, match=r"not a readable LIBSVM file|different labels"):
        data.load(str(path))
    (tmp_path / "bad.bz2").write_bytes(raw)
    with pytest.raises(DataUnavailable, match="not a readable LIBSVM file"):
        data.load(str(tmp_path / "bad.bz2"))


def test_split():
    d = data.breast_cancer()
    A, b = data.split(d, 10, order="norm")
    norms = np.linalg.norm(A.reshape(560, 30), axis=1)
    assert (np.diff(norms) >= 0).all()
    assert b.shape == (10, 56)
    with pytest.raises(ParameterError, match="n=600 clients"):
        data.split(d, 600)


@pytest.mark.parametrize(
    ("name", "shape", "L"),
    [("mushrooms", (8124, 112), 2.5862142), ("phishing", (11055, 68), 0.16255108)]
    + [("a9a", (32561, 123), 1.5719197), ("w8a", (49749, 300), 0.66119938)],
)
def test_libsvm_sets(name, shape, L):
    if not data.available(name):
        pytest.skip(f"{name} is not on this machine; set {data.VARIABLE}")
    d = data.load(name)
    assert d.X.shape == shape
    assert np.linalg.eigvalsh(d.X.T @ d.X)[-1] / (4 * len(d.X)) == pytest.approx(L, rel=1e-6)
