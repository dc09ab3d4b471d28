"""Every way a command can end badly, as one tree. The class says what the caller can do; the message is one sentence.

LabError
├── UsageError           2: the request itself is wrong: a scenario, a value, an option
├── EnvironmentFailure   3: tools, credentials, Terraform or AWS failed
├── LeftBehind           4: something still stands; the message names it and the command that removes it
├── Interrupted        130: Ctrl-C, and everything was removed
└── ReaderGone         141: nobody reads what is printed, and everything was removed

Any other exception is a bug (70), unless the machine is at its bottom (3): ``async_lab.process.trouble`` tells of both.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What the shell gets to see."""

    AS_EXPECTED = 0
    NOT_AS_EXPECTED = 1
    USAGE = 2
    ENVIRONMENT = 3
    LEFT_BEHIND = 4
    BUG = 70  # EX_SOFTWARE of BSD's sysexits.h
    INTERRUPTED = 130  # as a shell says SIGINT
    READER_GONE = 141  # as a shell says SIGPIPE


class LabError(Exception):
    """Something the user is told in one sentence; ``exit_code`` goes to the shell."""

    exit_code = ExitCode.ENVIRONMENT


class UsageError(LabError):
    """The request is wrong: correct it and call again. Nothing was changed."""

    exit_code = ExitCode.USAGE


class EnvironmentFailure(LabError):
    """A tool, a credential, Terraform or AWS failed. What had been made was taken down again."""

    exit_code = ExitCode.ENVIRONMENT


class LeftBehind(LabError):
    """Something still stands: the message lists it, and the command that removes it."""

    exit_code = ExitCode.LEFT_BEHIND


class Interrupted(LabError):
    """The user pressed Ctrl-C and everything was removed."""

    exit_code = ExitCode.INTERRUPTED


class ReaderGone(LabError):
    """Who read our output has left, as ``head`` does. There is nobody to tell, and everything was removed."""

    exit_code = ExitCode.READER_GONE
