"""The categories that a report may carry."""

from __future__ import annotations

from server_stub.words import N_

CATEGORIES = {
    "app": N_("App not working"),
    "slow": N_("Slow"),
    "signin": N_("Sign-in"),
    "printer": N_("Printer"),
    "network": N_("Network"),
    "other": N_("Other"),
}
