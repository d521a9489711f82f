"""The words that an experiment's command takes: names, and `--help`."""

import argparse
from collections.abc import Iterable


def asked_names(
    command: str,
    told: str | None,
    known: Iterable[str],
    what: str,
) -> list[str]:
    """Those given on the command line, each one of the known.

    Args:
        command: What was typed before them.
        told: What it does: the docstring of its module.
        known: The names there are.
        what: What a name is called, "SET" say.
    """
    known = list(known)
    parser = argparse.ArgumentParser(
        prog=command, description=told, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "names", nargs="*", metavar=what, choices=known, help=f"of {', '.join(known)}"
    )
    return parser.parse_args().names
