"""Names to save attachments under."""

from __future__ import annotations

from server_stub.manifest import cleaned

_LONGEST_NAME = 120


def file_name(claimed: str, sha256: str) -> str:
    """A name to save under, made of the claimed one: no folders, no controls, no reserved or hidden names."""
    name = cleaned(claimed).replace("\n", " ").replace("\t", " ")
    for separator in '/\\:*?"<>|':
        name = name.replace(separator, "_")
    name = name.strip(" .")
    stem, _, ending = name.rpartition(".")
    if len(name) > _LONGEST_NAME:
        name = f"{(stem or name)[: _LONGEST_NAME - 12]}.{ending[:8]}" if stem else name[:_LONGEST_NAME]
    reserved = {"CON", "PRN", "AUX", "NUL", *(f"{p}{n}" for p in ("COM", "LPT") for n in range(1, 10))}
    if not name or name.partition(".")[0].upper() in reserved:
        return f"attachment-{name}" if name else f"attachment-{sha256[:8]}"
    return name
