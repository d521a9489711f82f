"""ct-s5 predict: answers of a saved model, for the readings or at any other time."""

import pathlib
from typing import Annotated, Any

import tyro

from ct_s5.cli._args import (
    Columns,
    Given,
    Levels,
    ModelFile,
    OptionalDuplicates,
    OptionalFile,
    Readings,
    check_folder,
    left_out,
    without,
)

OptionalTimes = Annotated[str | None, left_out("FILE|STEP")]
_TABLES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet")


def predict(
    model: tyro.conf.Positional[ModelFile],
    frame: tyro.conf.Positional[Readings],
    /,
    *,
    at: OptionalTimes = None,
    level: Levels = (),
    static: OptionalFile = None,
    ignore: Columns = (),
    proba: bool = False,
    duplicates: OptionalDuplicates = None,
    sort: Given = False,
    no_sort: Given = False,
    out: OptionalFile = None,
) -> None:
    """Answer for new readings with a saved model.

    The readings have the channels that the model was fitted on:

        ct-s5 predict model.safetensors readings.csv --out answers.csv

    At any other times, on a grid or at those of a file, one row a (series, time):

        ct-s5 predict model.safetensors readings.csv --at 1h
        ct-s5 predict model.safetensors readings.csv --at pairs.csv

    Without --at:

    - a classifier or regressor answers for each series, or for each reading
    - a forecaster answers one horizon after the last reading of each series
    - an imputer gives the readings back with their empty cells filled in

    Args:
        model: A file that `ct-s5 fit` wrote.
        frame: Readings with the columns the model was fitted on.
        at: A file with the id and time columns, and the channels known beforehand if the forecaster
            has some; or the step of a grid: over each series' readings, or for a forecaster from
            the last one to the horizon.
        level: Share of the readings, in percent, that intervals of a forecaster or imputer hold; 90
            when left out, and no interval beside filled cells.
        static: One row a series, where the model was fitted with static features.
        ignore: Columns of the readings that are no channels of the model, such as known labels.
        proba: Give the probability of every class rather than the likeliest.
        duplicates: What two rows of one time get that disagree; as at fit when left out.
        sort: Sort the rows by time rather than refuse unsorted ones; as at fit when left out.
        no_sort: Refuse unsorted rows, though the model was fitted with --sort.
        out: Where to write the answers (.csv or .parquet); printed when left out.
    """
    from ct_s5.estimators import S5Classifier, S5Forecaster, S5Imputer, load
    from ct_s5.frames import read_frame, read_table, write_table

    if out is not None:
        check_folder(out, ".csv", ".parquet")
        read = [pathlib.Path(path) for path in (frame, static, at) if path is not None]
        if out.resolve() in [path.resolve() for path in read]:
            raise ValueError(f"--out {out} is a file that is read: name another one.")
    estimator = load(model)
    if proba and not isinstance(estimator, S5Classifier):
        raise ValueError("--proba goes with a classifier; this model predicts numbers.")
    if level and not isinstance(estimator, S5Forecaster | S5Imputer):
        raise ValueError("--level goes with a forecaster or an imputer; leave it out.")
    if sort and no_sort:
        raise ValueError("--sort and --no-sort exclude each other: leave one out.")
    sort = sort or (estimator.sort and not no_sort)
    estimator.set_params(duplicates=duplicates or estimator.duplicates, sort=sort)
    columns = {"time_col": estimator.time_col, "id_col": estimator.id_col}
    whole = read_frame(frame, words=ignore, **columns)
    readings = without(whole, ignore)
    told: dict[str, Any] = {}
    if static is not None:
        told["static"] = read_table(static, id_col=estimator.id_col)
    if at is not None:
        told["at"] = _times(at, columns)
    if level:
        told["level"] = level
    if isinstance(estimator, S5Imputer) and at is None:
        answers: Any = estimator.transform(readings, **told)
        answers = _beside(answers, whole, ignore)
    else:
        method = estimator.predict_proba if proba else estimator.predict  # pyright: ignore
        answers = method(readings, **told)
        if estimator.per == "series" and at is None:
            answers = answers.reset_index()
    if out is None:
        print(answers.to_csv(index=False), end="")
    else:
        noun = "rows" if isinstance(estimator, S5Imputer) and at is None else "answers"
        print(f"Wrote {len(answers)} {noun} to {write_table(answers, out)}.")


def _times(at: str, columns: dict[str, str]) -> Any:
    """A table of whom and when to ask, or the step of a grid."""
    from ct_s5.frames import read_frame

    if at.lower().endswith(_TABLES) or pathlib.Path(at).exists():
        return read_frame(at, **columns)
    return at


def _beside(filled, whole, ignore: tuple[str, ...]):
    """Filled readings with the ignored columns where they were."""
    kept = {name: whole[name] for name in ignore}
    order = [*whole.columns, *(name for name in filled.columns if name not in whole.columns)]
    return filled.assign(**kept)[order]
