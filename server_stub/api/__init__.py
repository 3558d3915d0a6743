"""The HTTP API for devices. ``docs/api.md`` is its contract."""
