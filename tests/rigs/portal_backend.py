"""A screenshot back-end that asks for permission, as GNOME's does and sway's does not: `python -m … BUS-ADDRESS`.

It only says that it is of the kind the portal asks the user for (version 2). Whether there will be a picture is
decided before it is called, by the portal's own dialog or by its permission store.
"""

from __future__ import annotations

import sys

from jeepney import HeaderFields, MessageType, message_bus, new_error, new_method_return
from jeepney.io.blocking import open_dbus_connection

NAME = "org.freedesktop.impl.portal.desktop.rig"
PORTAL_FILE = f"""[portal]
DBusName={NAME}
Interfaces=org.freedesktop.impl.portal.Screenshot;
UseIn=sway
"""


def main(address: str) -> None:
    """Serves until it is ended."""
    with open_dbus_connection(address) as bus:
        bus.send_and_get_reply(message_bus.RequestName(NAME))
        while True:
            call = bus.receive()
            if call.header.message_type is not MessageType.method_call:
                continue
            member = call.header.fields.get(HeaderFields.member)
            if member == "GetAll":
                bus.send(new_method_return(call, "a{sv}", ({"version": ("u", 2)},)))
            elif member == "Get":
                bus.send(new_method_return(call, "v", (("u", 2),)))
            else:
                bus.send(new_error(call, "org.freedesktop.DBus.Error.UnknownMethod"))


if __name__ == "__main__":
    main(sys.argv[1])
