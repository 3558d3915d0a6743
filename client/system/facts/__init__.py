"""Facts about the machine that a technician asks for first: an allow-list, nothing else is ever read.

Each collector reads one fact quickly and without a subprocess or rights; who runs them gives each its budget and takes
whatever it raises as a missing fact. Sources are named at the functions.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from client.core.models import Collector, Display, FrontWindow
from client.core.words import N_
from client.system.facts import hardware, network, session, software


def collectors(front: FrontWindow, displays: Sequence[Display], client: str) -> tuple[Collector, ...]:
    """The collectors of this system in the order in which people look at the facts.

    `front` and `displays` are as they were at the click; `client` names this program and its version.
    """
    return (
        Collector("host", N_("Computer"), session.host),
        Collector("user", N_("User"), session.user),
        Collector("domain", N_("Domain"), session.domain),
        Collector("front", N_("Program in front"), lambda: session.front(front)),
        Collector("model", N_("Model"), hardware.model),
        Collector("os", N_("Operating system"), software.system),
        Collector("boot", N_("Last start"), software.boot),
        Collector("reboot", N_("Restart pending"), software.restart_pending),
        Collector("memory", N_("Memory"), hardware.memory),
        Collector("disks", N_("Disks"), hardware.disks),
        Collector("displays", N_("Displays"), lambda: hardware.displays(displays)),
        Collector("battery", N_("Battery"), hardware.battery),
        Collector("adapters", N_("Network adapters"), network.adapters),
        Collector("route", N_("Default route"), network.route),
        Collector("dns", N_("DNS servers"), network.name_servers),
        Collector("vpn", N_("VPN"), network.vpn),
        Collector("proxy", N_("Proxy"), network.proxy),
        Collector("session", N_("Desktop session"), session.desktop),
        Collector("time", N_("Time zone"), session.time_zone),
        Collector("locale", N_("Language settings"), session.language_settings),
        Collector("programs", N_("Largest programs in memory"), software.largest_programs),
        Collector("printers", N_("Printers"), software.printers),
        Collector("client", N_("Deskbell version"), lambda: (f"{client}, Python {sys.version.split()[0]}", None)),
    )
