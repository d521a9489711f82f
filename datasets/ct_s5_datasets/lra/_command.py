"""A generator run from the command line, and what goes wrong there in one line."""

import errno
import sys
from collections.abc import Callable
from pathlib import Path


def run(make: Callable[[], Path], folder: str) -> None:
    """Print the folder that was made; leave with one line and code 1 where that fails."""
    try:
        print(make())
    except KeyboardInterrupt:
        sys.exit("Interrupted; nothing was kept.")
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            sys.exit(f"The disk of {folder} is full; nothing was kept. Free some room, run again.")
        sys.exit(str(error))
    except (ValueError, ImportError) as error:
        sys.exit(str(error))
