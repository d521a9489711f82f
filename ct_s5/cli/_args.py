"""Arguments that several commands share: what they are called in help, and what files they name."""

import pathlib
import re
from typing import Annotated, Any, Literal

import tyro


def left_out(metavar: str) -> Any:
    """An option whose default is to leave it out, which its help tells in words."""
    return tyro.conf.arg(metavar=metavar, help_behavior_hint="")


IdColumn = Annotated[str, tyro.conf.arg(name="id", metavar="COLUMN")]
TimeColumn = Annotated[str, tyro.conf.arg(name="time", metavar="COLUMN")]
File = Annotated[pathlib.Path, tyro.conf.arg(metavar="FILE")]
ModelFile = Annotated[pathlib.Path, tyro.conf.arg(metavar="MODEL")]
Readings = Annotated[pathlib.Path, tyro.conf.arg(metavar="READINGS")]
OptionalFile = Annotated[pathlib.Path | None, left_out("FILE")]
OptionalLength = Annotated[str | None, left_out("LENGTH")]
OptionalInt = Annotated[int | None, left_out("INT")]
Columns = Annotated[tuple[str, ...], left_out("COLUMN ...")]
Levels = Annotated[tuple[float, ...], left_out("PERCENT ...")]
Duplicates = Literal["error", "mean", "last"]
Given = Annotated[tyro.conf.FlagCreatePairsOff[bool], tyro.conf.arg(help_behavior_hint="")]
OptionalDuplicates = Annotated[Duplicates | None, left_out("{error,mean,last}")]


def check_folder(out: pathlib.Path, *endings: str) -> None:
    """Refuse a place that cannot be written to before any work is done for it."""
    if out.suffix not in endings:
        raise ValueError(f"--out {out} must end in {' or '.join(endings)}.")
    out.parent.mkdir(parents=True, exist_ok=True)


def seconds_of(length: str, option: str) -> float:
    """A length of time such as 10m, in seconds."""
    from ct_s5.frames import as_timedelta

    # pandas would take a bare number for nanoseconds.
    if re.fullmatch(r"\s*[+-]?[\d.]+\s*", length):
        raise ValueError(f"{option} {length} needs a unit: write 600s, 10m or 2h.")
    try:
        return as_timedelta(length).total_seconds()
    except ValueError as error:
        raise ValueError(f"{option} {length!r} is no length of time such as 10m or 2h.") from error


def without(readings, ignore: tuple[str, ...]):
    """The readings without the columns that `--ignore` names."""
    for column in ignore:
        if column not in readings.columns:
            raise ValueError(
                f"--ignore {column!r} is no column of the readings. Columns: "
                f"{', '.join(map(str, readings.columns))}."
            )
    return readings.drop(columns=list(ignore))


def read_labels(labels: str, readings, id_col: str):
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
    return read_table(labels, id_col=id_col, words=others).set_index(id_col)[others[0]]
