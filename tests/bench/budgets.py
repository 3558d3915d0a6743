"""The rows that have a budget: what is measured, against which floor, and how much it may be."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Budget:
    """One row. What counts is value / floor, or value − floor where ``is_difference``.

    It may be ``limit`` at most; where ``is_minimum``, it must be that at least.
    """

    key: str
    what: str
    floor: str
    limit: float
    is_difference: bool = False
    is_minimum: bool = False

    def allows(self, measured: float) -> bool:
        """Whether what was measured is within the budget."""
        return measured >= self.limit if self.is_minimum else measured <= self.limit


BUDGETS = (
    Budget(
        "startup_ratio", "process start → icon registered with a real tray host", "a bare PySide6 tray script", 1.15
    ),
    Budget("idle_pss_ratio", "PSS idle, before the first report", "a bare PySide6 tray script", 1.15),
    Budget("used_pss_ratio", "PSS idle, after five reports on two 4K displays", "a bare PySide6 tray script", 1.8),
    Budget("idle_wakeups_extra", "voluntary context switches in 30 idle seconds", "the bare script's", 1, True),
    Budget("modules_at_ready", "heavy modules loaded when the icon shows", "none", 0, True),
    Budget(
        "click_to_panel_ratio",
        "click → panel with all previews painted, on two 4K displays",
        "open mss, grab both, show an empty window",
        1.6,
    ),
    Budget("facts_ratio", "all facts about the machine", "one process list by psutil", 1.5),
    Budget("send_to_saved_ratio", "Send → “saved”, two 4K pictures already encoded", "one fdatasync of 4 kB", 12),
    Budget(
        "send_to_receipt_ratio",
        "Send → receipt, on loopback",
        "the same bytes in one bare PUT to a server that only syncs a file",
        2.5,
    ),
    Budget("encode_hidden_ratio", "Send → first answer, two seconds after the click", "encoding the pictures", 0.1),
    Budget("picture_bytes_ratio", "bytes of the 4K pictures of a realistic desktop", "Qt's default PNG of them", 0.40),
    Budget("spool_500_ratio", "start with 500 waiting reports, the desk unreachable", "start with none waiting", 1.3),
    Budget(
        "poll_rate_ratio",
        "“nothing new” answers per second to clients with a credential",
        "a raw ASGI application that answers 304",
        0.15,
        is_minimum=True,
    ),
    Budget(
        "create_rate_ratio",
        "tickets with a 300 kB picture per second, 32 clients",
        "writing and syncing the same bytes with 32 threads",
        0.5,
        is_minimum=True,
    ),
    Budget("bundle_size_ratio", "the frozen client's folder", "PyInstaller's default for the same program", 0.65),
    Budget("bundle_start_ratio", "start of the frozen client", "start of the same client from its sources", 1.00),
)
BY_KEY = {each.key: each for each in BUDGETS}

LATER = {
    "editor_open_ratio": "the picture editor",
    "list_10000_ratio": "the ticket list",
    "idle_client_kib": "news that are waited for",
    "notice_delay_ratio": "notices",
}
"""Rows whose part does not exist yet, and which part that is."""
