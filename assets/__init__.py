"""What Deskbell shows and says: icons and the one catalogue of words that client and server share.

The only package besides the standard library that every part may import.
"""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).resolve().parent


def icon(name: str) -> Path:
    """Path of an icon file, such as ``icon("bell.svg")``."""
    return _HERE / "icons" / name


def locale_dir() -> Path:
    """The folder of compiled catalogues, for `gettext.translation("deskbell", locale_dir(), …)`."""
    return _HERE / "locale"
