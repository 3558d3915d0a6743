"""Pictures of displays as Qt images, without copying them."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QImage, QImageReader

from client.core.models import Shot

OVERSAMPLING = 2  # thin to twice the size first: smooth scaling of a whole 4K picture takes five times as long


def whole(shot: Shot) -> QImage | None:
    """The picture over the shot's own buffer: no copy. The image holds the buffer as long as it lives."""
    if shot.pixels is None:
        return None
    width, height = shot.display.width, shot.display.height
    # PySide keeps a memoryview alive, and so what lies behind it; of plain bytes it would keep nothing.
    return QImage(memoryview(shot.pixels), width, height, width * 4, QImage.Format.Format_RGB32)


def small(shot: Shot, room: QSize, pixel_ratio: float) -> QImage | None:
    """A copy of the shot that fits `room` (logical pixels) at `pixel_ratio`; holds nothing of the shot."""
    image = whole(shot)
    return None if image is None else _fitted(image, room, pixel_ratio)


def small_of(path: Path, room: QSize, pixel_ratio: float) -> QImage | None:
    """The same from an encoded picture; None if it cannot be read."""
    image = read(path)
    return None if image is None else _fitted(image, room, pixel_ratio)


def read(path: Path) -> QImage | None:
    """An encoded picture, None if it cannot be read."""
    image = QImageReader(str(path)).read()
    return None if image.isNull() else image


def _fitted(image: QImage, room: QSize, pixel_ratio: float) -> QImage:
    keep, smooth = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
    wanted = image.size().scaled(room * pixel_ratio, keep).expandedTo(QSize(1, 1))
    rough = wanted * OVERSAMPLING
    if rough.width() < image.width():
        image = image.scaled(rough, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.FastTransformation)
    fitted = image.scaled(wanted, Qt.AspectRatioMode.IgnoreAspectRatio, smooth)
    if fitted.size() == image.size():
        fitted = image.copy()  # nothing was scaled: it would still be the shot's own buffer
    fitted.setDevicePixelRatio(pixel_ratio)
    return fitted
