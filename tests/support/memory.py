"""Where servers of tests keep their files: in memory, where there is room. What a disk does is no test's subject."""

import os
import shutil
from pathlib import Path

ROOM = 4 * 2**30
_MEMORY = Path("/dev/shm")


def in_memory() -> str | None:
    """Give a directory in memory; None for the usual one where there is none, or too little of it."""
    if os.access(_MEMORY, os.W_OK | os.X_OK) and shutil.disk_usage(_MEMORY).free > ROOM:
        return str(_MEMORY)
    return None
