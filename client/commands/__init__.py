"""The commands of `deskbell`, a module each: `run(options, where, settings)` gives the exit code."""

DONE, FAILED, MISUSED, WAITING, ATTENTION, NOT_SAVED = range(6)
