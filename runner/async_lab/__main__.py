"""``async-lab``, which ``python -m async_lab`` is too.

Listens to signals and sees to the standard streams first, and imports the lab later: that takes half a second.
"""

from __future__ import annotations

import atexit
import os

from async_lab.process import signals


def main() -> None:
    """Run the program. A signal ends it with 130 up to its last instant: Python's own end would lose one."""
    signals.listen_from_the_start()
    from async_lab.process import streams

    streams.prepare()
    code = _code()
    atexit._run_exitfuncs()  # noqa: SLF001 - what Python would do now, and we do while we still listen
    os._exit(code)


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
