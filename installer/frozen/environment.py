"""Runs in the frozen program before it: programs that Deskbell starts must not load Deskbell's libraries.

PyInstaller's start sets LD_LIBRARY_PATH and keeps what was there before. The loader has read it by now.
"""

import os
import sys

if sys.platform.startswith("linux"):
    before = os.environ.pop("LD_LIBRARY_PATH_ORIG", None)
    os.environ.pop("LD_LIBRARY_PATH", None)
    if before:
        os.environ["LD_LIBRARY_PATH"] = before
