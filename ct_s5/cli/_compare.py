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
    without,
)

Treatment = Literal["true", "equal", "appended", "shuffled"]
Model = Literal["s5", "gru", "depth-0"]


def compare(
    *,
    data: Annotated[str | None, left_out("FILE|NAME")] = None,
    labels: Annotated[str | None, left_out("FILE|COLUMN")] = None,
    id_col: IdColumn = "unique_id",
    time_col: TimeColumn = "ds",
    static: OptionalFile = None,
    ignore: Columns = (),
    models: tuple[Model, ...] = ("s5",),
    treatments: tuple[Treatment, ...] = ("true", "equal", "appended", "shuffled"),
    seeds: int = 3,
    max_epochs: OptionalInt = None,
    width: OptionalInt = None,
    states: OptionalInt = None,
    depth: OptionalInt = None,
    time_unit: OptionalLength = None,
    duplicates: Duplicates = "error",
    sort: bool = False,
    out: Annotated[pathlib.Path, tyro.conf.arg(metavar="FOLDER")] = pathlib.Path("out/compare"),
) -> None:
    """Does knowing the true gaps help on this data?

    Trains the same model under each treatment and writes results.json and report.html:

    - true: the gaps as they are
    - equal: all gaps the same
    - appended: the same, and the true gap as one more channel
    - shuffled: the gaps of each series in random order

    On your readings, or without any on simulated oscillators:

        ct-s5 compare --data readings.csv --labels labels.csv --seeds 5
        ct-s5 compare

    or on a data set by name, whose files lie in $CT_S5_DATA/NAME (`ct-s5 data list`):

        ct-s5 compare --data physionet2012

    Args:
        data: The readings: .csv, .tsv or .parquet, or the name of a data set; simulated ones when
            left out.
        labels: A file with the id column and one more, or the name of a column of the readings. A
            data set brings its own.
        id_col: Column that names the series.
        time_col: Column of the time.
        static: A file with one row a series.
        ignore: Columns of the readings that are no channels.
        models: What to train.
        treatments: What the model is told of the gaps.
        seeds: Repetitions; each has its own split, the same for all treatments.
        max_epochs: Passes over the training series at most.
        width: Features of the network.
        states: States of each S5 layer.
        depth: Number of blocks.
        time_unit: What counts as one unit of time, such as 1h; the median gap when left out.
        duplicates: What two rows of one time get that disagree.
        sort: Sort the rows by time rather than refuse unsorted ones.
        out: Folder for results.json and report.html.
    """
    from ct_s5 import lab
    from ct_s5.frames import read_table

    lab.check_report(out)
    features: Any = None
    cited: dict[str, dict[str, str]] = {}
    sizes = {"max_epochs": max_epochs, "width": width, "states": states, "depth": depth}
    given = sizes | {"time_unit": time_unit}
    keywords: dict[str, Any] = {n: value for n, value in given.items() if value is not None}
    if data is None:
        if labels is not None or static is not None or ignore:
            raise ValueError(
                "--labels, --static and --ignore go with a file of readings: name it with --data."
            )
        # DEMO_KEYWORDS were chosen on the oscillators of seed 0; these are others.
        readings, y = lab.demo_data(seed=1)
        keywords = lab.DEMO_KEYWORDS | keywords
    elif not pathlib.Path(data).exists() and data in lab.providers():
        if labels is not None or static is not None:
            raise ValueError(f"--labels and --static: the data set {data} brings its own.")
        readings, y, features, cited = _named_set(data)
        readings = without(readings, ignore)
    elif labels is None:
        raise ValueError("Name the labels too: --labels FILE, or --labels COLUMN of the readings.")
    else:
        readings = without(_read(data, time_col, id_col), ignore)
        y = read_labels(labels, readings, id_col)
    if static is not None:
        features = read_table(static, id_col=id_col)
    comparison = lab.compare(
        readings,
        y,
        static=features,
        models=models,
        treatments=treatments,
        seeds=seeds,
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


def _read(data: str, time_col: str, id_col: str):
    """The readings of a file; a name of nothing is told of both kinds of names."""
    from ct_s5 import lab
    from ct_s5.frames import read_frame

    path = pathlib.Path(data)
    if not path.exists() and not path.suffix:
        lab.provider_of(data)  # raises, with the nearest name
    return read_frame(path, time_col=time_col, id_col=id_col)


def _named_set(name: str):
    """Readings, labels and static features of a data set, and by what name and hash to cite it."""
    from ct_s5 import lab

    found = lab.provider_of(name).load(name)
    if callable(found.frame) or found.labels is None:
        raise ValueError(
            f"{name} has no answer a series in a frame, which `compare` needs. Load it in Python."
        )
    # Sets of other packages, and those made by hand, may have nothing to be cited by.
    cited = {"data_set": found.cite()} if getattr(found, "name", "") else {}
    return found.frame, found.labels, found.static, cited
