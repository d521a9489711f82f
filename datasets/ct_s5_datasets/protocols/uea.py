"""Uses of sets of the UEA and UCR archives: NeuralCDE's, and ours beside it."""

from .._normaliser import Normaliser
from .._protocol import Protocol

_SHARES = (30, 50, 70)
_SCALING = Normaliser("z-score", ddof=1, epsilon=1e-5)
_TASK = "{} % of the readings of each series are taken out at random: which class is it?"

PROTOCOLS = (
    *(
        Protocol(
            set="uea",
            key=f"character-trajectories-neuralcde-{share}@1",
            status="exact",
            task=_TASK.format(share),
            metric="accuracy on test",
            source="Kidger et al. 2020, arXiv:2005.08926",
            split=f"character-trajectories-neuralcde-{share}@1",
            sizes={"train": 2000, "validation": 429, "test": 429},
            seed=(56789, 0, 1),
            normaliser=_SCALING,
            asks={"part": f"CharacterTrajectories/neuralcde-{share}"},
            differs="There a series is first filled up to 182 readings with its last one, and "
            "these count in the scaling; here they do not.",
        )
        for share in _SHARES
    ),
    *(
        Protocol(
            set="uea",
            key=f"japanese-vowels-drop-{share}@1",
            status="exact",
            task=_TASK.format(share),
            metric="accuracy on test",
            source="this package",
            split=f"japanese-vowels-drop-{share}@1",
            sizes={"train": 448, "validation": 96, "test": 96},
            seed=(56789, 0, 1),
            normaliser=_SCALING,
            asks={"part": f"JapaneseVowels/drop-{share}"},
            differs="It is ours: no published number belongs to it.",
        )
        for share in _SHARES
    ),
)
