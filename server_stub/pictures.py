"""Pictures that may be shown inside a page: copies made here, never the bytes that somebody sent."""

from __future__ import annotations

import io
import threading
import uuid
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps

from server_stub.blobs import storage_errors
from server_stub.settings import make_private

# An 8K display has 33 million pixels; four bytes each are 160 MB at most while one is decoded.
MOST_PIXELS = 40_000_000
PREVIEW_WIDTH = 1600
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
_MODES = ("1", "L", "P", "RGB", "RGBA")
_AT_ONCE = 2
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


class NotAPicture(Exception):
    """The bytes are no picture that may be shown."""


class Pictures:
    """Makes copies of pictures and keeps them under ``previews/``, which may be deleted at any time."""

    def __init__(self, data: Path) -> None:
        self._root = data / "previews"
        self._slots = threading.BoundedSemaphore(_AT_ONCE)

    def size(self, original: Path) -> Size | None:
        """The size of the picture by its header, or None where it is none that would be shown. Decodes nothing."""
        try:
            with Image.open(original, formats=_FORMATS) as picture:
                width, height = picture.size
        except _UNREADABLE:
            return None
        return Size(width, height) if 0 < width * height <= MOST_PIXELS else None

    def full(self, sha256: str, original: Path) -> Path:
        """A PNG with every pixel of the original and nothing else of it. Raises NotAPicture, StorageFull."""
        target = self._target(sha256, "full.png")
        if not target.exists():
            self._make(original, target, "PNG", None)
        return target

    def preview(self, sha256: str, original: Path) -> Path:
        """A copy that is at most 1600 pixels wide. Raises NotAPicture, StorageFull."""
        target = self._target(sha256, "preview.webp")
        if not target.exists():
            self._make(original, target, "WEBP", PREVIEW_WIDTH)
        return target

    def _target(self, sha256: str, name: str) -> Path:
        return self._root / sha256[0] / f"{sha256}.{name}"

    def _make(self, original: Path, target: Path, form: str, widest: int | None) -> None:
        if self.size(original) is None:
            raise NotAPicture
        with self._slots:
            encoded = _encoded(original, form, widest)
        with storage_errors():
            make_private(target.parent)
            draft = target.with_name(f"{target.name}.{uuid.uuid4().hex}")
            try:
                draft.write_bytes(encoded)
                draft.replace(target)
            finally:
                draft.unlink(missing_ok=True)


def _encoded(original: Path, form: str, widest: int | None) -> bytes:
    """Decode and encode anew; profiles, comments, positions and whatever trails the picture are left behind."""
    try:
        with Image.open(original, formats=_FORMATS) as opened:
            opened.load()
            picture = ImageOps.exif_transpose(opened)
        if picture.mode not in _MODES:
            picture = picture.convert("RGBA" if "A" in picture.getbands() else "RGB")
        if widest is not None and picture.width > widest:
            height = max(1, round(picture.height * widest / picture.width))
            picture = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
            picture = picture.resize((widest, height), Image.Resampling.LANCZOS, reducing_gap=2.0)
        picture.info = {key: value for key, value in picture.info.items() if key == "transparency"}
        out = io.BytesIO()
        if form == "WEBP":
            picture.save(out, form, quality=85, method=2)
        else:
            picture.save(out, form, compress_level=4)
    except _UNREADABLE as error:
        raise NotAPicture from error
    return out.getvalue()
