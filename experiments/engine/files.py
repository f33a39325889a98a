"""Files that are whole or not there: written beside their place, flushed to the disk, and renamed; and files of strangers.

Text is UTF-8, whatever the locale.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A place beside ``path`` to write to. It takes the name ``path`` when the block ends, and is gone if the block raises.

    What stands under that name stays until then; a link is replaced, not followed.

    Raises:
        OSError: what the block raises, or the system does: no room, no permission.
    """
    part = path.with_name(f".{path.name}.part-{os.getpid()}")
    try:
        yield part
        with part.open("rb") as written:
            os.fsync(written.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def write_whole(path: Path, content: bytes | str) -> None:
    """Write a file, or leave what was there.

    Raises:
        OSError: no room, no permission.
    """
    data = content.encode("utf-8", errors="backslashreplace") if isinstance(content, str) else content
    with whole(path) as part:
        part.write_bytes(data)


def write_output(path: Path, content: str) -> None:
    """Write where the user says: whole into a file, also behind a link; straight into a pipe or a device.

    Raises:
        OSError: no room, no permission.
    """
    try:
        regular = stat.S_ISREG(path.stat().st_mode)
    except FileNotFoundError:
        regular = True
    if regular:
        write_whole(path.resolve(), content)
        return
    with path.open("w", encoding="utf-8", errors="backslashreplace") as stream:
        stream.write(content)


def read_regular(path: Path, largest: int) -> bytes:
    """Content of a file that a stranger may have put there: links, pipes and devices are not opened.

    Raises:
        OSError: no regular file, or it cannot be read.
        ValueError: larger than ``largest`` bytes.
    """
    # a pipe without a writer would hold us for ever; the check is on what was opened, not on what stood there before
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(handle, "rb") as stream:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
        data = stream.read(largest + 1)
    if len(data) > largest:
        raise ValueError(f"larger than {largest} bytes")
    return data
