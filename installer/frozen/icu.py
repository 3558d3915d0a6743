"""ICU's data without what Qt does not ask ICU for in this program.

Qt compares text by ICU and nothing else that Deskbell does: names of languages, regions, time zones, currencies and
units, spelled-out numbers, transliteration, where words end and old encodings are in there all the same. Qt has tables
of its own for what it formats and breaks. The library holds nothing but one table of items (its format: ICU's User
Guide, "ICU Data", and `udata.h`), so it is made again from fewer of them, as ICU's own build makes it.
"""

from __future__ import annotations

import re
import struct
import subprocess
from collections.abc import Iterable
from pathlib import Path

from installer.frozen.contents import Entry

FOLDERS = ("brkitr", "curr", "lang", "rbnf", "region", "translit", "unit", "zone")
FORMAT = b"CmnD"
FORMAT_AT = 12  # of the header, whose size is its first word
ALIGNMENT = 16


def made_smaller(entries: Iterable[Entry], work: Path) -> list[Entry]:
    """The entries of a bundle, with a smaller libicudata, if one is among them, made under `work`."""
    return [
        (target, str(smaller(Path(source), work)), kind)
        if kind == "BINARY" and Path(target).name.startswith("libicudata.so.")
        else (target, source, kind)
        for target, source, kind in entries
    ]


def smaller(library: Path, work: Path) -> Path:
    """A library to take the place of `library`, a libicudata, made under `work` by binutils."""
    work.mkdir(parents=True, exist_ok=True)
    data, source, linked = work / "icudata.dat", work / "icudata.s", work / library.name
    data.write_bytes(subset(_section(library, work)))
    major = re.search(r"\.so\.(\d+)", library.name)
    if major is None:
        raise LookupError(f"{library.name} does not tell ICU's version")
    symbol = f"icudt{major.group(1)}_dat"
    source.write_text(
        f".section .rodata\n.balign {ALIGNMENT}\n.globl {symbol}\n.type {symbol}, %object\n"
        f'{symbol}:\n.incbin "{data}"\n.size {symbol}, .-{symbol}\n.section .note.GNU-stack,"",%progbits\n'
    )
    _run("as", "-o", f"{source}.o", source)
    _run("ld", "-shared", "-z", "noexecstack", "-soname", library.name, "-o", linked, f"{source}.o")
    return linked


def subset(data: bytes) -> bytes:
    """The same table without the items that are not wanted."""
    header = struct.unpack_from("<H", data)[0]
    if data[FORMAT_AT : FORMAT_AT + 4] != FORMAT:
        raise LookupError("this is no data of ICU in the format that is known here")
    count = struct.unpack_from("<I", data, header)[0]
    places = [struct.unpack_from("<II", data, header + 4 + 8 * number) for number in range(count)]
    ends = [place for _, place in places[1:]] + [len(data) - header]
    names = [data[header + at : data.index(b"\0", header + at)] for at, _ in places]
    items = [
        (name, data[header + start : header + end])
        for name, (_, start), end in zip(names, places, ends, strict=True)
        if _is_wanted(name.decode())
    ]
    return data[:header] + _table(items)


def _table(items: list[tuple[bytes, bytes]]) -> bytes:
    """Number of items; where the name and the content of each begin; the names; the contents."""
    at = 4 + 8 * len(items)
    name_places, content_places, contents = [], [], bytearray()
    for name, _ in items:
        name_places.append(at)
        at += len(name) + 1
    begin = -(-at // ALIGNMENT) * ALIGNMENT
    for _, content in items:
        content_places.append(begin + len(contents))
        contents += content + bytes(-len(content) % ALIGNMENT)
    places = b"".join(struct.pack("<II", *pair) for pair in zip(name_places, content_places, strict=True))
    written = b"".join(name + b"\0" for name, _ in items)
    return struct.pack("<I", len(items)) + places + written + bytes(begin - at) + bytes(contents)


def _is_wanted(name: str) -> bool:
    """Of names such as icudt73l/coll/de.res and icudt73l/gb18030.cnv."""
    parts = name.split("/")
    return not (parts[1] in FOLDERS or name.endswith(".cnv"))


def _section(library: Path, work: Path) -> bytes:
    """The read-only data of a library, which is the table and nothing else."""
    out = work / "icudata.section"
    _run("objcopy", "-O", "binary", "--only-section=.rodata", library, out)
    return out.read_bytes()


def _run(*command: str | Path) -> None:
    subprocess.run([str(part) for part in command], check=True, timeout=60)  # noqa: S603 - binutils
