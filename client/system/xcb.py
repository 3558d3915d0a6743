"""As much of libxcb as is needed to read properties of windows, by ctypes.

Not Xlib: its default error handler ends the process when a window disappears between two calls.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager

ANY_TYPE = 0
MAX_WORDS = 1024  # of four bytes; a window's title is cut there


class _Cookie(ctypes.Structure):
    _fields_ = (("sequence", ctypes.c_uint),)


class _AtomReply(ctypes.Structure):
    _fields_ = (
        ("response_type", ctypes.c_uint8),
        ("pad0", ctypes.c_uint8),
        ("sequence", ctypes.c_uint16),
        ("length", ctypes.c_uint32),
        ("atom", ctypes.c_uint32),  # in GetSelectionOwner's reply, the owner
    )


class _ScreenIterator(ctypes.Structure):
    # The first field of xcb_screen_t is the root window.
    _fields_ = (("data", ctypes.POINTER(ctypes.c_uint32)), ("rem", ctypes.c_int), ("index", ctypes.c_int))


class XConnection:
    """A connection to the X server of the environment; made by `connected`."""

    def __init__(self, library: ctypes.CDLL, libc: ctypes.CDLL, handle: int) -> None:
        self._xcb = library
        self._libc = libc
        self._handle = handle
        screens = library.xcb_setup_roots_iterator(library.xcb_get_setup(handle))
        if not screens.rem:
            raise OSError("the X server has no screen")
        self.root: int = screens.data[0]

    def atom(self, name: str) -> int:
        """The number of a name, 0 where the server never heard of it."""
        text = name.encode()
        cookie = self._xcb.xcb_intern_atom(self._handle, 1, len(text), text)
        return self._first(self._xcb.xcb_intern_atom_reply(self._handle, cookie, None))

    def selection_owner(self, name: str) -> int:
        """The window that owns a selection, or 0."""
        atom = self.atom(name)
        if not atom:
            return 0
        cookie = self._xcb.xcb_get_selection_owner(self._handle, atom)
        return self._first(self._xcb.xcb_get_selection_owner_reply(self._handle, cookie, None))

    def property_bytes(self, window: int, name: str) -> bytes:
        """The bytes of a property, b"" where the window has none or is gone."""
        atom = self.atom(name)
        if not atom:
            return b""
        cookie = self._xcb.xcb_get_property(self._handle, 0, window, atom, ANY_TYPE, 0, MAX_WORDS)
        reply = self._xcb.xcb_get_property_reply(self._handle, cookie, None)
        if not reply:
            return b""
        try:
            return ctypes.string_at(
                self._xcb.xcb_get_property_value(reply), self._xcb.xcb_get_property_value_length(reply)
            )
        finally:
            self._libc.free(reply)

    def property_number(self, window: int, name: str) -> int:
        """The first 32-bit number of a property, or 0."""
        return int.from_bytes(self.property_bytes(window, name)[:4], "little")

    def _first(self, reply: int | None) -> int:
        if not reply:
            return 0
        try:
            return int(ctypes.cast(reply, ctypes.POINTER(_AtomReply)).contents.atom)
        finally:
            self._libc.free(reply)


@contextmanager
def connected() -> Iterator[XConnection]:
    """A connection for the time of a `with`; OSError where there is no X server or no libxcb."""
    library, libc = ctypes.CDLL("libxcb.so.1"), ctypes.CDLL(None)
    _declare(library, libc)
    handle = library.xcb_connect(None, None)
    try:
        if library.xcb_connection_has_error(handle):
            raise OSError("no X server")
        yield XConnection(library, libc, handle)
    finally:
        library.xcb_disconnect(handle)


def _declare(xcb: ctypes.CDLL, libc: ctypes.CDLL) -> None:
    pointer, u8, u16, u32, text = ctypes.c_void_p, ctypes.c_uint8, ctypes.c_uint16, ctypes.c_uint32, ctypes.c_char_p
    signatures: dict[str, tuple[object, list[object]]] = {
        "xcb_connect": (pointer, [text, pointer]),
        "xcb_connection_has_error": (ctypes.c_int, [pointer]),
        "xcb_disconnect": (None, [pointer]),
        "xcb_get_setup": (pointer, [pointer]),
        "xcb_setup_roots_iterator": (_ScreenIterator, [pointer]),
        "xcb_intern_atom": (_Cookie, [pointer, u8, u16, text]),
        "xcb_intern_atom_reply": (pointer, [pointer, _Cookie, pointer]),
        "xcb_get_selection_owner": (_Cookie, [pointer, u32]),
        "xcb_get_selection_owner_reply": (pointer, [pointer, _Cookie, pointer]),
        "xcb_get_property": (_Cookie, [pointer, u8, u32, u32, u32, u32, u32]),
        "xcb_get_property_reply": (pointer, [pointer, _Cookie, pointer]),
        "xcb_get_property_value": (pointer, [pointer]),
        "xcb_get_property_value_length": (ctypes.c_int, [pointer]),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(xcb, name)
        function.restype, function.argtypes = result, arguments
    libc.free.restype, libc.free.argtypes = None, [pointer]
