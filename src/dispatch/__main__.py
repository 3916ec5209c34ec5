"""`python -m dispatch` is the command line."""

import sys

from dispatch.cli import main

sys.exit(main())
