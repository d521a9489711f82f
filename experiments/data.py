"""Real sets for experiments, wherever their files lie."""

import os
import pathlib
from typing import Any

import ct_s5_datasets

# The folders of $CT_S5_SHARED_DATA that are not called as their set is.
_FOLDERS = {
    "glucose": "cgm",
    "spoken_digits": "fsdd",
    "wearable": "uci_batteryless_activity",
}


def load(name: str, **keywords: Any) -> Any:
    """`ct_s5_datasets.load`, from `$CT_S5_SHARED_DATA` where that names a folder of all sets.

    Otherwise from `$CT_S5_DATA/NAME`, where `ct-s5 data fetch NAME` puts them; if they are in
    neither place the error says how to get them.
    """
    return ct_s5_datasets.load(name, root=root_of(name), **keywords)


def root_of(name: str) -> pathlib.Path | None:
    """The folder of a set's files; None for the usual one."""
    shared, entry = os.environ.get("CT_S5_SHARED_DATA"), name.split("/")[0]
    return pathlib.Path(shared, _FOLDERS.get(entry, entry)) if shared else None
