"""The pictures of a report: one tile for each display, what is wrong with them in words, and added attachments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QCheckBox, QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from client.core import flaws
from client.core.words import _
from client.ui import phrases
from client.ui.labels import OneLine, label
from client.ui.theme import STEP, Theme
from client.ui.tiles import Tile

if TYPE_CHECKING:
    from client.core.picture import Picture

SINGLE_HEIGHT = 160
SHAPE = 9 / 16  # of a tile; pictures of other shapes are shown whole, on a ground


def columns_for(count: int) -> int:
    return 1 if count == 1 else 2 if count <= 4 else 3


def tile_size(picture: Picture, count: int, width: int) -> QSize:
    """The size of the tile of `picture`, one of `count`, in a panel that has `width` for all of them."""
    display = picture.display
    columns = columns_for(count)
    if columns == 1 and display is not None and display.width > 0 and display.height > 0:
        return QSize(display.width, display.height).scaled(width, SINGLE_HEIGHT, Qt.AspectRatioMode.KeepAspectRatio)
    column = (width - (columns - 1) * STEP) // columns
    return QSize(column, round(column * SHAPE))


class Screens(QWidget):
    """`included` tells of a tick that changed, `opened` that a picture is to be shown large."""

    included = Signal(int, bool)
    opened = Signal(int)

    def __init__(self, theme: Theme, width: int) -> None:
        super().__init__()
        self._theme = theme
        self._width = width
        self.tiles: dict[int, Tile] = {}
        self._files: dict[int, QCheckBox] = {}
        title = QLabel(_("Screens"))
        title.setProperty("part", "section")
        self._taken = OneLine("", "faint")
        self._head = QWidget()
        head = QHBoxLayout(self._head)
        head.setContentsMargins(0, 0, 0, 0)
        head.addWidget(title)
        head.addStretch()
        head.addWidget(self._taken)
        self._grid = QGridLayout()
        self._grid.setSpacing(STEP)
        self._remarks = QVBoxLayout()
        self._remarks.setSpacing(STEP // 2)
        self._attachments = QVBoxLayout()
        self._attachments.setSpacing(0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(STEP // 2)
        column.addWidget(self._head)
        column.addLayout(self._grid)
        column.addLayout(self._remarks)
        column.addLayout(self._attachments)

    def show_pictures(self, pictures: Sequence[Picture], images: Mapping[int, QImage]) -> None:
        """The displays of a new panel; called once. `images` may lack pictures that are read later: `set_image`."""
        displays = [picture for picture in pictures if picture.display is not None]
        self._head.setVisible(bool(displays))
        fresh = [picture for picture in displays if not picture.is_earlier]
        if fresh:
            moment = phrases.clock(fresh[0].taken_at, seconds=True)
            self._taken.setText(_("taken at {time}, before this window opened").format(time=moment))
        shown = displays if any(picture.has_pixels for picture in displays) else []
        columns = columns_for(len(shown))
        for place, picture in enumerate(shown):
            tile = self._tile(picture, len(shown), images.get(picture.id))
            self._grid.addWidget(tile, place // columns, place % columns, Qt.AlignmentFlag.AlignLeft)
        for text in dict.fromkeys(_remark(picture) for picture in displays if picture.flaw is not None):
            self._add_remark(text)
        for picture in pictures:
            if picture.display is None:
                self.add_attachment(picture)

    def controls(self) -> list[QWidget]:
        """What takes the focus, in reading order."""
        pictures: list[QWidget] = [part for tile in self.tiles.values() for part in (tile.preview, tile.tick)]
        return [*pictures, *self._files.values()]

    def set_image(self, picture_id: int, image: QImage) -> None:
        if picture_id in self.tiles:
            self.tiles[picture_id].preview.set_image(image)

    def set_included(self, picture_id: int, is_included: bool) -> None:
        if picture_id in self.tiles:
            self.tiles[picture_id].set_included(is_included)

    def mark_failed(self, picture: Picture) -> None:
        """The picture will not be sent; say so."""
        tile = self.tiles.get(picture.id)
        if tile is not None and picture.display is not None:
            number = picture.display.number
            sentence = _("The picture of display {number} could not be kept. Everything else is sent.")
            tile.fail(_("This picture could not be kept"), sentence.format(number=number))

    def add_attachment(self, picture: Picture) -> None:
        name = picture.name
        if picture.size_bytes is not None:
            name = _("{name} ({size})").format(name=name, size=phrases.size(picture.size_bytes))
        row = QCheckBox()
        row.setObjectName(f"attachment-{picture.id}")
        row.setAccessibleName(_("{name}: send the attachment").format(name=name))
        row.setToolTip(name)
        row.setText(row.fontMetrics().elidedText(name, Qt.TextElideMode.ElideMiddle, self._width - 6 * STEP))
        row.setChecked(picture.is_included)
        picture_id = picture.id
        row.toggled.connect(lambda is_included: self.included.emit(picture_id, is_included))
        self._files[picture_id] = row
        self._attachments.addWidget(row)

    def _tile(self, picture: Picture, count: int, image: QImage | None) -> Tile:
        remark = ""
        if picture.is_earlier:
            remark = _("earlier, {time}").format(time=phrases.day_and_clock(picture.taken_at))
        tile = Tile(
            self._theme, picture.id, _name(picture), remark, tile_size(picture, count, self._width),
            is_included=picture.is_included and picture.has_pixels,
        )  # fmt: skip
        tile.preview.set_image(image)
        tile.tick.setVisible(picture.has_pixels)
        tile.preview.setEnabled(picture.has_pixels)
        tile.included.connect(self.included)
        tile.opened.connect(self.opened)
        self.tiles[picture.id] = tile
        return tile

    def _add_remark(self, text: str) -> None:
        self._remarks.addWidget(label(text, "warn"))


def _name(picture: Picture) -> str:
    return _("Display {number}").format(number=picture.display.number if picture.display else 0)


def _remark(picture: Picture) -> str:
    assert picture.flaw is not None and picture.display is not None
    return flaws.sentence(picture.flaw, picture.display.number)
