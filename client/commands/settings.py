"""`deskbell settings`: show or change them."""

from __future__ import annotations

import argparse

from client.commands import DONE, MISUSED
from client.commands.printing import print_json, problem_body, say_problem
from client.core.errors import ConfigError
from client.core.paths import Paths
from client.core.settings import TABLE, Settings, load, store
from client.core.words import _


def run(options: argparse.Namespace, where: Paths, settings: Settings) -> int:
    if options.value is not None:
        try:
            store(where.user_config, options.name, options.value, settings)
        except ConfigError as error:
            say_problem(error.problem, as_json=options.json)
            return MISUSED
        settings = load(where.machine_config, where.user_config)
    rows = [row for row in TABLE if options.name in (None, row.name)]
    if options.json:
        print_json(
            {
                "settings": {
                    row.name: {
                        "value": settings.values[row.name],
                        "source": settings.sources[row.name].value,
                        "locked": settings.is_locked(row.name),
                        "help": _(row.help),
                    }
                    for row in rows
                },
                "problems": [problem_body(problem) for problem in settings.problems],
            }
        )
        return DONE
    for row in rows:
        value = settings.values[row.name]
        shown = ", ".join(value) if isinstance(value, tuple) else value
        managed = _("managed by your organisation") if settings.is_locked(row.name) else ""
        print(f"{row.name:10} {shown or '–'}  {managed}".rstrip())
        print(f"           {_(row.help)}")
    for problem in settings.problems:
        say_problem(problem, as_json=False)
    return DONE
