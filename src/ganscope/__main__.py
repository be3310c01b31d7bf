"""`python -m ganscope`."""

import sys

from ganscope.cli import main

if __name__ == "__main__":
    sys.exit(main())
