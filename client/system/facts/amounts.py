"""Sizes as people write them."""

from __future__ import annotations

from client.core.words import _

GIB = 1 << 30


def size(count_bytes: float) -> str:
    """ "512 MB", "3.1 GB", "256 GB": in powers of 1024, as Windows shows them."""
    if count_bytes < GIB:
        return f"{count_bytes / (1 << 20):.0f} MB"
    if count_bytes < 10 * GIB:
        return f"{count_bytes / GIB:.1f} GB"
    if count_bytes < 1000 * GIB:
        return f"{count_bytes / GIB:.0f} GB"
    return f"{count_bytes / (1 << 40):.1f} TB"


def free_of(free_bytes: int, total_bytes: int) -> str:
    return _("{free} free of {total}").format(free=size(free_bytes), total=size(total_bytes))
