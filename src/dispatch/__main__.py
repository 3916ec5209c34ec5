"""The program: `dispatch`, and `python -m dispatch`."""

import gc
import sys


def main() -> int:
    """Run the command line. What is imported is never garbage: looking for it would take a tenth of every start."""
    gc.disable()
    from dispatch.cli import main as run

    gc.enable()
    return run()


if __name__ == "__main__":
    sys.exit(main())
