"""Which stays the published uses of PhysioNet 2012 train and test on.

Every one of them splits in an order that nobody recorded (`os.listdir`, a cached file); here the
ids are sorted first. So all are rebuilt, not recovered: sizes, seeds and procedure are the
published ones, the stays in each part are not.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from ._splits import Split, sorted_ids

SET_SIZE = 4000


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


SPLITS: dict[str, tuple[str | tuple[str, ...], Callable[[ArrayLike], Split]]] = {
    "mtan-classif@1": ("a", mtan_classif_split),
    "latent-ode-interp@1": (("a", "b"), latent_ode_interp_split),
    "cru-interp@1": (("a", "b"), cru_interp_split),
    "tpatchgnn-forecast@1": (("a", "b", "c"), tpatchgnn_forecast_split),
}
"""Protocol -> the part it is defined on, and its split."""


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
