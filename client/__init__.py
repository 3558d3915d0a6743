"""Deskbell's client: a tray icon, a panel, a command line, and the core that delivers what they write."""

__version__ = "0.1.0"
