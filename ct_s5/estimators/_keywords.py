"""The keywords of estimators, checked before anything else happens."""

import numpy as np

from ct_s5.estimators._inputs import is_amount


def check_keywords(estimator) -> None:
    """Refuse what no estimator can mean, by name and value.

    Raises:
        TypeError: A keyword that the file of the fitted model could not keep.
        ValueError: A keyword of a wrong kind or beyond its range.
    """
    from ct_s5.estimators._files import check_kept  # which knows all estimators

    if estimator.per not in ("series", "reading"):
        raise ValueError(f"per is 'series' or 'reading'; got {estimator.per!r}.")
    if estimator.on_empty not in ("answer", "error"):
        raise ValueError(f"on_empty is 'answer' or 'error'; got {estimator.on_empty!r}.")
    for name in ("id_col", "time_col"):
        if not isinstance(getattr(estimator, name), str):
            raise ValueError(f"{name} is the name of a column; got {getattr(estimator, name)!r}.")
    for name in ("bidirectional", "sort"):
        if not isinstance(getattr(estimator, name), bool | np.bool_):
            raise ValueError(f"{name} is True or False; got {getattr(estimator, name)!r}.")
    if isinstance(estimator.random_state, np.random.Generator):
        raise ValueError(
            "random_state is a whole number or None, not a Generator: draw one, "
            "random_state=int(rng.integers(2**31))."
        )
    for name in ("learning_rate", "weight_decay", "dropout", "thinning"):
        value = getattr(estimator, name)
        if not is_amount(value):
            raise ValueError(f"{name} is a finite number of at least 0; got {value!r}.")
    if np.shape(estimator.timescale) != (2,) or not all(map(is_amount, estimator.timescale)):
        raise ValueError(
            "timescale is a pair (low, high) of finite numbers of at least 0; got "
            f"{estimator.timescale!r}."
        )
    if isinstance(estimator.inputs, str):
        raise ValueError(f"inputs is a list of names; got {estimator.inputs!r}.")
    share = estimator.validation_fraction
    if share is not None and not (is_amount(share) and share < 1):
        raise ValueError(f"validation_fraction is a share from 0 to below 1; got {share!r}.")
    sizes = {"width": 1, "states": 2, "depth": 0, "n_blocks": 1}
    sizes |= {"batch_size": 1}
    sizes |= {n: 1 for n in ("max_epochs", "patience") if getattr(estimator, n) is not None}
    for name, least in sizes.items():
        value = getattr(estimator, name)
        if not isinstance(value, int | np.integer) or value < least:
            raise ValueError(f"{name} must be a whole number of at least {least}; got {value!r}.")
    least = 2 * estimator.n_blocks
    if estimator.mixer == "s5" and estimator.depth and estimator.states % least:
        raise ValueError(f"states must be a multiple of {least}; got {estimator.states}.")
    window = estimator.window
    whole = isinstance(window, int | np.integer) and not isinstance(window, bool)
    if window is not None and not (whole and window >= 2):
        raise ValueError(f"window is a whole number of at least 2 rows, or None; got {window!r}.")
    if not 0 <= estimator.dropout < 1:
        raise ValueError(f"dropout is a share from 0 to below 1; got {estimator.dropout}.")
    check_kept(estimator)
