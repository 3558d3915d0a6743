"""What a disk, a crash, a cleaning program or a person can do to one file."""

from __future__ import annotations

import random
import shutil
from enum import StrEnum
from pathlib import Path

# JSON that is none of ours; the last one is deeper than a parser goes.
STRANGE = (b"[]", b"{}", b"null", b'"x"', b"1e999", b'{"format": 2}', b"[" * 60_000, b'{"a":' * 9_000)


class Damage(StrEnum):
    DELETED = "deleted"
    EMPTIED = "emptied"
    TRUNCATED = "truncated"
    FLIPPED = "one bit flipped"
    ZEROED = "zeroed"
    ZERO_TAIL = "zeroed to its end"
    GARBLED = "garbled"
    STRANGE = "strange JSON"
    FOLDER = "a folder in its place"
    LINK = "a link in its place"


OF_CONTENT = (
    Damage.DELETED,
    Damage.EMPTIED,
    Damage.TRUNCATED,
    *[Damage.FLIPPED] * 4,
    Damage.ZEROED,
    Damage.ZERO_TAIL,
    Damage.GARBLED,
    Damage.STRANGE,
)


def do(damage: Damage, path: Path, chance: random.Random) -> str:
    """Damage a file, its mode stays; what was done, in words."""
    data = bytearray(path.read_bytes())
    at = chance.randrange(len(data)) if data else 0
    match damage:
        case Damage.DELETED:
            path.unlink()
        case Damage.EMPTIED:
            path.write_bytes(b"")
        case Damage.TRUNCATED:
            path.write_bytes(data[:at])
        case Damage.FLIPPED:
            bit = chance.randrange(8)
            if data:
                data[at] ^= 1 << bit
            path.write_bytes(data)
            return f"{damage}: bit {bit} of byte {at}"
        case Damage.ZEROED:
            path.write_bytes(bytes(len(data)))
        case Damage.ZERO_TAIL:
            path.write_bytes(data[:at] + bytes(len(data) - at))
        case Damage.GARBLED:
            path.write_bytes(chance.randbytes(len(data) or 20))
        case Damage.STRANGE:
            strange = chance.choice(STRANGE)
            path.write_bytes(strange)
            return f"{damage}: {strange[:13].decode()}"
        case Damage.FOLDER:
            path.unlink()
            path.mkdir(mode=0o700)
        case Damage.LINK:
            path.unlink()
            path.symlink_to("/dev/null")
    return f"{damage} at {at}" if damage in (Damage.TRUNCATED, Damage.ZERO_TAIL) else str(damage)


def remove(folder: Path) -> str:
    """Delete a folder and all in it."""
    shutil.rmtree(folder)
    return "deleted with all in it"
