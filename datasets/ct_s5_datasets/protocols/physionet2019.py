"""Published uses of PhysioNet 2019."""

from .._normaliser import Normaliser
from .._protocol import Protocol

PROTOCOLS = (
    Protocol(
        set="physionet2019",
        key="neuralcde@1",
        status="rebuilt",
        task="The first 72 hours of stays of more than 2 are seen, with or without counts of "
        "readings so far: is an hour of these septic?",
        metric="AUROC on test",
        source="Kidger et al. 2020, arXiv:2005.08926",
        split="neuralcde@1",
        seed=(0, 1),
        normaliser=Normaliser("z-score", until=72, ddof=1, epsilon=1e-5),
        asks={"part": ("A", "B")},
        differs="The published code splits in the order of os.listdir, which nobody recorded; here "
        "the ids are sorted first.",
        targets=("SepsisLabel",),
    ),
    Protocol(
        set="physionet2019",
        key="seft-online@1",
        status="exact",
        task="All hours up to now are seen: does sepsis begin within 6 hours?",
        metric="utility of the challenge, balanced accuracy, AUPRC, AUROC on test",
        source="Horn et al. 2020, arXiv:1909.12064",
        split="seft-online@1",
        sizes={"train": 25_813, "validation": 6454, "test": 8066},
        seed=(16_742_963,),
        normaliser=Normaliser("z-score", ddof=1),
        asks={"part": ("A", "B")},
        differs="There the numbers of the scaling are stored in a file; here they are computed "
        "from the training stays.",
        targets=("SepsisLabel",),
    ),
)
