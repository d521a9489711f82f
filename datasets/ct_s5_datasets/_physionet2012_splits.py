"""Which stays the published uses of PhysioNet 2012 train and test on.

Most of them split in an order that nobody recorded (`os.listdir`, a cached file); here the ids are
sorted first. So these are rebuilt, not recovered: sizes, seeds and procedure are the published
ones, the stays in each part are not. SeFT's split is recovered, stay by stay, from its seed;
Raindrop's are read from its files.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from ._raindrop import SPLITS as RAINDROP_SPLITS
from ._raindrop import read_split
from ._splits import Split, sorted_ids

SET_SIZE = 4000
EMPTY = (
    140501, 140936, 141264, 142731, 142998, 143656, 145611, 147514, 150309, 150649, 155655, 156254
)  # fmt: skip
"""The stays without a time series that SeFT and Raindrop leave out, of all 12,000."""


def mtan_classif_split(ids: ArrayLike) -> Split:
    """mTAN's mortality split: 2560 train, 640 validation, 800 test of set-a's 4000.

    scikit-learn's `train_test_split` keeps 80 % with seed 42, and 80 % of those with seed 11.

    Args:
        ids: The 4000 RecordIDs of set-a, the three records without readings included.

    References:
        Shukla & Marlin 2021, arXiv:2101.10318.

    """
    seen, test = _part(ids, 0.8, 42)
    train, validation = _part(seen, 0.8, 11, ordered=False)
    return _sorted(train=train, validation=validation, test=test)


def latent_ode_interp_split(ids: ArrayLike) -> Split:
    """Latent ODE's split for interpolation: 80 % train, 20 % test of a and b, and no validation.

    Args:
        ids: The 8000 RecordIDs of set-a and set-b.

    References:
        Rubanova et al. 2019, arXiv:1907.03907.

    """
    train, test = _part(ids, 0.8, 42)
    return _sorted(train=train, test=test)


def cru_interp_split(ids: ArrayLike) -> Split:
    """CRU's split for interpolation: 60 / 20 / 20 % of a and b, both cuts with seed 0.

    The published runs train on training and validation stays together, and look at the test stays
    after every epoch.

    Args:
        ids: The 8000 RecordIDs of set-a and set-b.

    References:
        Schirmer et al. 2022, arXiv:2111.11344.

    """
    seen, test = _part(ids, 0.8, 0)
    train, validation = _part(seen, 0.75, 0, ordered=False)
    return _sorted(train=train, validation=validation, test=test)


def tpatchgnn_forecast_split(ids: ArrayLike) -> Split:
    """t-PatchGNN's split for forecasts of the second day: 60 / 20 / 20 % of a, b and c.

    80 % are kept with seed 42; of these, in the order drawn, the first three quarters train.

    Args:
        ids: The 12,000 RecordIDs of set-a, set-b and set-c.

    References:
        Zhang et al. 2024, t-PatchGNN, ICML 2024.

    """
    seen, test = _part(ids, 0.8, 42)
    train, validation = np.split(seen, [3 * len(seen) // 4])
    return _sorted(train=train, validation=validation, test=test)


def seft_classif_split(deaths: pd.Series) -> Split:
    """SeFT's split: 7680 / 1920 / 2400 of a, b and c by stratified draws, less the empty stays.

    The published lists come from one stream of random numbers and the stays in the order of their
    ids, so they are what comes out here, stay by stay.

    Args:
        deaths: 1 for a death, of the 12,000 RecordIDs of set-a, set-b and set-c.

    References:
        Horn et al. 2020, Set Functions for Time Series, arXiv:1909.12064.

    """
    from sklearn.model_selection import train_test_split

    ordered, stream = deaths.sort_index(), np.random.RandomState(145469037)
    drawn = {"test_size": 0.2, "random_state": stream}
    seen, test = train_test_split(ordered.index.to_numpy(), stratify=ordered, **drawn)
    train, validation = train_test_split(seen, stratify=ordered.loc[seen], **drawn)
    parts = {"train": train, "validation": validation, "test": test}
    return {part: np.setdiff1d(ids, EMPTY) for part, ids in parts.items()}


def raindrop_splits(root: Path, ids: ArrayLike) -> dict[str, Split]:
    """Those of Raindrop's five splits, 80 / 10 / 10 % of 11,988 stays, whose files are there.

    Args:
        root: Folder with `phy12_split1.npy` and so on, or with `splits/`, or `P12data/splits/`.
        ids: The 12,000 RecordIDs of set-a, set-b and set-c.

    References:
        Zhang et al. 2022, Raindrop, arXiv:2110.05357.

    """
    kept = np.setdiff1d(sorted_ids(ids), EMPTY)
    found = {}
    for number, name in RAINDROP.items():
        for folder in (root / "P12data" / "splits", root / "splits", root):
            split = read_split(folder, f"phy12_split{number}.npy", kept)
            if split is not None:
                found[name] = split
                break
    return found


SPLITS: dict[str, tuple[str | tuple[str, ...], Callable[[ArrayLike], Split]]] = {
    "mtan-classif@1": ("a", mtan_classif_split),
    "latent-ode-interp@1": (("a", "b"), latent_ode_interp_split),
    "cru-interp@1": (("a", "b"), cru_interp_split),
    "tpatchgnn-forecast@1": (("a", "b", "c"), tpatchgnn_forecast_split),
}
"""Protocol -> the part it is defined on, and its split."""


ALL_SETS = ("a", "b", "c")
SEFT = "seft-classif@1"
RAINDROP = {
    number: f"raindrop-mortality{'' if number == 1 else f'-split{number}'}@1"
    for number in RAINDROP_SPLITS
}
"""Number of a split -> its protocol."""


def splits_of_all_sets(parts: tuple[str, ...], deaths: pd.Series, root: Path) -> dict[str, Split]:
    """SeFT's split, and Raindrop's whose files are there, if a, b and c are, and whole."""
    if parts != ALL_SETS or len(deaths) != SET_SIZE * len(parts):
        return {}
    return {SEFT: seft_classif_split(deaths), **raindrop_splits(root, deaths.index)}


def protocol_splits(parts: tuple[str, ...], ids: np.ndarray) -> dict[str, Split]:
    """The splits of all protocols that are defined on just these parts, if they are whole."""
    # A protocol names whole files: part of them would be another split under the same name.
    if len(ids) != SET_SIZE * len(parts):
        return {}
    return {
        name: split(ids)
        for name, (wanted, split) in SPLITS.items()
        if tuple(wanted) == tuple(parts)
    }


def _part(
    ids: ArrayLike, share: float, seed: int, *, ordered: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    from sklearn.model_selection import train_test_split

    chosen = sorted_ids(ids) if ordered else np.asarray(ids)
    kept, rest = train_test_split(chosen, train_size=share, random_state=seed, shuffle=True)
    return np.asarray(kept), np.asarray(rest)


def _sorted(**parts: np.ndarray) -> Split:
    return {part: np.sort(ids) for part, ids in parts.items()}
