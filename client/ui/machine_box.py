"""Two lines about this PC. Its height is the same before and after the facts come, whatever they say."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout

from client.core.models import Fact
from client.core.words import _, ngettext
from client.ui import phrases
from client.ui.labels import OneLine, link
from client.ui.theme import STEP


class MachineBox(QFrame):
    """Which machine this is, and what is odd about it in words. `opened`: the user wants to see all."""

    opened = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("card")
        self._machine = OneLine(_("Looking at this PC …"), "small")
        self._odd = OneLine("", "warn")
        self.see_all = link(_("See all"), _("See all facts about this PC"))
        self.see_all.setObjectName("facts")
        self.see_all.setEnabled(False)
        self.see_all.clicked.connect(self.opened)
        lines = QVBoxLayout()
        lines.setSpacing(2)
        lines.addWidget(self._machine)
        lines.addWidget(self._odd)
        row = QHBoxLayout(self)
        row.setContentsMargins(STEP + 4, STEP, STEP // 2, STEP)
        row.addLayout(lines, 1)
        row.addWidget(self.see_all)

    def show_facts(self, facts: Sequence[Fact], excluded: frozenset[str]) -> None:
        """Show `facts`, or that they are looked for where there are none yet."""
        self.see_all.setEnabled(bool(facts))
        if not facts:
            return
        machine, odd = phrases.summary(facts, excluded)
        self._machine.setText(_("This PC: {facts}").format(facts=machine) if machine else _("This PC"))
        count = len(facts) - len(excluded & {fact.key for fact in facts})
        self._odd.setText(" · ".join(odd) or ngettext("{count} fact", "{count} facts", count).format(count=count))
        self._odd.set_part("warn" if odd else "faint")
