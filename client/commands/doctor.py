"""`deskbell doctor`: what works on this PC, and what to do where it does not."""

from __future__ import annotations

import argparse

from client.commands import DONE, FAILED
from client.commands.printing import print_json
from client.core.paths import Paths
from client.core.settings import Settings
from client.doctor import examine


def run(options: argparse.Namespace, where: Paths, settings: Settings) -> int:
    checks = examine(where, settings)
    if options.json:
        print_json({"checks": [{"key": c.key, "ok": c.is_ok, "state": c.state, "advice": c.advice} for c in checks]})
    else:
        for check in checks:
            print("✓" if check.is_ok else "✗", f"{check.label}: {check.state}")
            if check.advice:
                print(f"  {check.advice}")
    return DONE if all(check.is_ok for check in checks) else FAILED
