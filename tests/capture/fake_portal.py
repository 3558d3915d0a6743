"""A screenshot portal on a private bus that does what a test says: answers, refuses, keeps silent, answers late."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Self

from jeepney import (
    DBusAddress,
    HeaderFields,
    Message,
    MessageType,
    new_error,
    new_method_call,
    new_method_return,
    new_signal,
)
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import DBusConnection, open_dbus_connection

NAME = "org.freedesktop.portal.Desktop"
QUIT = "Quit"


class FakePortal(AbstractContextManager["FakePortal"]):
    """Answers every Screenshot call with `response` and `uri`, once `may_answer` is set; never if it is not.

    `with_interface=False` is a portal without a back-end for screenshots. `asked` counts the calls.
    """

    def __init__(
        self,
        address: str,
        *,
        response: int = 0,
        uri: str | None = None,
        silent: bool = False,
        with_interface: bool = True,
    ) -> None:
        self._address = address
        self._response = response
        self._uri = uri
        self._with_interface = with_interface
        self.may_answer = threading.Event()
        if not silent:
            self.may_answer.set()
        self.asked = 0
        self.options: dict[str, Any] = {}
        self.registered: list[str] = []
        self.answered = threading.Event()
        self._pending: list[threading.Thread] = []

    def __enter__(self) -> Self:
        self._bus = open_dbus_connection(self._address)
        assert self._bus.send_and_get_reply(message_bus.RequestName(NAME)).body == (1,)
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.may_answer.set()
        with open_dbus_connection(self._address) as other:
            address = DBusAddress("/", NAME, "test.Portal")
            other.send_and_get_reply(new_method_call(address, QUIT), timeout=5)
        self._thread.join(5)
        for thread in self._pending:
            thread.join(5)
        self._bus.close()

    def _serve(self) -> None:
        while True:
            call = self._bus.receive()
            if call.header.message_type is not MessageType.method_call:
                continue
            member = call.header.fields[HeaderFields.member]
            if member == QUIT:
                self._bus.send(new_method_return(call))
                return
            if member == "Register":
                self.registered.append(call.body[0])
            elif member == "Screenshot" and self._with_interface:
                self._screenshot(call)
            elif member == "Get" and self._with_interface:
                self._bus.send(new_method_return(call, "v", (("u", 2),)))
            else:
                self._bus.send(new_error(call, "org.freedesktop.DBus.Error.UnknownMethod", "s", ("No such interface",)))

    def _screenshot(self, call: Message) -> None:
        self.asked += 1
        self.options = {key: value for key, (_signature, value) in call.body[1].items()}
        sender = call.header.fields[HeaderFields.sender]
        path = f"/org/freedesktop/portal/desktop/request/{sender[1:].replace('.', '_')}/{self.options['handle_token']}"
        if self.may_answer.is_set():
            self._answer(self._bus, path)  # even before the call returns, as a portal may
            self._bus.send(new_method_return(call, "o", (path,)))
            return
        self._bus.send(new_method_return(call, "o", (path,)))
        thread = threading.Thread(target=self._answer_late, args=(path,))
        self._pending.append(thread)
        thread.start()

    def _answer_late(self, path: str) -> None:
        self.may_answer.wait()
        with open_dbus_connection(self._address) as bus:
            self._answer(bus, path)

    def _answer(self, bus: DBusConnection, path: str) -> None:
        emitter = DBusAddress(path, interface="org.freedesktop.portal.Request")
        results = {"uri": ("s", self._uri)} if self._uri is not None else {}
        bus.send(new_signal(emitter, "Response", "ua{sv}", (self._response, results)))
        self.answered.set()
