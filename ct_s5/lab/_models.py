"""The registry of models: what each sets of the estimator's keywords, and sizes brought in line."""

import dataclasses
import functools
import math
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import equinox as eqx
import jax

from ct_s5._words import near
from ct_s5.estimators import S5Classifier
from ct_s5.nn import ModelSettings, S5Model

Told = Literal["gaps", "order", "nothing"]


@dataclasses.dataclass(frozen=True)
class LabModel:
    """A model that a comparison can train."""

    about: str
    """In plain words, for tables and pages."""
    keywords: Mapping[str, Any] | None = None
    """What it sets of the estimator's keywords; None for what is no network."""
    told: Told = "gaps"
    """What of time its sequence layers make use of."""
    matched: bool = True
    """Whether its width is chosen so that it has as many parameters as the first network."""


def _s5(about: str, **keywords) -> LabModel:
    return LabModel(about, {"mixer": "s5", **keywords})


MODELS: dict[str, LabModel] = {
    "s5": _s5("S5, each reading held over the gap that ends with it (zoh)"),
    "s5-zoh-forward": _s5("S5, a reading held until the next one", hold="zoh_forward"),
    "s5-foh": _s5("S5, a straight line between readings", hold="foh"),
    "s5-bilinear": _s5("S5, Tustin's rule", hold="bilinear"),
    "s5-impulse": _s5("S5, a reading is an event", hold="impulse"),
    "s5-async": _s5("S5, an event with the gain of a unit gap", hold="async"),
    "s5-both": _s5("S5 in both directions", bidirectional=True),
    "s4": LabModel("S4: DPLR, a convolution over equal steps", {"mixer": "s4"}, "order"),
    "s4d": LabModel("S4D: diagonal, a convolution over equal steps", {"mixer": "s4d"}, "order"),
    "linoss": LabModel("LinOSS, implicit", {"mixer": "linoss"}),
    "linoss-imex": LabModel("LinOSS, implicit-explicit", {"mixer": "linoss-imex"}),
    "gru": LabModel("GRU", {"mixer": "gru"}, "order"),
    "lstm": LabModel("LSTM", {"mixer": "lstm"}, "order"),
    "gru-gap": LabModel("GRU that is told each gap as a number", {"mixer": "gru-gap"}),
    "gru-d": LabModel("GRU-D: states and last values that decay", {"mixer": "gru-d"}),
    "ode-rnn": LabModel("ODE-RNN: the state follows a learned equation", {"mixer": "ode-rnn"}),
    "neural-cde": LabModel("Neural CDE: driven by the path of readings", {"mixer": "neural-cde"}),
    "transformer": LabModel("attention with an encoding of time", {"mixer": "transformer"}),
    "depth-0": LabModel(
        "the same encoder, pooling and head without any sequence layer",
        {"depth": 0},
        "nothing",
        matched=False,
    ),
    "summary": LabModel("linear model on each channel's statistics"),
    "summary-boosting": LabModel("gradient boosting on the same statistics"),
    "last-value": LabModel("linear model on each channel's last value", None, "nothing"),
    "constant": LabModel("class shares, or the mean, of the training labels", None, "nothing"),
}
"""Every model by name. Networks differ in their sequence layers alone."""


def check_models(models: Sequence[str]) -> None:
    """Refuse a name that is no model."""
    for model in models:
        if model not in MODELS:
            hint = near(model, MODELS)
            raise ValueError(f"A model is one of {', '.join(MODELS)}; got {model!r}.{hint}")


def keywords_of(model: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The estimator's keywords of a network: the given ones, and what makes it this model."""
    keywords = {**given, **(MODELS[model].keywords or {})}
    if model == "gru-d":
        # Its last seen values are those that decay.
        inputs = given.get("inputs", S5Classifier().inputs)
        told = ("decayed" if name == "last" else name for name in inputs)
        keywords["inputs"] = tuple(dict.fromkeys(told))
    return keywords


@functools.lru_cache(maxsize=256)
def n_parameters(settings: ModelSettings) -> int:
    """How many numbers training adjusts, without making any of them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # whoever makes it for use hears of a hold's limits
        model = eqx.filter_eval_shape(S5Model, settings, key=jax.random.key(0))
    arrays = [leaf for leaf in jax.tree.leaves(model) if hasattr(leaf, "shape")]
    return sum(math.prod(array.shape) for array in arrays)


def matched_width(settings: ModelSettings, wanted: int, within: float = 0.1) -> int:
    """The width at which a network has nearest to so many parameters.

    Args:
        settings: Of the network; its width is where the search begins.
        wanted: Of the network it is compared with.
        within: How far off it may be, as a share.

    Raises:
        ValueError: No width comes that near.
    """

    def size(width: int) -> int:
        return n_parameters(dataclasses.replace(settings, width=width))

    low = step = _STEP.get(settings.mixer, 1)
    high = max(settings.width // step, 1) * step
    while size(high) < wanted:
        low, high = high, 2 * high
    while high - low > step:  # the size grows with the width
        middle = (low + high) // (2 * step) * step
        low, high = (middle, high) if size(middle) < wanted else (low, middle)
    best = min((low, high), key=lambda width: abs(size(width) - wanted))
    if abs(size(best) - wanted) > within * wanted:
        raise ValueError(
            f"No width brings mixer={settings.mixer!r} within {within:.0%} of {wanted:,} "
            f"parameters: {best} has {size(best):,}. Make the network larger, or pass match=False."
        )
    return best


# Widths that attention splits over its heads.
_STEP = {"transformer": 4}
