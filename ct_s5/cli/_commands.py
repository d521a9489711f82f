"""fit, predict, info and compare: one function a command, its docstring the help."""

import pathlib
import shlex
import sys
from typing import Annotated, Any, Literal

import tyro

from ct_s5.cli._flags import in_flags

IdColumn = Annotated[str, tyro.conf.arg(name="id", metavar="COLUMN")]
TimeColumn = Annotated[str, tyro.conf.arg(name="time", metavar="COLUMN")]
File = Annotated[pathlib.Path, tyro.conf.arg(metavar="FILE")]
ModelFile = Annotated[pathlib.Path, tyro.conf.arg(metavar="MODEL")]
Readings = Annotated[pathlib.Path, tyro.conf.arg(metavar="READINGS")]


def _left_out(metavar: str) -> Any:
    """An option whose default is to leave it out, which its help tells in words."""
    return tyro.conf.arg(metavar=metavar, help_behavior_hint="")


OptionalFile = Annotated[pathlib.Path | None, _left_out("FILE")]
OptionalUnit = Annotated[str | None, _left_out("LENGTH")]
OptionalInt = Annotated[int | None, _left_out("INT")]
Ignored = Annotated[tuple[str, ...], _left_out("COLUMN ...")]
Duplicates = Literal["error", "mean", "last"]
Treatment = Literal["true", "equal", "appended", "shuffled"]
Model = Literal["s5", "gru", "depth-0"]


def fit(
    frame: tyro.conf.Positional[Readings],
    /,
    labels: Annotated[str, tyro.conf.arg(metavar="FILE|COLUMN")],
    out: File,
    *,
    id_col: IdColumn = "unique_id",
    time_col: TimeColumn = "ds",
    static: OptionalFile = None,
    ignore: Ignored = (),
    task: Literal["auto", "classify", "regress"] = "auto",
    per: Literal["series", "reading"] = "series",
    time_unit: OptionalUnit = None,
    width: int = 64,
    states: int = 64,
    depth: int = 2,
    bidirectional: bool = False,
    max_epochs: OptionalInt = None,
    learning_rate: float = 1e-3,
    thinning: float = 0.0,
    duplicates: Duplicates = "error",
    sort: bool = False,
    seed: int = 0,
) -> None:
    """Fit a model on a table of readings and save it.

    One row a (series, time), one column a channel, empty cells where nothing was measured:

        ct-s5 fit readings.csv --labels labels.csv --out model.safetensors

    Args:
        frame: The readings: .csv, .tsv or .parquet.
        labels: A file with the id column and one more, or the name of a column of the readings.
        out: Where to write the model (.safetensors).
        id_col: Column that names the series.
        time_col: Column of the time: ISO 8601 timestamps, lengths of time, or numbers.
        static: A file with one row a series: the id column, then age, ward, ...
        ignore: Columns of the readings that are no channels.
        task: Classify or regress; auto regresses when the labels are numbers with fractions.
        per: One answer a series, or one a reading (labels are then a column of the readings).
        time_unit: What counts as one unit of time, such as 1h; the median gap when left out.
        width: Features of the network.
        states: States of each S5 layer.
        depth: Number of blocks.
        bidirectional: Read each series from both ends.
        max_epochs: Epochs at most; 15 to 200 by the number of series when left out.
        learning_rate: Peak of the learning rate.
        thinning: Share of the readings left out at random in each training step.
        duplicates: What two rows of one time get that disagree.
        sort: Sort the rows by time rather than refuse unsorted ones.
        seed: Fixes the split, the weights and the training.
    """
    from ct_s5.estimators import S5Classifier, S5Regressor
    from ct_s5.frames import gap_report, has_fractions, read_frame, read_table

    _check_folder(out, ".safetensors")
    readings = _without(read_frame(frame, time_col=time_col, id_col=id_col), ignore)
    y = _labels(labels, readings, id_col)
    target = readings[y] if isinstance(y, str) else y
    regress = task == "regress" or (task == "auto" and has_fractions(target))
    told = readings.drop(columns=[y]) if isinstance(y, str) else readings
    report = str(gap_report(told, id_col=id_col, time_col=time_col))
    print(in_flags(report), end="\n\n")
    estimator = (S5Regressor if regress else S5Classifier)(
        id_col=id_col,
        time_col=time_col,
        per=per,
        time_unit=time_unit,
        width=width,
        states=states,
        depth=depth,
        bidirectional=bidirectional,
        max_epochs=max_epochs,
        learning_rate=learning_rate,
        thinning=thinning,
        duplicates=duplicates,
        sort=sort,
        random_state=seed,
        progress=True,
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


def predict(
    model: tyro.conf.Positional[ModelFile],
    frame: tyro.conf.Positional[Readings],
    /,
    *,
    static: OptionalFile = None,
    ignore: Ignored = (),
    proba: bool = False,
    duplicates: Annotated[Duplicates | None, _left_out("{error,mean,last}")] = None,
    sort: bool = False,
    out: OptionalFile = None,
) -> None:
    """Answer for new readings with a saved model.

    The readings have the channels that the model was fitted on:

        ct-s5 predict model.safetensors readings.csv --out answers.csv

    Args:
        model: A file that `ct-s5 fit` wrote.
        frame: Readings with the columns the model was fitted on.
        static: One row a series, where the model was fitted with static features.
        ignore: Columns of the readings that are no channels of the model, such as known labels.
        proba: Give the probability of every class rather than the likeliest.
        duplicates: What two rows of one time get that disagree; as at fit when left out.
        sort: Sort the rows by time rather than refuse unsorted ones; as at fit when left out.
        out: Where to write the answers (.csv or .parquet); printed when left out.
    """
    from ct_s5.estimators import S5Classifier, load
    from ct_s5.frames import read_frame, read_table, write_table

    if out is not None:
        _check_folder(out, ".csv", ".parquet")
    estimator = load(model)
    estimator.set_params(duplicates=duplicates or estimator.duplicates, sort=sort or estimator.sort)
    readings = read_frame(frame, time_col=estimator.time_col, id_col=estimator.id_col)
    readings = _without(readings, ignore)
    table = None if static is None else read_table(static, id_col=estimator.id_col)
    if not proba:
        answers: Any = estimator.predict(readings, static=table)
    elif isinstance(estimator, S5Classifier):
        answers = estimator.predict_proba(readings, static=table)
    else:
        raise ValueError("--proba goes with a classifier; this model predicts numbers.")
    answers = answers if estimator.per == "reading" else answers.reset_index()
    if out is None:
        print(answers.to_csv(index=False), end="")
    else:
        print(f"Wrote {len(answers)} answers to {write_table(answers, out)}.")


def info(model: tyro.conf.Positional[ModelFile], /) -> None:
    """Say what a saved model is: channels, time unit, size, training.

    Args:
        model: A file that `ct-s5 fit` wrote.
    """
    from ct_s5.estimators import S5Classifier, load
    from ct_s5.training import named_arrays

    estimator = load(model)
    schema, settings = estimator.schema_, estimator.model_.settings
    size = sum(array.size for array in named_arrays(estimator.model_).values())
    best = estimator.history_.loc[estimator.best_epoch_]
    rows = {
        "model": f"{type(estimator).__name__}, one answer per {settings.per}",
        "channels": ", ".join(schema.channels),
        "static": ", ".join(column.name for column in schema.static) or "none",
        "id and time": f"{schema.id_col}, {schema.time_col} ({schema.time_kind})",
        "time unit": schema.unit_name,
        "network": f"{settings.depth} x {settings.mixer}, width {settings.width}, states "
        f"{settings.states}, hold {settings.hold}"
        + (", both directions" if settings.bidirectional else ""),
        "parameters": f"{size:,}",
        "trained": f"{len(estimator.history_)} epochs, best {estimator.best_epoch_}",
        "validation loss": f"{best.get('validation_loss', float('nan')):.4g}",
    }
    if isinstance(estimator, S5Classifier):
        rows["classes"] = ", ".join(map(str, estimator.classes_))
    for name, value in rows.items():
        print(f"{name:<16} {value}")


def compare(
    *,
    data: Annotated[str | None, _left_out("FILE|NAME")] = None,
    labels: Annotated[str | None, _left_out("FILE|COLUMN")] = None,
    id_col: IdColumn = "unique_id",
    time_col: TimeColumn = "ds",
    static: OptionalFile = None,
    ignore: Ignored = (),
    models: tuple[Model, ...] = ("s5",),
    treatments: tuple[Treatment, ...] = ("true", "equal", "appended", "shuffled"),
    seeds: int = 3,
    max_epochs: OptionalInt = None,
    width: OptionalInt = None,
    states: OptionalInt = None,
    depth: OptionalInt = None,
    time_unit: OptionalUnit = None,
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
        readings = _without(readings, ignore)
    elif labels is None:
        raise ValueError("Name the labels too: --labels FILE, or --labels COLUMN of the readings.")
    else:
        readings = _without(_read(data, time_col, id_col), ignore)
        y = _labels(labels, readings, id_col)
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


def _check_folder(out: pathlib.Path, *endings: str) -> None:
    """Refuse a place that cannot be written to before any work is done for it."""
    if out.suffix not in endings:
        raise ValueError(f"--out {out} must end in {' or '.join(endings)}.")
    out.parent.mkdir(parents=True, exist_ok=True)


def _without(readings, ignore: tuple[str, ...]):
    """The readings without the columns that `--ignore` names."""
    for column in ignore:
        if column not in readings.columns:
            raise ValueError(
                f"--ignore {column!r} is no column of the readings. Columns: "
                f"{', '.join(map(str, readings.columns))}."
            )
    return readings.drop(columns=list(ignore))


def _labels(labels: str, readings, id_col: str):
    """A Series by id from a file, or the name of a column."""
    from ct_s5.frames import read_table

    if labels in readings.columns:
        return labels
    if not pathlib.Path(labels).is_file():
        raise FileNotFoundError(
            f"--labels {labels!r} is neither a file nor a column of the readings. Columns: "
            f"{', '.join(map(str, readings.columns))}."
        )
    table = read_table(labels, id_col=id_col)
    others = [column for column in table.columns if column != id_col]
    if id_col not in table.columns or len(others) != 1:
        raise ValueError(
            f"{labels} must hold the column {id_col!r} and one column of labels; it has "
            f"{', '.join(map(str, table.columns))}."
        )
    return table.set_index(id_col)[others[0]]
