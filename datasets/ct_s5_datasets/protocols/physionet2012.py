"""Published uses of PhysioNet 2012."""

from .._normaliser import ALL, Normaliser
from .._protocol import Protocol

_ORDER = (
    "The published code splits in the order of os.listdir, which nobody recorded; here the ids are "
    "sorted first. Sizes, seeds and procedure agree, the stays in each part do not."
)
_CODES = (
    "There the four descriptors on admission are channels too, and -1 for a weight that is not "
    "known counts as a reading; here descriptors are static, and -1 is no reading."
)

PROTOCOLS = (
    Protocol(
        set="physionet2012",
        key="mtan-classif@1",
        status="rebuilt",
        task="48 hours are seen, times rounded to 0.016 h: does the patient die in hospital?",
        metric="AUROC on test",
        source="Shukla & Marlin 2021, arXiv:2101.10318",
        split="mtan-classif@1",
        sizes={"train": 2560, "validation": 640, "test": 800},
        seed=(42, 11),
        normaliser=Normaliser("min-over-max", over=ALL),
        asks={"part": "a"},
        differs=f"{_ORDER} {_CODES} Times are not rounded.",
        recipe={"hours seen": 48, "hours a time is rounded to": 0.016},
        left=("hours a time is rounded to",),
    ),
    Protocol(
        set="physionet2012",
        key="latent-ode-interp@1",
        status="rebuilt",
        task="All readings of 48 hours are seen, or a share of them: what are the readings?",
        metric="mean squared error of scaled values over all readings of test",
        source="Rubanova et al. 2019, arXiv:1907.03907",
        split="latent-ode-interp@1",
        sizes={"train": 6400, "test": 1600},
        seed=(42,),
        normaliser=Normaliser("min-over-max", over=ALL),
        asks={"part": ("a", "b")},
        differs=f"{_ORDER} {_CODES} Times are not rounded.",
        selection="test",
    ),
    Protocol(
        set="physionet2012",
        key="cru-interp@1",
        status="rebuilt",
        task="All readings of 48 hours, times rounded to 0.1 h, are seen: what are the readings?",
        metric="mean squared error of scaled values over the readings of test",
        source="Schirmer et al. 2022, arXiv:2111.11344",
        split="cru-interp@1",
        sizes={"train": 4800, "validation": 1600, "test": 1600},
        seed=(0, 0),
        normaliser=Normaliser("min-max", over=ALL, each=True, zeros=True),
        asks={"part": ("a", "b")},
        differs=f"{_ORDER} The published runs train on training and validation stays together. "
        "Times are not rounded.",
        selection="test",
        recipe={"hours seen": 48, "hours a time is rounded to": 0.1},
        left=("hours a time is rounded to",),
    ),
    Protocol(
        set="physionet2012",
        key="tpatchgnn-forecast@1",
        status="rebuilt",
        task="Readings before hour 24 are seen: what are the readings from hour 24 to 48?",
        metric="mean squared and mean absolute error of scaled values on test, averaged over the "
        "readings of each channel, then over channels",
        source="Zhang et al. 2024, t-PatchGNN, ICML 2024",
        split="tpatchgnn-forecast@1",
        sizes={"train": 7200, "validation": 2400, "test": 2400},
        seed=(42,),
        normaliser=Normaliser("min-max", over=("train", "validation")),
        asks={"part": ("a", "b", "c")},
        differs=f"{_ORDER} {_CODES}",
        recipe={"hours seen": 24, "hours asked": 24},
        left=("hours seen", "hours asked"),
    ),
    Protocol(
        set="physionet2012",
        key="seft-classif@1",
        status="exact",
        task="48 hours are seen: does the patient die in hospital?",
        metric="AUPRC, AUROC and accuracy on test",
        source="Horn et al. 2020, arXiv:1909.12064",
        split="seft-classif@1",
        seed=(145_469_037,),
        normaliser=Normaliser("z-score", ddof=1),
        asks={"part": ("a", "b", "c")},
        differs="There what its authors mark as a category is not scaled, and weight is a "
        "descriptor alone; here every channel is scaled.",
    ),
    *(
        Protocol(
            set="physionet2012",
            key=f"raindrop-mortality{'' if number == 1 else f'-split{number}'}@1",
            status="needs-file",
            task="48 hours are seen: does the patient die in hospital?",
            metric="AUROC and AUPRC on test, mean over the five splits",
            source="Zhang et al. 2022, Raindrop, arXiv:2110.05357",
            split=f"raindrop-mortality{'' if number == 1 else f'-split{number}'}@1",
            normaliser=Normaliser("z-score", positive=True),
            asks={"part": ("a", "b", "c")},
            differs=f"It needs phy12_split{number}.npy of Raindrop. There a value of 0 or less "
            "counts as not observed, and weight is no channel; here both stay.",
        )
        for number in range(1, 6)
    ),
)
