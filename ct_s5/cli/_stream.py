"""ct-s5 stream: readings from standard input, answers to standard output, as they come."""

import sys
from typing import Annotated, Any, Literal

import tyro

from ct_s5.cli._args import (
    Columns,
    Levels,
    ModelFile,
    OptionalDuplicates,
    OptionalFile,
    left_out,
)
from ct_s5.cli._cells import in_frame
from ct_s5.cli._lines import Answers, Lines
from ct_s5.cli._states import States
from ct_s5.cli._waiting import Signals, batches

OptionalStep = Annotated[str | None, left_out("STEP")]
Seconds = Annotated[float, tyro.conf.arg(metavar="SECONDS")]


def stream(
    model: tyro.conf.Positional[ModelFile],
    /,
    *,
    at: OptionalStep = None,
    level: Levels = (),
    proba: bool = False,
    state: OptionalFile = None,
    save_every: Seconds = 60.0,
    late: Literal["error", "drop"] = "error",
    duplicates: OptionalDuplicates = None,
    static: OptionalFile = None,
    ignore: Columns = (),
    batch: int = 1,
) -> None:
    """Answer each line of readings as it comes.

    Every line on standard input is answered on standard output before the next is waited for:

        tail -n +1 -f readings.csv | ct-s5 stream model.safetensors --state ward.state

    Lines are CSV with a header, or JSON lines, which leave out channels that were not read:

        {"unique_id": "bed 7", "ds": "2026-01-31 08:00:00", "pulse": 71}

    - series may take turns; a line is answered from all lines of its series so far
    - answers come in the form of the lines
    - the file of --state keeps what is known of each series, so that a restart goes on
    - it is written when input ends, on Ctrl-C, SIGTERM, a closed terminal or an error, and now
      and then in between
    - after a crash, give all lines since then again with --late drop: known ones change nothing,
      but that --duplicates mean counts those of a series' last time twice

    Args:
        model: A file that `ct-s5 fit` wrote, not one that reads series from both ends.
        at: For a forecaster: the step of a grid from the last reading to the horizon, such as
            30min; the horizon alone when left out.
        level: Share of the readings, in percent, that intervals of a forecaster hold; 90 when left
            out.
        proba: Give the probability of every class rather than the likeliest.
        state: Where to go on from, if the file is there, and where to keep what is known.
        save_every: How long to go on, at most, before what is new is written; 0 for each batch.
        late: What a line gets that comes before the last reading of its series. Lines of one
            --batch are in order.
        duplicates: What two lines of one time get that disagree; as at fit when left out.
        static: One row a series, where the model was fitted with static features.
        ignore: Columns of the lines that are no channels of the model.
        batch: Lines to wait for and take at once, which is faster for long histories. A model of
            one answer a series then answers its last line alone.
    """
    from ct_s5.estimators import load
    from ct_s5.frames import read_table

    if batch < 1 or not save_every >= 0:
        raise ValueError(
            f"--batch is at least 1, --save-every at least 0; got {batch} and {save_every:g}."
        )
    estimator = load(model)
    told = _told(estimator, at, level, proba, late)
    estimator.set_params(duplicates=duplicates or estimator.duplicates)
    if state is not None and state.resolve() == model.resolve():
        raise ValueError(f"--state {state} is the model itself: name another file.")
    schema = estimator.schema_
    table = None
    if static is not None:
        table = read_table(static, id_col=schema.id_col)
        if schema.id_col not in table.columns:
            raise ValueError(f"--static {static} has no column {schema.id_col!r}.")
    kept = States(estimator, state, save_every)
    if sys.stdin.isatty():
        print("ct-s5: reading lines from the keyboard; Ctrl-D ends.", file=sys.stderr)
    columns = (schema.id_col, schema.time_col, *schema.channels)
    lines, answers = Lines(sys.stdin.buffer, columns, ignore), Answers(sys.stdout)
    # A signal while the state is written at the end comes too late to stop that.
    with Signals(kept.now_and_then, save_every) as signals, kept:
        for rows in batches(signals.between(lines), batch):
            which = f"line {rows[0].number}"
            if rows[1:]:
                which = f"lines {rows[0].number} to {rows[-1].number}, from row 0 on"
            frame = in_frame(rows, schema)
            features = None if table is None else table[table[schema.id_col].isin(frame.iloc[:, 0])]
            if features is not None and len(features):
                told["static"] = features
            else:
                told.pop("static", None)
            try:
                fresh: Any = estimator.update(frame, **told)
            except ValueError as error:
                raise ValueError(f"{which}: {error}") from error
            kept.moved = True
            fresh = _with_times(fresh, frame, estimator)
            try:
                with signals.heeded():
                    answers.write(
                        list(map(str, fresh.columns)), fresh.itertuples(False, None), lines.form
                    )
            except BrokenPipeError:
                raise BrokenPipeError(
                    f"Nobody reads the answers any more: the one to {which} is lost. Its readings "
                    "are in the state."
                ) from None
            kept.now_and_then()


def _told(estimator, at, level, proba: bool, late: str) -> dict[str, Any]:
    """What each update is told; refused is what the model cannot do."""
    from ct_s5.estimators import S5Classifier, S5Forecaster
    from ct_s5.frames import in_model_units

    if estimator.model_.settings.bidirectional:
        raise ValueError(
            f"This model, of {type(estimator).__name__}, reads every series from both ends, so it "
            "cannot answer before the last reading has come. Use ct-s5 predict on whole series, "
            "or fit a model that reads forward."
        )
    told: dict[str, Any] = {"late": late}
    if isinstance(estimator, S5Forecaster):
        if estimator.known:
            raise ValueError(
                "This forecaster needs channels known beforehand at the times to come, which lines "
                "of readings do not tell. Use ct-s5 predict --at FILE, or estimator.update in "
                "Python."
            )
        if at is not None:
            if in_model_units(at, estimator.schema_, "at") > estimator.horizon_:
                raise ValueError(
                    f"--at {at}: not one step of it lies within the horizon of {estimator.horizon}."
                )
            told["at"] = at
        told |= {"level": level} if level else {}
    elif at is not None or level:
        raise ValueError("--at and --level go with a forecaster; other models answer at each line.")
    if proba and not isinstance(estimator, S5Classifier):
        raise ValueError("--proba goes with a classifier; this model predicts numbers.")
    return told | ({"method": "predict_proba"} if proba else {})


def _with_times(fresh, frame, estimator):
    """Answers as a flat frame; those of a whole series have the time of its last line.

    A line that was late and dropped is not its last: then the last reading's time is told.
    """
    from ct_s5.estimators import S5Forecaster

    if isinstance(estimator, S5Forecaster) or estimator.per == "reading":
        return fresh
    id_col, time_col = estimator.id_col, estimator.time_col
    last = frame.groupby(id_col)[time_col].max().to_dict()
    for series, time in estimator.last_readings(last).items():
        last[series] = max(last[series], time)
    fresh = fresh.reset_index()
    fresh.insert(1, time_col, [last[series] for series in fresh[id_col]])
    return fresh
