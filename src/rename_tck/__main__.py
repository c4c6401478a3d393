"""`python -m rename_tck` is the `rename-tck` command."""

from __future__ import annotations

import os
import sys

if __name__ == "__main__":
    # -m puts the current folder first, where a click.py of the user's would be taken for Click; where the suite itself
    # is found there its processes need it, too
    try:
        here = os.getcwd()
    except OSError:  # it is removed
        here = ""
    if not sys.flags.safe_path and sys.path[:1] == [here] and os.path.dirname(os.path.dirname(__file__)) != here:
        del sys.path[0]

    from rename_tck.cli import main

    sys.exit(main())
