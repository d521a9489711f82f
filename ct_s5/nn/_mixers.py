"""The sequence models that a whole model can be built with, by name."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from jaxtyping import PRNGKeyArray

from ct_s5.nn._gru import GRULayer
from ct_s5.nn._mixer import Mixer
from ct_s5.ssm import S5Layer

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


MIXERS: dict[str, MakeMixer] = {
    "s5": _s5,
    "gru": _gru,
}
"""How `ModelSettings.mixer` is made into a layer. Rooms beside this one add theirs."""


def refuse_bidirectional(settings: "ModelSettings", name: str) -> None:
    """For the mixers that read forwards only."""
    if settings.bidirectional:
        raise ValueError(
            f"{name} reads forwards only: leave bidirectional=False with mixer={settings.mixer!r}."
        )
