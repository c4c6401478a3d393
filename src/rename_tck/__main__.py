"""`python -m rename_tck` is the `rename-tck` command."""

from __future__ import annotations

import sys

from rename_tck.cli import main

if __name__ == "__main__":
    sys.exit(main())
