"""Published uses of the pendulum films, of CIFAR-10 in colour and of speech."""

from .._normaliser import Normaliser
from .._protocol import Protocol

_S5 = "Smith, Warrington & Linderman 2023, arXiv:2208.04933"

PROTOCOLS = (
    Protocol(
        set="pendulum",
        key="s5@1",
        status="exact",
        task="50 noisy frames of 100 are seen: what is the angle at each?",
        metric="mean squared error of (sin, cos) on test",
        source=_S5,
        split="s5@1",
        sizes={"train": 2000, "validation": 1000, "test": 1000},
        seed=(42, 43),
        asks={"part": "regression"},
        targets=("sin", "cos"),
    ),
    Protocol(
        set="pendulum",
        key="cru-interp@1",
        status="rebuilt",
        task="50 frames of 100 are there, half of them blank: what was on the blank ones?",
        metric="mean squared error over the pixels of blank frames of test",
        source="Schirmer et al. 2022, arXiv:2111.11344",
        split="cru-interp@1",
        sizes={"train": 2000, "validation": 1000, "test": 1000},
        seed=(42, 43),
        asks={"part": "interpolation"},
        differs="CRU has no validation part; this one is an addition. That frames are kept by the "
        "seeds of S5 is an assumption.",
        selection="test",
        targets=tuple(f"clean_{row:02d}_{column:02d}" for row in range(24) for column in range(24)),
    ),
    Protocol(
        set="cifar10",
        key="s5@1",
        status="exact",
        task="1024 pixels of three colours are seen, row by row: which class is it?",
        metric="accuracy on test",
        source=_S5,
        split="s5@1",
        sizes={"train": 45_000, "validation": 5000, "test": 10_000},
        seed=(42,),
        normaliser=Normaliser("fixed", shift=(0.4914, 0.4822, 0.4465), scale=(0.247, 0.243, 0.261)),
    ),
    Protocol(
        set="spoken_digits",
        key="by-speaker@1",
        status="exact",
        task="A recording is seen: which digit does somebody say who was never heard before?",
        metric="accuracy on test",
        source="this package",
        split="by-speaker-0",
        sizes={"train": 1500, "validation": 500, "test": 1000},
        seed=(0,),
        asks={"by": "speaker"},
        differs="It is ours: no published number belongs to it. The provider's own split, "
        "`official`, has every speaker in both parts.",
    ),
    Protocol(
        set="speech_commands",
        key="s5-35@1",
        status="exact",
        task="16,000 samples, zeros behind, are seen: which of 35 words is it? Also at 8 kHz.",
        metric="accuracy on test",
        source=_S5,
        split="official",
        sizes={"train": 84_843, "validation": 9981, "test": 11_005},
        # Published: samples in -1 to 1 are divided by 2**15 once more, then 1e-5 is added to each
        # deviation. On the samples themselves that is 2**15 times as much.
        normaliser=Normaliser("z-score", by_step=True, ddof=1, epsilon=1e-5 * 2**15),
        asks={"part": "35", "form": "samples"},
        files=("validation_list.txt", "testing_list.txt"),
    ),
    Protocol(
        set="speech_commands",
        key="neuralcde-10@1",
        status="rebuilt",
        task="161 rows of 20 cepstra of a recording of one second are seen: which of ten words?",
        metric="accuracy on test",
        source="Kidger et al. 2020, arXiv:2005.08926",
        split="neuralcde-10@1",
        sizes={"train": 24_482, "validation": 5246, "test": 5247},
        seed=(0, 1),
        normaliser=Normaliser("z-score", ddof=1, epsilon=1e-5),
        asks={"part": "10", "form": "mfcc"},
        differs="The published code takes the recordings of a word in the order of os.listdir, "
        "which nobody recorded; here names are sorted.",
        crosses="speaker",
    ),
)
