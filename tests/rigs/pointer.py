"""A real pointer and keyboard on an X display: events go through the server (XTEST), and clicks are counted."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping


class Pointer:
    """Moves, clicks and types as a hand would. ``clicks`` counts what it pressed."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = dict(env)
        self.clicks = 0

    def move(self, x: int, y: int) -> None:
        """Moves the pointer."""
        self._xdotool("mousemove", str(x), str(y))

    def click(self, x: int, y: int, button: int = 1) -> None:
        """Moves there and clicks once."""
        self._xdotool("mousemove", str(x), str(y), "click", str(button))
        self.clicks += 1

    def type(self, text: str) -> None:
        """Types text into whatever has the focus."""
        self._xdotool("type", "--delay", "5", text)

    def press(self, keys: str) -> None:
        """Presses a key or a chord, such as ``ctrl+Return``."""
        self._xdotool("key", keys)

    def _xdotool(self, *arguments: str) -> None:
        subprocess.run(["xdotool", *arguments], env=self._env, check=True, timeout=10, capture_output=True)
