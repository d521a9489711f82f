"""When a progress bar is worth showing."""

import sys


def unseen(progress: bool) -> bool:
    """Whether a bar should stay away: nobody asked for it, or nobody is there to watch.

    A bar in a log file is a line of a hundred thousand characters; in a notebook, whose output is
    no terminal either, somebody watches.
    """
    return not progress or not (sys.stderr.isatty() or "ipykernel" in sys.modules)
