"""Data sets by name, from whatever packages announce some.

A package announces its sets through the entry-point group `ct_s5.datasets`: the name of a module
that has `names()`, `describe()`, `card(name)`, `load(name, root=...)`, `fetch(name, root)`,
`folder_of(name)` and `check(dataset)`, as `ct_s5_datasets` has. So this library knows of no set,
and anyone can add theirs.
"""

import importlib.metadata
from typing import Any

from ct_s5._words import near


def providers() -> dict[str, Any]:
    """Each name of a set or of one of its protocols, and the module that has it."""
    found: dict[str, Any] = {}
    for point in importlib.metadata.entry_points(group="ct_s5.datasets"):
        module = point.load()
        for name in module.names():
            if name in found:
                raise ValueError(
                    f"Both {found[name].__name__} and {module.__name__} have a set {name!r}. "
                    "Uninstall one of them."
                )
            found[name] = module
    return found


def provider_of(name: str) -> Any:
    """The module that has the set of that name.

    Raises:
        ValueError: Nobody has it; the message has the nearest name.
    """
    known = providers()
    if name not in known:
        hint = near(name, known, likeness=0.5)
        raise ValueError(f"No data set {name!r}.{hint} `ct-s5 data list` shows all.")
    return known[name]
