"""ct-s5 fit: from a table of readings to a saved model."""

import shlex
from typing import Annotated, Any, Literal

import tyro

from ct_s5.cli._args import (
    Columns,
    Duplicates,
    File,
    IdColumn,
    OptionalFile,
    OptionalInt,
    OptionalLength,
    Readings,
    TimeColumn,
    check_folder,
    left_out,
    read_labels,
    without,
)
from ct_s5.cli._flags import in_flags

Task = Literal["auto", "classify", "regress", "forecast", "impute"]
OptionalLabels = Annotated[str | None, left_out("FILE|COLUMN")]
OptionalRate = Annotated[float | None, left_out("FLOAT")]

_LABELLED = ("auto", "classify", "regress")
_GO_WITH = {
    "--labels": _LABELLED,
    "--per": _LABELLED,
    "--bidirectional": _LABELLED,
    "--thinning": _LABELLED,
    "--horizon": ("forecast",),
    "--known": ("forecast",),
    "--channels": ("forecast", "impute"),
}


def fit(
    frame: tyro.conf.Positional[Readings],
    /,
    out: File,
    *,
    task: Task = "auto",
    labels: OptionalLabels = None,
    horizon: OptionalLength = None,
    channels: Columns = (),
    known: Columns = (),
    id_col: IdColumn = "unique_id",
    time_col: TimeColumn = "ds",
    static: OptionalFile = None,
    ignore: Columns = (),
    per: Literal["series", "reading"] = "series",
    time_unit: OptionalLength = None,
    width: int = 64,
    states: int = 64,
    depth: int = 2,
    bidirectional: bool = False,
    max_epochs: OptionalInt = None,
    learning_rate: OptionalRate = None,
    thinning: float = 0.0,
    duplicates: Duplicates = "error",
    sort: bool = False,
    seed: int = 0,
) -> None:
    """Fit a model on a table of readings and save it.

    One row a (series, time), one column a channel, empty cells where nothing was measured.

    To tell a class or a number of each series, give labels:

        ct-s5 fit readings.csv --labels labels.csv --out model.safetensors

    To tell what comes next, name how far ahead:

        ct-s5 fit readings.csv --task forecast --horizon 6h --out forecaster.safetensors

    To tell what was not measured:

        ct-s5 fit readings.csv --task impute --out imputer.safetensors

    Args:
        frame: The readings: .csv, .tsv or .parquet.
        out: Where to write the model (.safetensors).
        task: Classify or regress need labels; auto regresses when these are numbers with fractions.
            Forecast needs a horizon. Impute fills in what was not measured.
        labels: A file with the id column and one more, or the name of a column of the readings.
        horizon: How far ahead forecasts reach, such as 6h; a number where times are numbers.
        channels: Which channels to forecast or impute; all of them when left out.
        known: Channels whose future is known when a forecast is made, such as the hour of the day.
        id_col: Column that names the series.
        time_col: Column of the time: ISO 8601 timestamps, lengths of time, or numbers.
        static: A file with one row a series: the id column, then age, ward, ...
        ignore: Columns of the readings that are no channels.
        per: To classify or regress: one answer a series, or one a reading (labels are then a column
            of the readings).
        time_unit: What counts as one unit of time, such as 1h; the median gap when left out.
        width: Features of the network.
        states: States of each S5 layer.
        depth: Number of blocks.
        bidirectional: Read each series from both ends, as impute always does and forecast never.
        max_epochs: Epochs at most; 15 to 200 by the number of series when left out.
        learning_rate: Peak of the learning rate; 0.001, or 0.003 to forecast or impute, when left
            out.
        thinning: To classify or regress: share of the readings left out at random in each training
            step.
        duplicates: What two rows of one time get that disagree.
        sort: Sort the rows by time rather than refuse unsorted ones.
        seed: Fixes the split, the weights and the training.
    """
    from ct_s5.frames import gap_report, read_frame, read_table

    check_folder(out, ".safetensors")
    own: dict[str, Any] = {"per": per, "bidirectional": bidirectional, "thinning": thinning}
    given = {
        "--labels": labels is not None,
        "--per": per != "series",
        "--bidirectional": bidirectional,
        "--thinning": thinning != 0,
        "--horizon": horizon is not None,
        "--known": bool(known),
        "--channels": bool(channels),
    }
    _check_task(task, [flag for flag, is_given in given.items() if is_given])
    words = () if labels is None else (labels,)
    readings = read_frame(frame, time_col=time_col, id_col=id_col, words=words)
    readings = without(readings, ignore)
    y, told = None, readings
    if labels is not None:
        y = read_labels(labels, readings, id_col)
        told = readings.drop(columns=[y]) if isinstance(y, str) else readings
    elif task == "forecast":
        own = {"horizon": horizon, "known": known, "channels": channels or None}
    else:
        own = {"channels": channels or None}
    if learning_rate is not None:
        own["learning_rate"] = learning_rate
    report = str(gap_report(told, id_col=id_col, time_col=time_col))
    print(in_flags(report), end="\n\n")
    if task == "auto":
        task, said = _chosen(readings[y] if isinstance(y, str) else y)
        print(said, end="\n\n")
    estimator = _kind(task)(
        id_col=id_col,
        time_col=time_col,
        time_unit=time_unit,
        width=width,
        states=states,
        depth=depth,
        max_epochs=max_epochs,
        duplicates=duplicates,
        sort=sort,
        random_state=seed,
        progress=True,
        **own,
    )
    estimator.fit(readings, y, static=None if static is None else read_table(static, id_col=id_col))
    path = estimator.save(out)
    best = estimator.history_.loc[estimator.best_epoch_]
    print(
        f"Trained {len(estimator.history_)} epochs, best epoch {estimator.best_epoch_}: training "
        f"loss {best['loss']:.4g}, validation loss {best.get('validation_loss', float('nan')):.4g}."
    )
    if depth:
        print(f"\n{in_flags(str(estimator.time_constants(told)))}\n")
    print(f"Saved {path}. Use it: ct-s5 predict {shlex.quote(str(path))} NEW_READINGS.csv")


def _check_task(task: Task, given: list[str]) -> None:
    """Refuse options that the task has no use for, and a task without what it needs."""
    for flag in given:
        if task not in _GO_WITH[flag]:
            others = [name for name in _GO_WITH[flag] if name != "auto"]
            now = "without --task, which" if task == "auto" else f"with --task {task}, which"
            raise ValueError(
                f"{flag} goes with --task {' or '.join(others)}; it was given {now} has no use for "
                "it. Leave it out, or name the other task."
                + (" A column of labels is left out by --ignore." if flag == "--labels" else "")
            )
    if task == "forecast" and "--horizon" not in given:
        raise ValueError(
            "--task forecast needs to know how far ahead forecasts shall reach: --horizon 6h."
        )
    if task in _LABELLED and "--labels" not in given:
        raise ValueError(
            "Name the labels: --labels FILE, or --labels COLUMN of the readings. Without labels "
            "there is --task forecast --horizon 6h, or --task impute."
        )


def _chosen(labels) -> tuple[Task, str]:
    """What the labels ask for where nobody said it, and words about it."""
    from ct_s5.frames import has_fractions

    if has_fractions(labels):
        return "regress", "The labels are numbers with fractions: the model regresses."
    found = labels.dropna()  # fit refuses fewer than two classes
    told = f"The labels are {found.nunique()} classes: the model classifies."
    if found.dtype.kind in "iuf" and found.nunique() > 2:
        told += " If they are amounts: --task regress."
    return "classify", told


def _kind(task: Task) -> Any:
    from ct_s5.estimators import S5Classifier, S5Forecaster, S5Imputer, S5Regressor

    kinds = {"classify": S5Classifier, "regress": S5Regressor}
    return (kinds | {"forecast": S5Forecaster, "impute": S5Imputer})[task]
