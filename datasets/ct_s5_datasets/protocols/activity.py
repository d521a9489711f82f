"""Published uses of Human Activity and of PAMAP2."""

from typing import Any

from .._normaliser import Normaliser
from .._protocol import Protocol

_WINDOWS: dict[str, Any] = {
    "set": "human_activity",
    "task": "A window of 50 rows is seen: what is the person doing at each of them?",
    "metric": "accuracy a row on test",
    "asks": {"part": "classification"},
    "crosses": "person",
    "targets": ("activity",),
    "recipe": {
        "rows a window": 50,
        "rows to the next": 25,
        "milliseconds a time is rounded to": 10,
    },
}
_CUT = {"rows a window": 600, "rows to the next": 300, "share of cells taken out": 0.6}
_POSITIVE = Normaliser("z-score", positive=True)

PROTOCOLS = (
    Protocol(
        **_WINDOWS,
        key="latent-ode@1",
        status="rebuilt",
        source="Rubanova et al. 2019, arXiv:1907.03907",
        split="latent-ode@1",
        sizes={"train": None, "test": None},
        seed=(42,),
        differs="The published run draws each part anew with replacement, so that some windows "
        "come twice; here each is in once.",
        selection="test",
    ),
    Protocol(
        **_WINDOWS,
        key="mtan@1",
        status="exact",
        source="Shukla & Marlin 2021, arXiv:2101.10318",
        split="mtan@1",
        seed=(42, 11),
    ),
    Protocol(
        set="human_activity",
        key="tpatchgnn@1",
        status="exact",
        task="3 seconds of a window are seen: what are the readings of the fourth?",
        metric="mean squared and mean absolute error of scaled values on test, averaged over the "
        "readings of each channel, then over channels",
        source="Zhang et al. 2024, t-PatchGNN, ICML 2024",
        split="tpatchgnn@1",
        seed=(42,),
        normaliser=Normaliser("min-max", over=("train", "validation")),
        asks={"part": "forecast"},
        differs="There the whole recordings count in the scaling; here their windows do.",
        crosses="person",
        recipe={
            "seconds a window": 4,
            "seconds to the next": 1,
            "seconds seen": 3,
            "milliseconds a time is rounded to": 1,
        },
        left=("seconds seen",),
    ),
    Protocol(
        set="pam",
        key="raindrop@1",
        status="rebuilt",
        task="A window of 600 rows with three fifths of its cells taken out is seen: what is the "
        "person doing?",
        metric="accuracy, and precision, recall and F1 averaged over classes, on test",
        source="Zhang et al. 2022, Raindrop, arXiv:2110.05357",
        split="raindrop@1",
        seed=(0,),
        normaliser=_POSITIVE,
        asks={"part": "raindrop"},
        differs="Raindrop drew its split without a recorded seed, from windows cut across the ends "
        "of activities; here windows keep to one activity, without a pause of the clock above "
        "0.1 s. A value of 0 or less counts as not observed there; here it stays.",
        crosses="person",
        recipe=_CUT,
    ),
    *(
        Protocol(
            set="pam",
            key=f"raindrop-split{number}@1",
            status="needs-file",
            task="A window of 600 rows with three fifths of its cells taken out is seen: what is "
            "the person doing?",
            metric="accuracy, and precision, recall and F1 averaged over classes, on test",
            source="Zhang et al. 2022, Raindrop, arXiv:2110.05357",
            split=f"raindrop-split{number}@1",
            normaliser=_POSITIVE,
            asks={"part": "raindrop-arrays"},
            differs=f"It needs PAM_split_{number}.npy, PTdict_list.npy and arr_outcomes.npy of "
            "Raindrop. The files do not say whose a window is, so it has no leak-free form.",
            crosses="person",
            separable=False,
            files=(f"PAM_split_{number}.npy",),
            recipe=_CUT,
        )
        for number in range(1, 6)
    ),
)
