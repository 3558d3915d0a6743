"""Counts the changes of what devices are told and of whether they are let in."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Engine, Executable, Insert, UpdateBase, event, select, update

from server_stub.store.tables import agents, counters, devices, incidents, sites

NAME = "told"
COUNT = select(counters.c.value).where(counters.c.name == NAME)
_COUNT_UP = update(counters).where(counters.c.name == NAME).values(value=counters.c.value + 1)
_TOLD = (agents, devices, incidents, sites)


def count_on(engine: Engine) -> None:
    """Count from now on, in the transaction that makes the change, whoever makes it: no store can forget to."""
    event.listen(engine, "after_execute", _note)


def _note(connection: Connection, statement: Executable, *_rest: Any) -> None:
    if not isinstance(statement, UpdateBase) or statement.table not in _TOLD:
        return
    is_new_device = isinstance(statement, Insert) and statement.table is devices
    if not is_new_device:  # which changes nothing for the others
        connection.execute(_COUNT_UP)
