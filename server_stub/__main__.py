"""``deskbell-server``: sets up and runs Deskbell's server.

Exit codes: 0 done · 1 it could not be done, and the reason was said · 2 the command line is wrong · 3 the server's
packages are not installed.
"""

from __future__ import annotations

import argparse
import gettext
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import assets

_ = gettext.translation("deskbell", assets.locale_dir(), fallback=True).gettext

FAILED = 1
NOT_INSTALLED = 3


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code says how it went."""
    arguments = parser().parse_args(argv)
    os.umask(0o077)
    if arguments.data is None:
        from platformdirs import user_data_path

        arguments.data = user_data_path("deskbell-server", appauthor=False)
    try:
        from server_stub import commands
    except ModuleNotFoundError as error:
        return _not_installed(error)
    try:
        return commands.COMMANDS[arguments.command](arguments)
    except ModuleNotFoundError as error:
        return _not_installed(error)
    except commands.CannotDo as error:
        _say(str(error))
    except PermissionError as error:
        _say(_("There is no permission to use {path}.").format(path=error.filename))
    except KeyboardInterrupt:
        _say(_("Stopped."))
    return FAILED


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="deskbell-server", description=_("Deskbell’s server."))
    commands = top.add_subparsers(dest="command", required=True, metavar=_("COMMAND"))

    def command(name: str, text: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=text, description=text)
        made.add_argument("--data", type=Path, metavar=_("DIR"), help=_("the folder where everything is kept"))
        return made

    command("init", _("make the data folder, or bring it up to date"))

    run = command("run", _("run the server until it is told to stop"))
    run.add_argument("--host", default="127.0.0.1", help=_("the address to listen on (default: %(default)s)"))
    run.add_argument("--port", type=_port, default=8765, help=_("0 takes a free one (default: %(default)s)"))
    run.add_argument("--tls-cert", type=Path, metavar=_("PEM"), help=_("the certificate chain, to serve HTTPS"))
    run.add_argument("--tls-key", type=Path, metavar=_("PEM"), help=_("the certificate’s key"))
    run.add_argument(
        "--trusted-proxy",
        action="append",
        default=[],
        metavar=_("ADDRESS"),
        help=_("believe X-Forwarded-For and -Proto from this address or network; may be repeated"),
    )
    run.add_argument("--max-attachment-mib", type=_count, default=25, help=_("default: %(default)s"))
    run.add_argument("--enrolments-per-hour", type=_count, default=600, help=_("per address; default: %(default)s"))
    run.add_argument("--reports-per-hour", type=_count, default=600, help=_("per device; default: %(default)s"))

    run.add_argument(
        "--close-days",
        type=_count,
        default=7,
        metavar=_("DAYS"),
        help=_("close a solved ticket when its requester has said nothing for so long (default: %(default)s)"),
    )
    run.add_argument(
        "--reopen-days",
        type=_count,
        default=14,
        metavar=_("DAYS"),
        help=_("reopen a closed ticket for so long; after that another one goes on (default: %(default)s)"),
    )

    site = command("add-site", _("add a company or branch, and print its public site key"))
    site.add_argument("name", metavar=_("NAME"))
    site.add_argument("--phone", help=_("the desk’s phone number, shown to employees"))

    change = command("set-site", _("change a site’s phone number, or withdraw its key"))
    change.add_argument("name", metavar=_("NAME"))
    what = change.add_mutually_exclusive_group(required=True)
    what.add_argument("--phone", help=_("the desk’s phone number; empty for none"))
    what.add_argument("--withdraw", action="store_true", help=_("let nobody enrol with its key any more"))

    command("list-sites", _("print every site with its key"))

    agent = command("add-agent", _("add somebody who answers tickets"))
    agent.add_argument("login", metavar=_("LOGIN"))
    agent.add_argument("--name", required=True, help=_("the name that employees see"))
    _add_password(agent)

    password = command("set-password", _("give an agent another password, and end all sessions"))
    password.add_argument("login", metavar=_("LOGIN"))
    _add_password(password)

    disable = command("disable-agent", _("shut an agent out"))
    disable.add_argument("login", metavar=_("LOGIN"))

    incident = command("add-incident", _("tell every employee of an outage, and print its number"))
    incident.add_argument("title", metavar=_("TITLE"))
    incident.add_argument("--text", default="", help=_("what more there is to say"))

    end = command("end-incident", _("tell that an outage is over"))
    end.add_argument("number", type=_count, metavar=_("NUMBER"))

    command("list-incidents", _("print what goes on"))

    revoke = command("revoke-device", _("shut a device out"))
    revoke.add_argument("device_id", metavar=_("DEVICE_ID"))
    return top


def _add_password(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--password-stdin", action="store_true", help=_("read the password from standard input instead of asking")
    )


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(_("not a port from 0 to 65535"))
    return int(text)


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 2000000:
        raise argparse.ArgumentTypeError(_("not a number from 1 to 2,000,000"))
    return int(text)


def _not_installed(error: ModuleNotFoundError) -> int:
    if (error.name or "").partition(".")[0] in ("server_stub", "assets"):
        raise error
    extras = "server,postgres" if error.name == "psycopg" else "server"
    _say(_("The server’s packages are not installed ({name} is missing). Install them with: {command}").format(
        name=error.name, command=f"pipx install 'deskbell[{extras}]'"))  # fmt: skip
    return NOT_INSTALLED


def _say(text: str) -> None:
    sys.stderr.write(f"deskbell-server: {text}\n")


if __name__ == "__main__":
    sys.exit(main())
