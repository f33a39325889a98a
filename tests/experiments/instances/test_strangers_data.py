"""Data files of strangers: compressed as they like, broken, or made to fill a memory. Read, or refused in one line."""

import base64
import bz2
import gzip
import lzma
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from gradproof.experiments.instances import data
from gradproof.theory.errors import DataUnavailable

TEXT = b"1 1:0.5 3:2\n2 2:-1\n1 1:1 2:1 3:1\n"
PACKED = {"plain": TEXT, "gzip": gzip.compress(TEXT), "bzip2": bz2.compress(TEXT), "xz": lzma.compress(TEXT),
          "two blocks of xz": lzma.compress(TEXT[:20]) + lzma.compress(TEXT[20:])}  # fmt: skip


@pytest.mark.parametrize("packed", PACKED)
@pytest.mark.parametrize("name", ["small", "small.txt", "small.bz2", "SMALL.BZ2", "small.gz", "small.XZ", "small.data"])
def test_the_first_bytes_tell_the_compression_not_the_name(tmp_path, packed, name):
    (tmp_path / name).write_bytes(PACKED[packed])
    found = data.load(str(tmp_path / name))
    assert np.array_equal(found.X, [[0.5, 0, 2], [0, -1, 0], [1, 1, 1]])
    assert np.array_equal(found.y, [-1, 1, -1])
    assert found.name == name.partition(".")[0] or name == "small.data"


@pytest.mark.parametrize("name", ["small.GZ", "small.xz", "small.TXT"])
def test_a_set_is_found_whatever_its_suffix(tmp_path, monkeypatch, name):
    (tmp_path / name).write_bytes(TEXT)
    monkeypatch.setenv(data.VARIABLE, str(tmp_path))
    assert data.load("small").X.shape == (3, 3)


BAD = {
    "a label that is no number": b"nan 1:1\n1 1:2\n",
    "labels that are no numbers": b"nan 1:1\nnan 1:2\n",
    "an infinite label": b"inf 1:1\n1 1:2\n",
    "a value that is no number": b"1 1:nan\n2 1:2\n",
    "an infinite value": b"1 1:1\n2 1:-inf\n",
    "a value beyond floats": b"1 1:1e999\n2 1:2\n",
    "an index of 2e9": b"1 2000000000:1\n2 1:1\n",
    "an index of 3e9": b"1 3000000000:1\n2 1:1\n",
    "an index of 1e20": b"1 100000000000000000000:1\n2 1:1\n",
    "an index below zero": b"1 -1:1\n2 1:1\n",
    "an index twice": b"1 1:1 1:2\n2 1:1\n",
    "1.4e6 features": b"1 1400000:1\n2 1:1\n" * 100,
    "one label": b"1 1:1\n1 1:2\n",
    "three labels": b"1 1:1\n2 1:2\n3 1:3\n",
    "no line": b"",
    "many labels a line": b"1,2 1:1\n2 1:1\n",
    "zeros": bytes(100),
    "a broken gzip": gzip.compress(TEXT)[:-12],
    "a changed gzip": gzip.compress(TEXT)[:15] + b"\xff\xff\xff" + gzip.compress(TEXT)[18:],
    "a broken bzip2": bz2.compress(TEXT)[:-8],
    "a broken xz": lzma.compress(TEXT)[:-12],
    "rubbish behind xz": lzma.compress(TEXT) + b"rubbish",
    "an xz that wants 1.5 GB": base64.b64decode(
        "/Td6WFoAAATm1rRGAgAhASUAAAA7eHtBAQASMSAxOjAuNSAzOjIKMiAyOi0xCgAAm4dPFLBzoRIAASsTnAlI0h+2830BAAAAAARZWg=="
    ),  # a dictionary of that size in its header
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_what_is_no_data_is_refused_in_one_line(tmp_path, what):
    path = tmp_path / "bad"
    path.write_bytes(BAD[what])
    with pytest.raises(DataUnavailable) as caught:
        data.load(str(path))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600
    assert "delete" not in str(caught.value)  # it is the user's own
    assert path.read_bytes() == BAD[what]


BOMB = """
    import resource, sys
    import sklearn.datasets
    from gradproof.experiments.instances import data
    from gradproof.theory.errors import DataUnavailable
    resource.setrlimit(resource.RLIMIT_AS, (6 * 2**30, 6 * 2**30))
    try:
        data.load(sys.argv[1])
    except DataUnavailable as error:
        print(error)
"""


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress], ids=["gzip", "bzip2", "xz"])
def test_a_small_file_of_gigabytes_is_refused(tmp_path, monkeypatch, pack):
    monkeypatch.setattr(data, "LARGEST_TEXT", 2**21)  # the limit itself takes seconds to reach
    path = tmp_path / "bomb"
    path.write_bytes(pack(b"1 1:1\n" * 2**16) * 20)
    assert path.stat().st_size < 50_000
    with pytest.raises(DataUnavailable, match="more than 2 MB of text"):
        data.load(str(path))


@pytest.mark.slow
def test_a_bomb_of_8_gb_at_the_true_limit(tmp_path):
    path = tmp_path / "bomb.bz2"
    path.write_bytes(bz2.compress(bytes(2**26)) * 128)
    assert path.stat().st_size < 11_000
    command = [sys.executable, "-c", textwrap.dedent(BOMB), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=100)
    assert "more than 537 MB of text" in done.stdout


def test_what_is_no_file_is_refused(tmp_path):
    for path in (tmp_path, "/dev/null", "/dev/zero", tmp_path / "nothing"):
        with pytest.raises(DataUnavailable, match="no data set and no file"):
            data.load(str(path))
