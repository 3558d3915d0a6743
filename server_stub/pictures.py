"""Pictures that may be shown inside a page: copies made here, never the bytes that somebody sent."""

from __future__ import annotations

import io
import mmap
import uuid
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from PIL import Image, ImageOps

from server_stub.blobs import storage_errors
from server_stub.settings import make_private

# An 8K display has 33 million pixels; four bytes each are 160 MB at most while one is decoded.
MOST_PIXELS = 40_000_000
PREVIEW_WIDTH = 1600
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
_JPEG = ("JPEG", "MPO")  # the second: several in one file, as phones make them
_MODES = ("1", "L", "P", "RGB", "RGBA")
# A progressive JPEG has about ten scans. Each one costs a pass over all pixels and may be sixty bytes short.
_MOST_SCANS = 64
# What Pillow raises for damaged, truncated or hostile pictures. Its bomb warning is an error where warnings are.
_UNREADABLE = (
    OSError, ValueError, SyntaxError, EOFError, OverflowError, IndexError, TypeError, MemoryError,
    Image.DecompressionBombError, Image.DecompressionBombWarning,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Size:
    """Pixels."""

    width: int
    height: int


class Copy(StrEnum):
    """What a copy is for, and how its file's name ends: every pixel and nothing else, or at most 1600 pixels wide.

    A photograph stays one: without loss it would have ten times as many bytes.
    """

    FULL = "full.png"
    PREVIEW = "preview.webp"
    PHOTO = "photo.jpg"


class NotAPicture(Exception):
    """The bytes are no picture that may be shown."""


class Pictures:
    """Makes copies of pictures and keeps them under ``previews/``, which may be deleted at any time."""

    def __init__(self, data: Path) -> None:
        self._root = data / "previews"

    def size(self, original: Path) -> Size | None:
        """The size of the picture by its header, or None where it is none that would be shown. Decodes nothing."""
        try:
            with Image.open(original, formats=_FORMATS) as picture:
                width, height = picture.size
                if picture.format in _JPEG and _scans(original) > _MOST_SCANS:
                    return None
        except _UNREADABLE:
            return None
        return Size(width, height) if 0 < width * height <= MOST_PIXELS else None

    def kept(self, sha256: str, copy: Copy) -> Path | None:
        """A copy that was made before."""
        target = self._target(sha256, copy)
        return target if target.exists() else None

    def make(self, sha256: str, copy: Copy, original: Path) -> Path:
        """The copy, made now where it is not there. Takes a core for itself. Raises NotAPicture, StorageFull."""
        target = self._target(sha256, copy)
        if not target.exists():
            self._make(original, target, copy)
        return target

    def clean(self, original: Path) -> tuple[bytes, str]:
        """A copy to give away, with its media type: the pixels and nothing else. Raises NotAPicture."""
        if self.size(original) is None:
            raise NotAPicture
        with Image.open(original, formats=_FORMATS) as picture:
            is_photo = picture.format in _JPEG
        copy = Copy.PHOTO if is_photo else Copy.FULL
        return _encoded(original, copy), "image/jpeg" if is_photo else "image/png"

    def _target(self, sha256: str, copy: Copy) -> Path:
        return self._root / sha256[0] / f"{sha256}.{copy}"

    def _make(self, original: Path, target: Path, copy: Copy) -> None:
        if self.size(original) is None:
            raise NotAPicture
        encoded = _encoded(original, copy)
        with storage_errors():
            make_private(target.parent)
            draft = target.with_name(f"{target.name}.{uuid.uuid4().hex}")
            try:
                draft.write_bytes(encoded)
                draft.replace(target)
            finally:
                draft.unlink(missing_ok=True)


def _scans(jpeg: Path) -> int:
    """How many scans a JPEG has, or more: inside of one the marker's bytes do not occur, inside a thumbnail they do."""
    with jpeg.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        count, at = 0, -1
        while count <= _MOST_SCANS and (at := content.find(b"\xff\xda", at + 1)) >= 0:
            count += 1
        return count


def _encoded(original: Path, copy: Copy) -> bytes:
    """Decode and encode anew; profiles, comments, positions and whatever trails the picture are left behind."""
    try:
        with Image.open(original, formats=_FORMATS) as opened:
            opened.load()
            # Each step in place, or only where it is needed: one picture may have 160 MB.
            ImageOps.exif_transpose(opened, in_place=True)
            picture: Image.Image = opened
            if picture.mode not in _MODES:
                picture = _as(picture, "RGBA" if "A" in picture.getbands() else "RGB")
            if copy is Copy.PREVIEW and picture.width > PREVIEW_WIDTH:
                height = max(1, round(picture.height * PREVIEW_WIDTH / picture.width))
                picture = _as(picture, "RGBA" if picture.has_transparency_data else "RGB")
                picture = picture.resize((PREVIEW_WIDTH, height), Image.Resampling.LANCZOS, reducing_gap=2.0)
            picture.info = {key: value for key, value in picture.info.items() if key == "transparency"}
            return _saved(picture, copy)
    except _UNREADABLE as error:
        raise NotAPicture from error


def _as(picture: Image.Image, mode: str) -> Image.Image:
    return picture if picture.mode == mode else picture.convert(mode)


def _saved(picture: Image.Image, copy: Copy) -> bytes:
    out = io.BytesIO()
    if copy is Copy.PREVIEW:
        picture.save(out, "WEBP", quality=85, method=2)
    elif copy is Copy.PHOTO:
        _as(picture, "RGB").save(out, "JPEG", quality=90)
    else:
        picture.save(out, "PNG", compress_level=4)
    return out.getvalue()
