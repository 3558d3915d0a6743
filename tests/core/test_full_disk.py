"""A disk that is really full: a file system of 200 kB, in a mount namespace of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.rigs.desk_server import DeskServer
from tests.rigs.namespaces import own_mounts

ROOT = Path(__file__).resolve().parents[2]

SCRIPT = """
mount -t tmpfs -o size=200k none "$PROFILE" || exit
cp "$CONFIG" "$PROFILE/deskbell.json"
python() { env -u DISPLAY -u WAYLAND_DISPLAY "$PYTHON" -m client "$@" --profile "$PROFILE"; }
python report "disk is full" --attach "$BIG" --no-screens; echo "exit $?"
python report "without the picture" --no-screens; echo "exit $?"
python outbox; echo "exit $?"
"""


def test_a_full_disk_says_so_and_what_fits_still_gets_through(tmp_path: Path, desk_server: DeskServer) -> None:  # I14
    big = tmp_path / "big.log"
    big.write_bytes(os.urandom(400_000))
    config = tmp_path / "deskbell.json"
    config.write_text(json.dumps({"server": desk_server.url, "site_key": desk_server.site_key}))
    profile = tmp_path / "profile"
    profile.mkdir()
    alone = own_mounts()
    if alone is None:
        pytest.skip("this machine gives no mount namespace")
    given = {"PROFILE": profile, "CONFIG": config, "BIG": big, "PYTHON": sys.executable}
    done = subprocess.run(
        [*alone, "sh", "-c", SCRIPT],
        cwd=ROOT,
        env=os.environ | {name: str(value) for name, value in given.items()} | {"LANG": "C.UTF-8", "LANGUAGE": "en"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    said = done.stdout.splitlines()
    assert said[0] == "exit 5"
    assert said[1].endswith("is with IT.")
    assert said[2] == "exit 0"
    assert said[-1] == "exit 0"  # nothing waits
    assert "This PC’s disk is full, so your report is not saved yet." in done.stderr
    assert desk_server.rows("select count(*) from tickets where text = 'disk is full'") == [(0,)]
