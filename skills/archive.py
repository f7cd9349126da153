"""A zip file as a mapping of paths to bytes. Refuses whatever is not plain, small and safe."""

from __future__ import annotations

import lzma
import stat
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Final

from skillweave.skills.errors import SkillFormatError
from skillweave.skills.files import MAX_FILES, ignored, same_but_for_case, unsafe_path

MAX_TOTAL: Final = 256 * 1024 * 1024
"""Bytes that a zip may hold, packed or unpacked; larger things are dropped as a folder."""
MAX_RATIO: Final = 200
_RATIO_COUNTS_FROM: Final = 8 * 1024 * 1024
_UNPACK: Final = "unpack it and drop the folder"
_DAMAGE: Final = (
    EOFError,
    NotImplementedError,
    OverflowError,
    RuntimeError,
    ValueError,
    lzma.LZMAError,
    struct.error,
    zlib.error,
)
"""What zipfile lets through of a damaged file, beside BadZipFile."""
_ENCRYPTED: Final = 0x1


def read_zip(path: Path) -> dict[str, bytes]:
    """The files of a zip, without what machines and editors leave in folders."""
    try:
        if path.stat().st_size > MAX_TOTAL:
            raise _refuse(path, f"larger than {MAX_TOTAL >> 20} MB", _UNPACK)
        with zipfile.ZipFile(path) as archive:
            return _read(archive, path)
    except zipfile.BadZipFile as error:
        raise _refuse(path, f"not a whole zip file ({error})", "pack it again") from error
    except _DAMAGE as error:
        raise _refuse(path, f"cannot be unpacked ({error})", "pack it again") from error
    except OSError as error:
        raise _refuse(path, f"cannot be read ({error.strerror})", "check the file") from error


def _read(archive: zipfile.ZipFile, path: Path) -> dict[str, bytes]:
    entries = [entry for entry in archive.infolist() if not entry.filename.endswith("/")]
    if len(entries) > MAX_FILES:
        raise _refuse(path, f"more than {MAX_FILES} files", "a skill is a small folder")
    if sum(entry.file_size for entry in entries) > MAX_TOTAL:
        raise _refuse(path, f"unpacks to more than {MAX_TOTAL >> 20} MB", _UNPACK)
    for entry in entries:
        _check(entry, path)
    kept = [entry for entry in entries if not _ignored(entry.filename)]
    names = [entry.filename for entry in kept]
    if len(set(names)) != len(names):
        raise _refuse(path, "holds two files of one name", "pack it again")
    clash = same_but_for_case(names)
    if clash:
        raise _refuse(path, f"{clash[0]} and {clash[1]} differ only by case", "rename one of them")
    return {entry.filename: _unpack(archive, entry, path) for entry in kept}


def _check(entry: zipfile.ZipInfo, path: Path) -> None:
    # ZipInfo cuts the name at a zero byte and turns backslashes; the original tells the truth.
    reason = unsafe_path(entry.orig_filename)
    if reason:
        raise _refuse(path / entry.filename.lstrip("/"), reason, "pack it with plain names")
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        raise _refuse(path / entry.filename, "is a link or a device", "pack the file itself")
    if entry.flag_bits & _ENCRYPTED:
        raise _refuse(path / entry.filename, "is encrypted", "pack it without a password")
    large = entry.file_size > _RATIO_COUNTS_FROM
    if large and entry.file_size > MAX_RATIO * max(entry.compress_size, 1):
        raise _refuse(path / entry.filename, f"is packed more than {MAX_RATIO}:1", _UNPACK)


def _unpack(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path) -> bytes:
    with archive.open(entry) as stream:
        data = stream.read(entry.file_size + 1)
    if len(data) != entry.file_size:
        raise _refuse(path / entry.filename, "is not as long as the zip says", "pack it again")
    return data


def _ignored(name: str) -> bool:
    return any(ignored(part) or part == "__MACOSX" for part in name.split("/"))


def _refuse(file: Path, reason: str, remedy: str) -> SkillFormatError:
    return SkillFormatError(file, reason, remedy=remedy)
