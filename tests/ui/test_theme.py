"""Colours that can be read, in light, dark and high contrast."""

from __future__ import annotations

import re

import pytest
from PySide6.QtGui import QColor, QPalette

from client.ui.theme import DARK, LIGHT, Colours, of_desktop, style_sheet

READ_ON = [
    ("text", "ground"), ("text", "raised"), ("faint", "ground"), ("faint", "raised"), ("accent", "ground"),
    ("on_accent", "accent"), ("on_accent", "accent_hover"), ("good", "ground"), ("warn", "ground"),
    ("warn", "raised"), ("warn", "warn_ground"), ("bad", "ground"),
]  # fmt: skip


def luminance(name: str) -> float:
    """https://www.w3.org/TR/WCAG22/#dfn-relative-luminance"""
    colour = QColor(name)
    parts = (colour.redF(), colour.greenF(), colour.blueF())
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), READ_ON)
def test_text_can_be_read_on_its_ground(colours: Colours, ink: str, ground: str) -> None:
    lighter, darker = sorted((luminance(getattr(colours, ink)), luminance(getattr(colours, ground))), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5


def test_high_contrast_takes_the_desktops_own_colours(qapp: object) -> None:
    palette = QPalette(QColor("#000000"), QColor("#000000"))
    palette.setColor(QPalette.ColorRole.WindowText, QColor("#ffff00"))
    colours = of_desktop(palette)
    assert (colours.text, colours.ground, colours.is_dark) == ("#ffff00", "#000000", True)


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_the_style_sheet_has_no_name_left_open(colours: Colours) -> None:
    assert not re.search(r"@\w+@", style_sheet(colours))
