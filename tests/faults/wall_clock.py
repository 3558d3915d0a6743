"""The wall clock of a program, set wrong from outside while it runs. Needs a C compiler."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_suffix(".c")


class WallClock:
    """The clock of every program that is started with `env`: right at first. All others keep the true one."""

    def __init__(self, folder: Path, name: str) -> None:
        self._file = folder / f"{name}.clock"
        self._library = folder / "wall_clock.so"
        self._file.write_bytes(bytes(8))
        if not self._library.exists():
            command = ["cc", "-O1", "-shared", "-fPIC", "-o", self._library, SOURCE]
            subprocess.run(command, check=True, timeout=60)

    @property
    def env(self) -> dict[str, str]:
        """To be added to a program's environment."""
        return {"LD_PRELOAD": str(self._library), "WALL_CLOCK": str(self._file)}

    def set_ahead(self, seconds: int) -> None:
        """From now on the clock is so far ahead of the true one; negative: behind."""
        with self._file.open("r+b") as file:
            file.write(struct.pack("=q", seconds))
