"""Renders the icons' PNGs from their SVG sources: ``python -m assets.icons.render``.

The tray program shows PNGs, so that it starts without an SVG renderer. Sources: `deskbell.svg` (the program's own icon,
in colour, for light and dark panels alike), `mask.svg` (the same as a silhouette, which macOS colours by itself), a
badge for each state but the normal one, and the check marks of the style sheet.
"""

from __future__ import annotations

import sys
from pathlib import Path

from PySide6.QtCore import QBuffer, QIODevice, QRectF, Qt
from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

HERE = Path(__file__).resolve().parent
STATES = ("normal", "sending", "waiting", "attention", "reply")
TRAY_SIZES = (16, 22, 24, 32, 48, 64)
PROGRAM_SIZES = (48, 128, 256, 512)
BADGE_SHARE = 0.56  # of the icon's width; smaller is not told apart at 16 pixels
GAP_SHARE = 0.05  # clear ring that sets the badge off


def picture(base: str, state: str, size: int, *, is_mask: bool = False) -> QImage:
    """`base` with the badge of `state` at the lower right, `size` pixels wide and high, on transparent ground."""
    image = QImage(size, size, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    QSvgRenderer(str(HERE / base)).render(painter, QRectF(0, 0, size, size))
    if state != "normal":
        side = size * BADGE_SHARE
        spot = QRectF(size - side, size - side, side, side)
        gap = max(1.0, size * GAP_SHARE)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(Qt.GlobalColor.black)
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Clear)
        painter.drawEllipse(spot.adjusted(-gap, -gap, gap, gap))
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceOver)
        badge = QImage(size, size, QImage.Format.Format_ARGB32_Premultiplied)
        badge.fill(Qt.GlobalColor.transparent)
        badge_painter = QPainter(badge)
        badge_painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        QSvgRenderer(str(HERE / f"badge-{state}.svg")).render(badge_painter, spot)
        badge_painter.end()
        painter.drawImage(0, 0, _silhouette(badge) if is_mask else badge)
    painter.end()
    return image


def _silhouette(badge: QImage) -> QImage:
    """The badge's disc with its sign cut out: a mask has alpha only, so the sign must be a hole."""
    shape = QImage(badge.size(), QImage.Format.Format_ARGB32_Premultiplied)
    shape.fill(Qt.GlobalColor.transparent)
    disc = badge.pixelColor(badge.width() - round(badge.width() * BADGE_SHARE / 2), badge.height() - 2)
    for y in range(badge.height()):
        for x in range(badge.width()):
            colour = badge.pixelColor(x, y)
            distance = max(
                abs(colour.red() - disc.red()), abs(colour.green() - disc.green()), abs(colour.blue() - disc.blue())
            )
            if colour.alpha() and distance < 60:
                colour.setRgb(0, 0, 0, colour.alpha())
                shape.setPixelColor(x, y, colour)
    return shape


def write(image: QImage, name: str) -> None:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]
    (HERE / name).write_bytes(bytes(buffer.data().data()))


def main() -> int:
    application = QGuiApplication(["render", "-platform", "offscreen"])
    for size in TRAY_SIZES:
        for state in STATES:
            write(picture("deskbell.svg", state, size), f"tray-{state}-{size}.png")
    for size in (22, 44):  # macOS: points of the menu bar, at 1x and 2x
        for state in STATES:
            write(picture("mask.svg", state, size, is_mask=True), f"mask-{state}-{size}.png")
    for size in PROGRAM_SIZES:
        write(picture("deskbell.svg", "normal", size), f"deskbell-{size}.png")
    for name, source in (("check", "check.svg"), ("check-dark", "check-dark.svg")):
        write(picture(source, "normal", 16), f"{name}.png")
        write(picture(source, "normal", 32), f"{name}@2x.png")
    del application
    return 0


if __name__ == "__main__":
    sys.exit(main())
