"""What the verbs of the command line share in speaking and listening."""

import argparse
import getpass
import os
import socket
import sys
from collections.abc import Callable
from typing import TypeAlias

from dispatch.domain.actor import Actor
from dispatch.settings import Settings

Verb = Callable[[argparse.Namespace, Settings], int]
# argparse has no public name for what add_subparsers gives.
Verbs: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001
MOST_DAYS = 36_500


def whoever() -> Actor:
    """Name whoever sits at this command line, as the system knows them: for the audit trail."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a container without names
        name = str(os.getuid())
    return Actor("command_line", None, f"{name}@{socket.gethostname()}")


def no_such(what: str) -> int:
    """Say that there is no such thing; gives the exit code."""
    print(f"there is no such {what}", file=sys.stderr)
    return 1


def at_least_one(text: str) -> int:
    """Read a whole number above zero.

    Raises:
        ArgumentTypeError: it is none.
    """
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MOST_DAYS):
        raise argparse.ArgumentTypeError(f"a whole number from 1 to {MOST_DAYS}")
    return int(text)
