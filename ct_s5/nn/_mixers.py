"""The sequence models that a whole model can be built with, by name."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from jaxtyping import PRNGKeyArray

from ct_s5.nn._gru import GRULayer
from ct_s5.nn._grud import GRUDLayer
from ct_s5.nn._lstm import LSTMLayer
from ct_s5.nn._mixer import Mixer
from ct_s5.nn._transformer import TransformerLayer
from ct_s5.ssm import LinOSSLayer, S4DLayer, S4Layer, S5Layer

if TYPE_CHECKING:
    from ct_s5.nn._model import ModelSettings

MakeMixer = Callable[["ModelSettings", PRNGKeyArray], Mixer]


def _s5(settings: "ModelSettings", key: PRNGKeyArray) -> Mixer:
    return S5Layer(
        settings.width,
        settings.states,
        n_blocks=settings.n_blocks,
        hold=settings.hold,
        bidirectional=settings.bidirectional,
        timescale=settings.timescale,
        rescale=settings.rescale,
        output_init=settings.output_init,
        key=key,
    )


def _gru(settings: "ModelSettings", key: PRNGKeyArray) -> Mixer:
    refuse_bidirectional(settings, "The GRU")
    return GRULayer(settings.width, key=key)


def _gru_gap(settings: "ModelSettings", key: PRNGKeyArray) -> Mixer:
    refuse_bidirectional(settings, "The GRU")
    return GRULayer(settings.width, gap=True, key=key)


def _gru_d(settings: "ModelSettings", key: PRNGKeyArray) -> Mixer:
    refuse_bidirectional(settings, "GRU-D")
    return GRUDLayer(settings.width, key=key)


def _lstm(settings: "ModelSettings", key: PRNGKeyArray) -> Mixer:
    refuse_bidirectional(settings, "The LSTM")
    return LSTMLayer(settings.width, key=key)


def _transformer(settings: "ModelSettings", key: PRNGKeyArray) -> Mixer:
    return TransformerLayer(settings.width, bidirectional=settings.bidirectional, key=key)


def _s4(settings: "ModelSettings", key: PRNGKeyArray) -> Mixer:
    refuse_bidirectional(settings, "S4")
    return S4Layer(settings.width, **_of_each_feature(settings), key=key)


def _s4d(settings: "ModelSettings", key: PRNGKeyArray) -> Mixer:
    refuse_bidirectional(settings, "S4D")
    return S4DLayer(settings.width, **_of_each_feature(settings), key=key)


def _of_each_feature(settings: "ModelSettings") -> dict[str, Any]:
    """`states` counts those of one feature here, as in the papers: width x states in all."""
    return {
        "n_states": settings.states,
        "timescale": settings.timescale,
        "rescale": settings.rescale,
    }


def _linoss(settings: "ModelSettings", key: PRNGKeyArray) -> Mixer:
    return _oscillators(settings, "implicit", key)


def _linoss_imex(settings: "ModelSettings", key: PRNGKeyArray) -> Mixer:
    return _oscillators(settings, "implicit-explicit", key)


def _oscillators(settings: "ModelSettings", scheme: Any, key: PRNGKeyArray) -> Mixer:
    """`timescale` is not told on: it is a range for rates up to P^2, and these are up to 1."""
    refuse_bidirectional(settings, "LinOSS")
    layer = (settings.width, settings.states)
    return LinOSSLayer(*layer, scheme=scheme, rescale=settings.rescale, key=key)


MIXERS: dict[str, MakeMixer] = {
    "s5": _s5,
    "s4": _s4,
    "s4d": _s4d,
    "linoss": _linoss,
    "linoss-imex": _linoss_imex,
    "gru": _gru,
    "gru-gap": _gru_gap,
    "gru-d": _gru_d,
    "lstm": _lstm,
    "transformer": _transformer,
}
"""How `ModelSettings.mixer` is made into a layer. Rooms beside this one add theirs."""


def refuse_bidirectional(settings: "ModelSettings", name: str) -> None:
    """For the mixers that read forwards only."""
    if settings.bidirectional:
        raise ValueError(
            f"{name} reads forwards only: leave bidirectional=False with mixer={settings.mixer!r}."
        )
