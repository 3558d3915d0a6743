"""How the windows look: two sets of colours and one small style sheet on native widgets.

Who asked the desktop for high contrast gets the desktop's own colours. Sizes are logical pixels, in steps of eight.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QLibraryInfo, QLocale, QObject, Qt, QTranslator, Signal
from PySide6.QtGui import QColor, QIcon, QPalette
from PySide6.QtWidgets import QApplication

import assets

STEP = 8
CHECK_BOX_EDGE = 5  # border and padding of a check box in the style sheet
PROGRAM_ICON_SIZES = (48, 128, 256)


@dataclass(frozen=True, slots=True)
class Colours:
    """What each colour is for. All are `#rrggbb`; text on its ground has a contrast of at least 4.5 : 1."""

    ground: str  # of the window
    raised: str  # chips, cards
    line: str
    text: str
    faint: str  # secondary text
    accent: str
    accent_hover: str
    on_accent: str
    good: str
    warn: str
    warn_ground: str
    bad: str
    is_dark: bool = False


LIGHT = Colours(
    ground="#ffffff",
    raised="#f4f6f9",
    line="#c9d1db",
    text="#1b2430",
    faint="#5c6b7d",
    accent="#1f6feb",
    accent_hover="#1a5fcc",
    on_accent="#ffffff",
    good="#15803d",
    warn="#a04208",
    warn_ground="#fff4e5",
    bad="#c41c2a",
)
DARK = Colours(
    ground="#1a2029",
    raised="#222a35",
    line="#465264",
    text="#e8edf4",
    faint="#9fabba",
    accent="#4c8dff",
    accent_hover="#6ba1ff",
    on_accent="#0b1220",
    good="#4ade80",
    warn="#f5b04a",
    warn_ground="#3a2c14",
    bad="#ff8088",
    is_dark=True,
)


def of_desktop(palette: QPalette) -> Colours:
    """The desktop's own colours, for people who asked it for high contrast."""

    def name(role: QPalette.ColorRole) -> str:
        return palette.color(QPalette.ColorGroup.Active, role).name()

    role = QPalette.ColorRole
    text, ground = name(role.WindowText), name(role.Window)
    accent, on_accent = name(role.Highlight), name(role.HighlightedText)
    is_dark = palette.color(role.Window).lightness() < 128
    return Colours(ground, ground, text, text, text, accent, accent, on_accent, text, text, ground, text, is_dark)


class Theme(QObject):
    """The colours in use. `changed` tells when the desktop went from light to dark, or back."""

    changed = Signal()

    def __init__(self, application: QApplication, setting: str) -> None:
        super().__init__()
        self._application = application
        self._setting = setting
        self._is_applied = False
        self._translator = QTranslator()
        self.colours = LIGHT

    def apply(self, language: str) -> None:
        """Colour the program and load Qt's own words; the first window calls it, later calls do nothing."""
        if self._is_applied:
            return
        self._is_applied = True
        self._application.setStyle("fusion")
        self._application.setWindowIcon(program_icon())
        hints = self._application.styleHints()
        if self._setting in ("light", "dark"):
            hints.setColorScheme(Qt.ColorScheme.Dark if self._setting == "dark" else Qt.ColorScheme.Light)
        self._recolour()
        hints.colorSchemeChanged.connect(self._recolour)
        folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
        if self._translator.load(f"qtbase_{language.split('_', maxsplit=1)[0]}", folder):
            self._application.installTranslator(self._translator)
        if QLocale(language).textDirection() == Qt.LayoutDirection.RightToLeft:
            self._application.setLayoutDirection(Qt.LayoutDirection.RightToLeft)

    def _recolour(self) -> None:
        self.colours = self._wanted()
        self._application.setPalette(palette_of(self.colours))
        self._application.setStyleSheet(style_sheet(self.colours))
        self.changed.emit()

    def _wanted(self) -> Colours:
        hints = self._application.styleHints()
        if self._setting not in ("light", "dark"):
            accessibility = getattr(hints, "accessibility", None)  # Qt 6.10
            if accessibility and accessibility().contrastPreference() == Qt.ContrastPreference.HighContrast:
                return of_desktop(self._application.style().standardPalette())
            return DARK if hints.colorScheme() == Qt.ColorScheme.Dark else LIGHT
        return DARK if self._setting == "dark" else LIGHT


def program_icon() -> QIcon:
    icon = QIcon()
    for size in PROGRAM_ICON_SIZES:
        icon.addFile(str(assets.icon(f"deskbell-{size}.png")))
    return icon


def palette_of(colours: Colours) -> QPalette:
    palette = QPalette()
    role = QPalette.ColorRole
    for one, value in (
        (role.Window, colours.ground),
        (role.Base, colours.ground),
        (role.AlternateBase, colours.raised),
        (role.Button, colours.raised),
        (role.ToolTipBase, colours.raised),
        (role.WindowText, colours.text),
        (role.Text, colours.text),
        (role.ButtonText, colours.text),
        (role.ToolTipText, colours.text),
        (role.PlaceholderText, colours.faint),
        (role.Mid, colours.line),
        (role.Highlight, colours.accent),
        (role.HighlightedText, colours.on_accent),
        (role.Link, colours.accent),
        (role.Accent, colours.accent),
    ):
        palette.setColor(one, QColor(value))
    for one in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, one, QColor(colours.faint))
    return palette


def style_sheet(colours: Colours) -> str:
    """The style sheet for `colours`; widgets name their part by objectName or by the property `part`."""
    source = Path(__file__).with_name("theme.qss").read_text(encoding="utf-8")
    for name in Colours.__slots__:
        source = source.replace(f"@{name}@", str(getattr(colours, name)))
    return source.replace("@check@", assets.icon("check-dark.png" if colours.is_dark else "check.png").as_posix())
