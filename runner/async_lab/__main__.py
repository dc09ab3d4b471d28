"""``async-lab``, which ``python -m async_lab`` is too.

Listens to signals and sees to the standard streams first, and imports the lab later: that takes half a second.
"""

from __future__ import annotations

import atexit
import os
import sys


def main() -> None:
    """Run the program. A signal ends it with 130 up to its last instant: Python's own end would lose one."""
    _put_users_modules_last()
    from async_lab.process import signals

    signals.listen_from_the_start()
    from async_lab.process import streams

    streams.prepare()
    code = _code()
    atexit._run_exitfuncs()  # noqa: SLF001 - what Python would do now, and we do while we still listen
    os._exit(code)


def _put_users_modules_last() -> None:
    """Let no module on the user's PYTHONPATH stand in for one that the lab needs."""
    users = {os.path.abspath(place) for place in os.environ.get("PYTHONPATH", "").split(os.pathsep) if place}  # noqa: PTH100
    sys.path.sort(key=lambda place: os.path.abspath(place) in users)  # noqa: PTH100


def _code() -> int:
    try:
        from async_lab.cli import app

        app()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except MemoryError:  # too little even to import what tells of the others
        os.write(2, b"Error: This machine refuses what the lab needs (memory): free some, or allow more (ulimit -v).\n")
        return 3
    except BaseException as error:  # noqa: BLE001 - the last place where one can be told
        from async_lab.process import trouble

        return trouble.conclude(error)
    return 0


if __name__ == "__main__":
    main()
