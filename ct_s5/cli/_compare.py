"""ct-s5 compare: the same model under several treatments of the gaps."""

import pathlib
import shlex
import sys
from typing import Annotated, Any, Literal

import tyro

from ct_s5.cli._args import (
    Columns,
    Duplicates,
    IdColumn,
    OptionalFile,
    OptionalInt,
    OptionalLength,
    TimeColumn,
    left_out,
    read_labels,
    seconds_of,
    without,
)

Treatment = Literal[
    "true",
    "equal",
    "appended",
    "shuffled",
    "resample-last",
    "resample-linear",
    "resample-mean",
    "resample-last+equal",
    "resample-linear+equal",
    "resample-mean+equal",
]
Model = Literal[
    "s5",
    "s5-zoh-forward",
    "s5-foh",
    "s5-bilinear",
    "s5-impulse",
    "s5-async",
    "s5-both",
    "s4",
    "s4d",
    "linoss",
    "linoss-imex",
    "gru",
    "lstm",
    "gru-gap",
    "gru-d",
    "ode-rnn",
    "neural-cde",
    "transformer",
    "depth-0",
    "summary",
    "summary-boosting",
    "last-value",
    "constant",
]
Corrupted = Annotated[tuple[str, ...], left_out("KIND=RATE,... ...")]
Score = Literal["accuracy", "auroc", "r2", "mse"]
OptionalScore = Annotated[Score | None, left_out("{accuracy,auroc,r2,mse}")]
OptionalGrid = Annotated[str | None, left_out("LENGTH|COUNT")]


def compare(
    *,
    data: Annotated[str | None, left_out("FILE|NAME")] = None,
    labels: Annotated[str | None, left_out("FILE|COLUMN")] = None,
    id_col: IdColumn = "unique_id",
    time_col: TimeColumn = "ds",
    static: OptionalFile = None,
    ignore: Columns = (),
    groups: Annotated[str | None, left_out("COLUMN")] = None,
    models: tuple[Model, ...] = ("s5",),
    treatments: tuple[Treatment, ...] = ("true", "equal", "appended", "resample-linear"),
    corrupt: Corrupted = (),
    corrupt_at: Literal["test", "train", "both"] = "test",
    seeds: int = 3,
    budget: OptionalLength = None,
    jobs: int = 1,
    per: Literal["series", "reading"] = "series",
    score: OptionalScore = None,
    test_fraction: float = 0.25,
    grid: OptionalGrid = None,
    max_epochs: OptionalInt = None,
    width: OptionalInt = None,
    states: OptionalInt = None,
    depth: OptionalInt = None,
    time_unit: OptionalLength = None,
    duplicates: Duplicates = "error",
    sort: bool = False,
    examples: OptionalInt = None,
    out: Annotated[pathlib.Path, tyro.conf.arg(metavar="FOLDER")] = pathlib.Path("out/compare"),
) -> None:
    """Does knowing the true gaps help on this data, and which model makes the most of it?

    Trains every model under every treatment of time and writes results.json and report.html:

    - true: the gaps as they are
    - equal: all gaps the same
    - appended: the same, and the true gap as one more channel
    - shuffled: the gaps of each series in random order
    - resample-last, -linear, -mean: on a regular grid, with as many points as there are readings
    - resample-...+equal: the same, and nothing is told of how far apart the points are

    On your readings, or without any on simulated oscillators:

        ct-s5 compare --data readings.csv --labels labels.csv --seeds 5
        ct-s5 compare

    or on a data set by name, whose files lie in $CT_S5_DATA/NAME (`ct-s5 data list`):

        ct-s5 compare --data physionet2012 --models s5 gru-d summary --budget 30m

    With readings left out of the test series:

        ct-s5 compare --treatments true equal --corrupt drop=0.3,0.5,0.7

    Stopped, the same command goes on where it was: finished runs stand in runs.jsonl.

    Args:
        data: The readings: .csv, .tsv or .parquet, or the name of a data set; simulated ones when
            left out.
        labels: A file with the id column and one more, or the name of a column of the readings. A
            data set brings its own.
        id_col: Column that names the series.
        time_col: Column of the time.
        static: A file with one row a series.
        ignore: Columns of the readings that are no channels.
        groups: Column of the person or place that several series are of, and no channel. A split
            never parts them. A data set that knows whose its series are brings them along; the
            split of a protocol is what it is.
        models: What to train. The first network sets the size of the others.
        treatments: What the model is told of the gaps.
        corrupt: What to do to the readings, and how much of it: drop (readings), drop-cells, burst
            (whole stretches), informative (by their value) take a share; jitter a part of the
            median gap; rate=2 keeps every second reading.
        corrupt_at: Where to do it. Without "test" the test is on the readings as they are.
        budget: Time after which no run begins, such as 10m.
        jobs: Runs at a time, each on its share of the cores and with memory of its own.
        per: Whether each series has a label, or each row.
        score: What decides; accuracy for classes and r2 for numbers when left out.
        test_fraction: Share of the series that is tested on.
        grid: Step of the regular grids, such as 1h, or their number of points; as many as the
            series has readings when left out (with --per reading a point every mean gap).
        seeds: Repetitions; each has its own split, the same for all treatments.
        max_epochs: Passes over the training series at most.
        width: Features of the network.
        states: States of each S5 layer.
        depth: Number of blocks.
        time_unit: What counts as one unit of time, such as 1h; the median gap when left out.
        duplicates: What two rows of one time get that disagree.
        sort: Sort the rows by time rather than refuse unsorted ones.
        examples: How many series to show in the report, whose readings it then holds; none of your
            own when left out.
        out: Folder for results.json, report.html and runs.jsonl.
    """
    from ct_s5 import lab
    from ct_s5.frames import pop_labels, read_table

    lab.check_report(out)
    features: Any = None
    owners: Any = None
    split: Any = None
    cited: dict[str, dict[str, str]] = {}
    sizes = {"max_epochs": max_epochs, "width": width, "states": states, "depth": depth}
    sizes |= {"examples": examples}
    given = sizes | {"time_unit": time_unit}
    keywords: dict[str, Any] = {n: value for n, value in given.items() if value is not None}
    if data is None:
        if labels is not None or static is not None or ignore or groups is not None:
            raise ValueError(
                "--labels, --static, --ignore and --groups go with a file of readings: name it "
                "with --data."
            )
        # DEMO_KEYWORDS were chosen on the oscillators of seed 0; these are others.
        readings, y = lab.demo_data(seed=1)
        keywords = lab.DEMO_KEYWORDS | keywords
    elif not pathlib.Path(data).is_file() and data in lab.providers():
        if labels is not None or static is not None:
            raise ValueError(f"--labels and --static: the data set {data} brings its own.")
        readings, y, features, owners, split, cited = _named_set(data)
        readings = without(readings, ignore)
    else:
        words = tuple(name for name in (labels, groups) if name is not None)
        readings = without(_read(data, time_col, id_col, words), ignore)
        if labels is None:
            raise ValueError(
                "Name the labels too: --labels FILE, or --labels COLUMN of the readings."
            )
        y = read_labels(labels, readings, id_col)
        if per == "reading" and not isinstance(y, str):
            raise ValueError("--per reading takes the labels from a column of the readings.")
    if groups is not None:
        if groups not in readings.columns:
            raise ValueError(
                f"--groups {groups!r} is no column of the readings. Columns: "
                f"{', '.join(map(str, readings.columns))}."
            )
        readings, owners = pop_labels(readings, groups, id_col=id_col, time_col=time_col)
    if static is not None:
        features = read_table(static, id_col=id_col)
    comparison = lab.compare(
        readings,
        y,
        static=features,
        groups=owners,
        split=split,
        models=models,
        treatments=treatments,
        corruptions=corrupt,
        corrupt_at=corrupt_at,
        seeds=seeds,
        budget=None if budget is None else seconds_of(budget, "--budget"),
        jobs=jobs,
        per=per,
        score=score,
        test_fraction=test_fraction,
        grid=int(grid) if grid is not None and grid.isdecimal() else grid,
        store=out / "runs.jsonl",
        id_col=id_col,
        time_col=time_col,
        duplicates=duplicates,
        sort=sort,
        progress=True,
        command=shlex.join(["ct-s5", *sys.argv[1:]]),
        **keywords,
    )
    comparison.settings.update(cited)
    print(comparison, end="\n\n")
    print(f"Results  {comparison.to_json(out / 'results.json')}")
    print(f"Report   {comparison.to_html(out / 'report.html')}")
    print(f"Again    {comparison.settings['command']}")


def _read(data: str, time_col: str, id_col: str, words: tuple[str, ...]):
    """The readings of a file; a name of nothing is told of both kinds of names."""
    from ct_s5 import lab
    from ct_s5.frames import read_frame

    path = pathlib.Path(data)
    if not path.exists() and not path.suffix:
        lab.provider_of(data)  # raises, with the nearest name
    return read_frame(path, time_col=time_col, id_col=id_col, words=words)


def _named_set(name: str):
    """Readings, labels, static features, groups and the protocol's split of a data set, and how to
    cite it.

    Without a protocol the seeds draw the splits.
    """
    from ct_s5 import lab

    found = lab.provider_of(name).load(name)
    if callable(found.frame) or found.labels is None:
        raise ValueError(
            f"{name} has no answer a series in a frame, which `compare` needs. Load it in Python."
        )
    # Sets of other packages, and those made by hand, may have nothing to be cited by.
    cited = {"data_set": found.cite()} if getattr(found, "name", "") else {}
    named = name.partition("/")[2]
    split = found.splits.get(named) if found.splits and named else None
    owners = getattr(found, "groups", None)
    if owners is not None:
        owners = owners.reindex(found.labels.index)
        alone = [f"series {i}" for i in owners.index]
        owners = owners.astype(object).where(owners.notna(), alone)
    return found.frame, found.labels, found.static, owners, split, cited
