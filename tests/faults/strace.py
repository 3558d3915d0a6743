"""strace as a tool: what a thread asked of the kernel, in order, and a fault put into one of its calls.

strace counts the calls of each name in each thread by itself, so a fault is aimed at "the third fsync of this thread".
A thread is traced alone (`-p` without `-f`): the same count in another thread meets nobody.
"""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

EVERYTHING = "%file,%desc,%network,%process"  # what others can see: files, descriptors, sockets, processes
_CALL = re.compile(r"(?:(?P<tid>\d+)\s+)?(?P<name>\w+)\((?P<rest>.*)$")
_BEGUN = " <unfinished ...>"
_RESUMED = re.compile(r"(?:(?P<tid>\d+)\s+)?<\.\.\. (?P<name>\w+) resumed>(?P<rest>.*)$")
_RESULT = re.compile(r"\)\s+= (?P<result>-?\d+|0x[0-9a-f]+|\?)")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_OPENED = re.compile(r"(-?\d+|AT_FDCWD)<((?:\\x[0-9a-f]{2}|[^>\\])*)>")


@dataclass(frozen=True, slots=True)
class Call:
    """One system call of a recording. `nth` counts those of its name in its thread, from 1.

    `result` is None where the process ended in it.
    """

    tid: int
    name: str
    nth: int
    arguments: str
    result: int | None

    @property
    def texts(self) -> tuple[bytes, ...]:
        """The strings among its arguments: names, and bytes written or read."""
        return tuple(_bytes(text) for text in _TEXT.findall(self.arguments))

    @property
    def opened(self) -> tuple[str, ...]:
        """What the descriptors among its arguments stand for: paths, or words like `TCP:[…]`."""
        return tuple(_bytes(found).decode(errors="replace") for _, found in _OPENED.findall(self.arguments))

    @property
    def numbers(self) -> tuple[int, ...]:
        """The plain numbers among its arguments."""
        return tuple(int(part) for part in self.arguments.split(", ") if part.isdigit())

    def __str__(self) -> str:
        about = [text.decode(errors="replace") for text in self.texts[:2]] if self.name != "write" else []
        return f"{self.name} #{self.nth} {' '.join([*self.opened, *about])[-90:]}".rstrip()


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to the `nth` call of `name`, and if it `goes_on` to all after it: an error ("EIO") or a signal."""

    name: str
    nth: int
    error: str = ""
    signal: str = ""
    goes_on: bool = False

    @property
    def option(self) -> str:
        what = f"error={self.error}" if self.error else f"signal={self.signal}"
        return f"inject={self.name}:{what}:when={self.nth}{'+' if self.goes_on else ''}"

    def __str__(self) -> str:
        return f"{self.error or self.signal} at {self.name} #{self.nth}{' and all after it' if self.goes_on else ''}"


@contextmanager
def attached(
    thread: int,
    output: Path,
    *,
    faults: Sequence[Fault] = (),
    traced: str = EVERYTHING,
    text_bytes: int = 256,
    follow: bool = False,
) -> Iterator[None]:
    """Trace a thread that waits to be let go; `follow` also takes the others of its process, and new ones.

    Its calls are in `output` after the block, which lasts until the thread has ended or the block is left.
    """
    command = ["strace", "-y", "-xx", "-s", str(text_bytes), "-o", str(output), "-p", str(thread)]
    command += ["-f"] if follow else []
    for option in (f"trace={traced}", "signal=none", *(fault.option for fault in faults)):
        command += ["-e", option]
    tracer = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, errors="replace")
    assert tracer.stderr is not None
    try:
        said = tracer.stderr.readline()
        if "attached" not in said:
            raise RuntimeError(f"strace cannot trace here: {said.strip()}")
        yield
    finally:
        tracer.terminate()  # it lets go of what it traced
        tracer.communicate(timeout=30)


def recording(output: Path) -> list[Call]:
    """The calls that strace wrote down, in the order in which they began."""
    lines: list[tuple[int, str, str]] = []
    open_calls: dict[int, int] = {}
    for line in output.read_text(errors="replace").splitlines():
        if resumed := _RESUMED.match(line):
            index = open_calls.pop(int(resumed["tid"] or 0), None)
            if index is not None:
                tid, name, rest = lines[index]
                lines[index] = (tid, name, rest + resumed["rest"])
        elif call := _CALL.match(line):
            tid, rest = int(call["tid"] or 0), call["rest"]
            if rest.endswith(_BEGUN):
                open_calls[tid] = len(lines)
                rest = rest.removesuffix(_BEGUN)
            lines.append((tid, call["name"], rest))
    seen: Counter[tuple[int, str]] = Counter()
    calls = []
    for tid, name, rest in lines:
        seen[tid, name] += 1
        ended = _RESULT.search(rest)
        arguments = rest[: ended.start()] if ended else rest
        result = None if ended is None or ended["result"] == "?" else int(ended["result"], 0)
        calls.append(Call(tid, name, seen[tid, name], arguments, result))
    return calls


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", "")) if text.startswith("\\x") else text.encode()
