"""The categories to choose from: at most one, a second click takes the choice back."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPushButton, QSizePolicy, QWidget

from client.core.models import Category
from client.core.words import _
from client.ui.flow_layout import FlowLayout
from client.ui.theme import STEP


class Chips(QWidget):
    """`changed` tells of a choice that the user made; `chosen` is its id, or None."""

    changed = Signal()

    def __init__(self, width: int) -> None:
        super().__init__()
        self.setFixedWidth(width)  # or the layout asks for the height at the width of one chip
        self.buttons: dict[str, QPushButton] = {}
        self._chosen: str | None = None
        self._flow = FlowLayout(STEP - 2)
        self.setLayout(self._flow)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    @property
    def chosen(self) -> str | None:
        return self._chosen

    def show_categories(self, categories: Sequence[Category]) -> None:
        """Offer `categories`; once, since nothing may move while the user aims."""
        for category in categories:
            button = QPushButton(category.label)
            button.setProperty("part", "chip")
            button.setObjectName(f"category-{category.id}")
            button.setAccessibleName(_("Category: {name}").format(name=category.label))
            button.setCheckable(True)
            button.setAutoDefault(True)
            button.setChecked(category.id == self._chosen)
            button.clicked.connect(self._pick)
            self.buttons[category.id] = button
            self._flow.addWidget(button)

    def choose(self, category: str | None) -> None:
        """As if the user had chosen it, without telling; kept also while the desk, and what it offers, is not known."""
        self._chosen = category
        for id_, button in self.buttons.items():
            button.setChecked(id_ == category)

    def _pick(self) -> None:
        pressed = self.sender()
        chosen = next((id_ for id_, button in self.buttons.items() if button is pressed and button.isChecked()), None)
        self.choose(chosen)
        self.changed.emit()
