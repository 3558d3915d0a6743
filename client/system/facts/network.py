"""Adapters, default route, DNS, VPN, proxy."""

from __future__ import annotations

import ipaddress
import os
import socket
import sys
import urllib.parse
from pathlib import Path

from client.core.words import N_, _
from client.system.facts.found import Found
from client.system.facts.sources import registry, registry_children

ROUTES = Path("/proc/net/route")
ROUTES_6 = Path("/proc/net/ipv6_route")
RESOLV = Path("/etc/resolv.conf")
RESOLVED = Path("/run/systemd/resolve/resolv.conf")  # the real servers behind the stub 127.0.0.53
INTERFACES_KEY = r"SYSTEM\CurrentControlSet\Services\Tcpip\Parameters\Interfaces"
VPN_PREFIXES = ("tun", "tap", "wg", "ppp", "ipsec", "utun", "vpn", "tailscale", "zt", "nordlynx", "proton", "cscotun")
VPN_WORDS = ("vpn", "anyconnect", "wireguard", "tap-windows", "fortinet", "globalprotect", "openvpn", "zscaler")
PROXY_VARIABLES = ("https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY")


def adapters() -> Found:
    """Adapters that are up, each with its addresses; an address of 169.254 means that no DHCP server answered."""
    lines, is_unassigned = [], False
    for name, addresses in _up().items():
        is_unassigned = is_unassigned or any(address.startswith("169.254.") for address in addresses)
        lines.append(f"{name} {', '.join(addresses)}")
    if not lines:
        return _("none"), N_("not connected")
    return "; ".join(lines), N_("no address from the network") if is_unassigned else None


def route() -> Found:
    """Linux: /proc/net/route; Windows: GetBestRoute; elsewhere the address that packets would leave from."""
    if sys.platform == "linux":
        way = _linux_route()
    elif sys.platform == "win32":
        way = _windows_route()
    else:
        way = _own_address()
    return (way, None) if way else (_("none"), N_("not connected"))


def name_servers() -> Found:
    if sys.platform == "win32":
        found = [
            registry(rf"{INTERFACES_KEY}\{child}", name) or ""
            for child in registry_children(INTERFACES_KEY)
            for name in ("NameServer", "DhcpNameServer")
        ]
        servers = [server for value in found for server in value.replace(",", " ").split()]
    else:
        servers = _resolv(RESOLV)
        if servers == ["127.0.0.53"]:
            servers = _resolv(RESOLVED) or servers
    unique = list(dict.fromkeys(servers))
    return (", ".join(unique), None) if unique else (_("none"), N_("not connected"))


def vpn() -> Found:
    names = [name for name in _up() if _is_vpn(name)]
    return (", ".join(names), None) if names else None


def proxy() -> Found:
    """The proxy of the environment or of the system's settings, without the password that may be in it."""
    address = next((os.environ[name] for name in PROXY_VARIABLES if os.environ.get(name)), "") or _system_proxy()
    if not address:
        return None
    parts = urllib.parse.urlsplit(address if "//" in address else f"//{address}")
    name = parts.hostname or ""
    place = f"[{name}]" if ":" in name else name
    return (f"{place}:{parts.port}" if parts.port else place, None) if place else None


def _up() -> dict[str, list[str]]:
    import psutil

    stats, found = psutil.net_if_stats(), {}
    for name, entries in psutil.net_if_addrs().items():
        if name not in stats or not stats[name].isup:
            continue
        texts = [one.address for one in entries if one.family in (socket.AF_INET, socket.AF_INET6)]
        wanted = [text for text in texts if _is_telling(text)]
        if wanted:
            found[name] = wanted
    return found


def _is_telling(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return not address.is_loopback and not (address.version == 6 and address.is_link_local)


def _is_vpn(name: str) -> bool:
    lowered = name.lower()
    return lowered.startswith(VPN_PREFIXES) or any(word in lowered for word in VPN_WORDS)


def _linux_route() -> str:
    best: tuple[int, str] | None = None
    for line in _lines(ROUTES)[1:]:
        fields = line.split()
        if len(fields) > 7 and fields[1] == "00000000" and fields[7] == "00000000" and int(fields[3], 16) & 1:
            gateway = socket.inet_ntoa(bytes.fromhex(fields[2])[::-1])
            best = min(best or (1 << 32, ""), (int(fields[6]), _via(gateway, fields[0])))
    if best:
        return best[1]
    for line in _lines(ROUTES_6):
        fields = line.split()
        if len(fields) > 9 and fields[0] == "0" * 32 and fields[1] == "00" and fields[9] != "lo":
            return _via(str(ipaddress.IPv6Address(bytes.fromhex(fields[4]))), fields[9])
    return ""


def _via(gateway: str, adapter: str) -> str:
    if gateway in ("0.0.0.0", "::"):  # noqa: S104 - a route without a gateway, nothing is bound here
        return adapter
    return _("{gateway} by {adapter}").format(gateway=gateway, adapter=adapter)


def _windows_route() -> str:
    """iphlpapi.GetBestRoute; the fourth of the fourteen numbers of MIB_IPFORWARDROW is the next hop."""
    if sys.platform != "win32":
        return ""
    import ctypes

    row = (ctypes.c_uint32 * 14)()
    if ctypes.windll.iphlpapi.GetBestRoute(0, 0, ctypes.byref(row)) != 0:
        return ""
    return socket.inet_ntoa(int(row[3]).to_bytes(4, "little"))


def _own_address() -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # a documentation address; connecting a datagram socket sends nothing
        except OSError:
            return ""
        return str(probe.getsockname()[0])


def _resolv(path: Path) -> list[str]:
    fields = [line.split() for line in _lines(path)]
    return [words[1] for words in fields if len(words) > 1 and words[0] == "nameserver"]


def _system_proxy() -> str:
    if sys.platform not in ("win32", "darwin"):
        return ""
    import urllib.request

    found = urllib.request.getproxies()
    return found.get("https") or found.get("http") or ""


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8", "replace").splitlines()
    except OSError:
        return []
