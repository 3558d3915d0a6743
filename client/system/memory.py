"""Has the memory of freed things leave the process, where the C library would keep it (glibc)."""

from __future__ import annotations

import sys
from contextlib import suppress

# malloc.h
M_MMAP_THRESHOLD = -3
M_ARENA_MAX = -8

LARGE_BYTES = 1024 * 1024


def keep_little() -> None:
    """Once, before the first picture is taken.

    glibc takes the size of a freed block for the size to keep from then on, up to 32 MiB: after a few reports on one 4K
    display 140 MiB stay, with a fixed limit 60. And it keeps a heap for each thread, of which most lies idle.
    """
    if sys.platform.startswith("linux"):
        import ctypes

        with suppress(OSError, AttributeError):  # another C library
            mallopt = ctypes.CDLL(None).mallopt
            mallopt(M_MMAP_THRESHOLD, LARGE_BYTES)
            mallopt(M_ARENA_MAX, 1)


def give_back() -> None:
    """After a report: what is free between things that stay."""
    if sys.platform.startswith("linux"):
        import ctypes

        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)
