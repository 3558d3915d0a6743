"""A Debian of its own in a folder: made by debootstrap, entered by chroot, with the desktop of a rig inside.

Every program is started with mounts of its own (own_mounts), which end with it: nothing is ever mounted under the
folder for anybody else, so it can be deleted at any time. The bare system, and the packages that were downloaded, are
kept in build/debian for the next time; `make clean` removes them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.rigs.namespaces import own_mounts
from tests.rigs.session import ROOT

KEPT = ROOT / "build/debian"
USER, UID = "anna", 1000
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

_ENTER = """
set -e
root=$1; shift
for place in proc dev; do mount --rbind "/$place" "$root/$place"; done
mount --bind "$ARCHIVES" "$root/var/cache/apt/archives"
if [ -n "$SESSION_BUS" ]; then
  mount --rbind /tmp/.X11-unix "$root/tmp/.X11-unix"
  mount --bind "$SESSION_BUS" "$root$INSIDE_BUS"
fi
unset ARCHIVES SESSION_BUS INSIDE_BUS
exec chroot "$@"
"""
_BUS = f"/run/user/{UID}/bus"

# What apt was told on this machine counts there as well: proxies, mirrors, certificates.
_OURS = ("etc/apt/sources.list.d", "etc/apt/apt.conf.d", "usr/local/share/ca-certificates", "etc/ssl/certs")

# Nothing there need outlive a power cut, and nobody reads what a package is about.
_UNSAFE = {"DPKG_FORCE": "unsafe-io"}
_HASTE = {
    "etc/dpkg/dpkg.cfg.d/haste": "force-unsafe-io\n",
    "etc/apt/apt.conf.d/haste": 'Acquire::Languages "none";\n',
}


def why_not() -> str | None:
    """Why there can be no such system on this machine; None where there can."""
    if codename() is None:
        return "not a Debian system"
    if own_mounts() is None:
        return "nothing may be mounted here: this needs CAP_SYS_ADMIN (a container needs --privileged)"
    return None


def codename() -> str | None:
    """This system's own release: what is built here runs on it and on later ones."""
    lines = Path("/etc/os-release").read_text().splitlines()
    told = dict(line.partition("=")[::2] for line in lines)
    return told.get("VERSION_CODENAME") if told.get("ID") == "debian" else None


class FreshDebian:
    """A system in `folder`, which is made new."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._session_bus = ""
        self._display: Mapping[str, str] = {}

    def make(self) -> None:
        """The bare system, with a user of its own, without anything of ours."""
        archive = KEPT / f"{codename()}.tar"
        (KEPT / "archives/partial").mkdir(parents=True, exist_ok=True)
        if not archive.exists():
            self._bootstrap(archive)
        self.folder.mkdir(parents=True, exist_ok=True)
        _done(["tar", "--numeric-owner", "-xpf", archive, "-C", self.folder])
        for name in ("resolv.conf", "hosts"):
            shutil.copy(f"/etc/{name}", self.folder / "etc" / name)

    @contextmanager
    def shown_on(self, env: Mapping[str, str]) -> Iterator[None]:
        """Meanwhile every program is started on the desktop with this environment, which must be there all the time."""
        (self.folder / "tmp/.X11-unix").mkdir(mode=0o1777, exist_ok=True)
        runtime = self.folder / f"run/user/{UID}"
        runtime.mkdir(parents=True, exist_ok=True)
        runtime.chmod(0o700)
        (self.folder / _BUS[1:]).touch()
        for path in (runtime, self.folder / _BUS[1:]):
            os.chown(path, UID, UID)
        self._session_bus = env["DBUS_SESSION_BUS_ADDRESS"].removeprefix("unix:path=")
        self._display = {name: env[name] for name in ("DISPLAY", "XDG_SESSION_TYPE", "NO_AT_BRIDGE")}
        try:
            yield
        finally:
            self._session_bus, self._display = "", {}

    def user_command(self, *command: str) -> list[str]:
        """What starts a program there as the user, on the desktop; with `user_env` as its environment."""
        return [*self._entering(), f"--userspec={UID}:{UID}", "--groups=", str(self.folder), *_DYING, *command]

    @property
    def user_env(self) -> dict[str, str]:
        return {
            "PATH": PATH,
            "LANG": "C.UTF-8",
            "HOME": f"/home/{USER}",
            "XDG_RUNTIME_DIR": f"/run/user/{UID}",
            "DBUS_SESSION_BUS_ADDRESS": f"unix:path={_BUS}",
            "DESKBELL_LANGUAGE": "en",
            **self._display,
            **self._places,
        }

    def run_as_user(self, *command: str, within_s: float = 60) -> subprocess.CompletedProcess[str]:
        """A command of the user's, to its end."""
        return subprocess.run(
            self.user_command(*command),
            env=self.user_env,
            capture_output=True,
            text=True,
            check=False,
            timeout=within_s,
            stdin=subprocess.DEVNULL,
        )

    def run(self, *command: str, within_s: float = 300) -> str:
        """A command of the administrator's, which must succeed; what it said."""
        env = {"PATH": PATH, "HOME": "/root", "LANG": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive", **self._places}
        return _done([*self._entering(), str(self.folder), *command], env, within_s)

    def apt(self, *arguments: str) -> None:
        """apt-get, with a second try on fresh lists: kept ones may be out of date."""
        command = ["apt-get", "-y", "-q", "--no-install-recommends", *arguments]
        try:
            self.run(*command)
        except AssertionError:
            self.run("apt-get", "-q", "update")
            self.run(*command)

    def files(self) -> set[str]:
        """Every path there, as it is called there, without what programs write as they run, and users at home."""
        found = _done(["find", ".", "-xdev", "-printf", "/%P\\n"], cwd=self.folder).splitlines()
        passing = ("/tmp", "/proc", "/sys", "/dev", "/home", "/run/user", "/var/log", "/var/cache", "/var/lib/apt")
        return {path for path in found if not path.startswith(passing)}

    def owned(self) -> set[str]:
        """Every path that an installed package brought along; /lib and its like are links to folders in /usr."""
        lists = self.folder.glob("var/lib/dpkg/info/*.list")
        told = {line for each in lists for line in each.read_text().splitlines()}
        links = tuple(f"/{path.name}/" for path in self.folder.iterdir() if path.is_symlink())
        return {f"/usr{path}" if path.startswith(links) else path for path in told}

    def remove(self) -> None:
        """Nothing of it stays."""
        _removed(self.folder)

    def _bootstrap(self, archive: Path) -> None:
        """Made as FreshDebian.make wants it, in a folder that is renamed into place only when it is whole."""
        bare = KEPT / "bare"
        _removed(bare)
        mounts = own_mounts() or []
        _done([*mounts, "debootstrap", "--variant=minbase", str(codename()), bare], os.environ | _UNSAFE, within_s=600)
        (bare / "etc/apt/sources.list").unlink(missing_ok=True)
        for name in _OURS:
            if Path("/", name).exists():
                shutil.copytree(Path("/", name), bare / name, dirs_exist_ok=True, symlinks=True)
        for container in (bare / "etc/apt/apt.conf.d").glob("docker-*"):
            container.unlink()  # they delete what was downloaded
        for name, text in _HASTE.items():
            (bare / name).write_text(text)
        if not [*(bare / "etc/apt/sources.list.d").iterdir()]:
            shutil.copy("/etc/apt/sources.list", bare / "etc/apt/sources.list")
        (bare / "usr/sbin/policy-rc.d").write_text("#!/bin/sh\nexit 101\n")  # no service starts
        (bare / "usr/sbin/policy-rc.d").chmod(0o755)
        _done(["chroot", bare, "useradd", "--uid", str(UID), "--create-home", "--comment", "Anna Kern", USER])
        _done([*mounts, "chroot", bare, "apt-get", "-q", "update"], within_s=300)
        _done(["tar", "--numeric-owner", "-C", bare, "-cf", f"{archive}.new", "."], within_s=300)
        Path(f"{archive}.new").rename(archive)
        _removed(bare)

    def _entering(self) -> list[str]:
        return [*(own_mounts() or []), "sh", "-c", _ENTER, "sh", str(self.folder)]

    @property
    def _places(self) -> dict[str, str]:
        return {"ARCHIVES": str(KEPT / "archives"), "SESSION_BUS": self._session_bus, "INSIDE_BUS": _BUS}


# The kernel forgets to whose end a program is bound when the program becomes another user's.
_DYING = ("setpriv", "--pdeathsig", "KILL")


def _removed(folder: Path) -> None:
    """Whatever should be mounted there against expectation, such as the machine's own /dev, is not entered."""
    _done(["rm", "-rf", "--one-file-system", folder])


def _done(
    command: Sequence[str | Path],
    env: Mapping[str, str] | None = None,
    within_s: float = 120,
    cwd: Path | None = None,
) -> str:
    done = subprocess.run(
        [str(part) for part in command],
        env=env,
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=within_s,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    return done.stdout
