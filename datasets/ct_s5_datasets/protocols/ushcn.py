"""Published uses of USHCN."""

from .._normaliser import ALL, Normaliser
from .._protocol import Protocol

_TABLE = "small_chunked_sporadic.csv, of the code of GRU-ODE-Bayes"
_GIVEN = Normaliser("given", over=ALL)

PROTOCOLS = (
    *(
        Protocol(
            set="ushcn",
            key=f"debrouwer{'' if fold == 0 else f'-fold{fold}'}@1",
            status="needs-file",
            task="Times up to 150 are seen: what are the next three rows?",
            metric="mean squared error and negative log-likelihood over observed values of test",
            source="De Brouwer et al. 2019, arXiv:1905.12374",
            split=f"debrouwer{'' if fold == 0 else f'-fold{fold}'}@1",
            sizes={"train": 801, "validation": 201, "test": 112},
            seed=(432,),
            normaliser=_GIVEN,
            asks={"part": "gru-ode-bayes"},
            differs=f"It needs {_TABLE}. Stations are drawn in ascending order of their ids.",
            recipe={"time seen until": 150, "rows asked": 3},
            left=("time seen until", "rows asked"),
        )
        for fold in range(5)
    ),
    Protocol(
        set="ushcn",
        key="tpatchgnn@1",
        status="needs-file",
        task="Windows of 24 months are seen: what are the readings of the next month?",
        metric="mean squared and mean absolute error on test, averaged over the readings of each "
        "channel, then over channels",
        source="Zhang et al. 2024, t-PatchGNN, ICML 2024",
        split="tpatchgnn@1",
        sizes={"train": 668, "validation": 223, "test": 223},
        seed=(42,),
        normaliser=_GIVEN,
        asks={"part": "gru-ode-bayes"},
        differs=f"It needs {_TABLE}. Stations are drawn in ascending order of their ids. Windows "
        "are not cut.",
        recipe={"months seen": 24, "months asked": 1},
        left=("months seen", "months asked"),
    ),
    Protocol(
        set="ushcn",
        key="cru@1",
        status="rebuilt",
        task="Half of the days of four years are seen, a fifth of their values taken out: what are "
        "the readings?",
        metric="mean squared error of scaled values over observed values of test",
        source="Schirmer et al. 2022, arXiv:2111.11344",
        split="cru@1",
        seed=(42, 43),
        normaliser=Normaliser("min-max", over=ALL, each=True),
        asks={"part": "1990-1993"},
        differs="The published data are an older release, in inches and degF, in which values "
        "farther than 4 deviations from the mean are dropped; here they stay, and days and values "
        "are not taken out.",
        selection="test",
        recipe={
            "fewest days": 730,
            "deviations beyond which a value is taken out": 4,
            "share of days seen": 0.5,
            "share of their values taken out": 0.2,
        },
        left=(
            "deviations beyond which a value is taken out",
            "share of days seen",
            "share of their values taken out",
        ),
    ),
)
