"""Frames from files, for the command line: CSV and parquet, times read as times."""

import os
import pathlib
from collections.abc import Collection
from typing import Any

import pandas as pd

from ct_s5._files import write_atomically
from ct_s5._words import listed, shown
from ct_s5.frames._times import ZONED, of_today
from ct_s5.frames._units import DOTTED_DATE


def read_table(
    path: str | os.PathLike, *, id_col: str | None = None, words: Collection[str] = ()
) -> pd.DataFrame:
    """A table from a `.csv`, `.csv.gz`, `.tsv` or `.parquet` file.

    Args:
        path: The file.
        id_col: Column of ids, which become the text that stands in a CSV of the same table, so that
            files of several kinds go together: 007 does not become 7, and NA is a name.
        words: Columns that keep their words, such as labels: None is then a class, unless numbers
            stand beside it. Other columns of text files have pandas' marks of a missing value.

    Raises:
        FileNotFoundError: No such file.
        IsADirectoryError: A folder.
        ValueError: Another kind of file, or one that cannot be read as what its name says; a
            column name that comes twice, which pandas would repair; ids of a parquet file that are
            neither text nor whole numbers.
        ImportError: A parquet file without pyarrow.
    """
    path = pathlib.Path(path)
    if path.is_dir():
        raise IsADirectoryError(f"{str(path)!r} is a folder. Name a file in it.")
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {str(path)!r}.")
    name = path.name.lower()
    try:
        if name.endswith(".parquet"):
            table = _read_parquet(path)
            return table if id_col is None else _with_text_ids(table, path, id_col)
        if name.endswith((".csv", ".csv.gz")):
            return _read_text(path, ",", id_col, words)
        if name.endswith((".tsv", ".tsv.gz")):
            return _read_text(path, "\t", id_col, words)
    except ImportError as error:
        raise ImportError("Parquet files need pyarrow: pip install 'ct-s5[data]'.") from error
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path} is no text in UTF-8 (byte {error.object[error.start]:#x}). Save it as UTF-8, "
            "or read it by pd.read_csv(path, encoding='latin-1'), if that is what it is."
        ) from error
    except (pd.errors.ParserError, pd.errors.EmptyDataError, OSError) as error:
        raise ValueError(f"{path} cannot be read as a table: {error}") from error
    raise ValueError(f"{path.name} is neither .csv, .csv.gz, .tsv, .tsv.gz nor .parquet.")


def _read_parquet(path: pathlib.Path) -> pd.DataFrame:
    try:
        return pd.read_parquet(path)
    except ValueError as error:  # pyarrow's ArrowInvalid, which names no file
        raise ValueError(f"{path} cannot be read as a table: {error}") from error


def _with_text_ids(table: pd.DataFrame, path: pathlib.Path, id_col: str) -> pd.DataFrame:
    if id_col in table.index.names:
        named = [n for n in table.index.names if n is not None and n not in table]
        table = table.reset_index(named)
    if id_col not in table:
        return table
    ids = table[id_col]
    if isinstance(ids.dtype, pd.CategoricalDtype):
        ids = ids.astype(object)
    there = ids.dropna()
    if len(there) and pd.api.types.infer_dtype(there) not in ("string", "integer"):
        raise ValueError(
            f"Column {id_col!r} of {path} holds {shown(there.iloc[0])} for an id, which not every "
            "file writes in the same way. Make the ids text or whole numbers."
        )
    text = ids.astype(str)
    table[id_col] = text.where(ids.notna() & (text != ""))
    return table


def _read_text(path: pathlib.Path, separator: str, id_col, words) -> pd.DataFrame:
    options: Any = {"header": None, "nrows": 1, "dtype": str, "keep_default_na": False}
    header = pd.read_csv(path, sep=separator, **options).iloc[0]
    names = {",": "commas", ";": "semicolons (;)", "\t": "tabs"}
    for other, name in names.items():
        if len(header) == 1 and other in header[0]:
            raise ValueError(
                f"{path} seems to be separated by {name}, not by {names[separator]}: its header is "
                f"{header[0]!r}. Save it with commas as .csv, and with points in its numbers."
            )
    nameless = header.index[header == ""]
    if len(nameless):
        # `to_csv()` writes row numbers so: as a channel they would tell where in the file one is.
        raise ValueError(
            f"{path} has no name above its column {int(nameless[0]) + 1}. Name it, or leave "
            "it out: row numbers stay away with frame.to_csv(path, index=False)."
        )
    doubled = header[header.duplicated()].unique()
    if len(doubled):
        raise ValueError(
            f"{path} has more than one column named {listed(doubled)}. Rename one of each."
        )
    table = pd.read_csv(path, sep=separator, dtype=None if id_col is None else {id_col: str})
    if not isinstance(table.index, pd.RangeIndex):
        # pandas would take the first cells for an index, and move the names by one.
        raise ValueError(
            f"{path} has more cells in its rows than the {len(header)} names in its header. Name "
            "every column, or take the separator off the end of the rows."
        )
    # What is missing to pandas may be a word: such columns are read again, where there is any.
    doubtful = [name for name in {id_col, *words} if name in table and table[name].hasnans]
    kept = [n for n in doubtful if n == id_col or pd.api.types.infer_dtype(table[n]) == "string"]
    if kept:
        options = {"usecols": kept, "dtype": str, "keep_default_na": False, "na_values": [""]}
        table[kept] = pd.read_csv(path, sep=separator, **options)[kept]
    return table


def read_frame(
    path: str | os.PathLike,
    *,
    time_col: str,
    id_col: str | None = None,
    words: Collection[str] = (),
) -> pd.DataFrame:
    """`read_table`, with a time column of text turned into timestamps or lengths of time.

    ISO 8601 is understood ("2026-11-22 08:00:00+01:00"; mixed zones become UTC), and lengths such
    as "0 days 00:07:00" or "00:07:00". Numbers stay numbers, in their own unit.

    Raises:
        ValueError: Times that are neither; the first rows that do not parse are named.
    """
    frame = read_table(path, id_col=id_col, words=words)
    if time_col not in frame.columns:
        return frame
    text = pd.Series(frame[time_col])
    if not (pd.api.types.is_string_dtype(text) or text.dtype == object):
        return frame
    for parse in (_as_datetimes, _as_lengths):
        times = parse(text)
        if times is not None:
            return frame.assign(**{time_col: times})
    return frame  # to_long says which rows do not parse, and how to mend them


def _as_datetimes(text: pd.Series):
    if of_today(text).any():
        return None
    try:
        return pd.to_datetime(text, format="ISO8601")
    except (ValueError, TypeError):
        pass
    # Several zones become UTC, but only if every row names its own: a guess would move readings.
    if text.dropna().astype(str).str.extract(ZONED)[0].isna().any():
        return None
    try:
        return pd.to_datetime(text, format="ISO8601", utc=True)
    except (ValueError, TypeError):
        return None


def _as_lengths(text: pd.Series):
    # A bare number has no unit; pandas would take it for nanoseconds.
    told = text.dropna().astype(str)
    if told.str.fullmatch(r"[+-]?[\d.]+").any() or told.str.contains(DOTTED_DATE).any():
        return None
    try:
        return pd.to_timedelta(text)
    except (ValueError, TypeError):
        return None


def write_table(table: pd.DataFrame, path: str | os.PathLike) -> pathlib.Path:
    """Write a table as `.csv` or `.parquet`, whole or not at all."""
    path = pathlib.Path(path)
    if path.suffix == ".parquet":
        content = table.rename(columns=str).to_parquet(index=False)
    elif path.suffix == ".csv":
        content = table.to_csv(index=False).encode()
    else:
        raise ValueError(f"{path.name} is neither .csv nor .parquet.")
    return write_atomically(path, content)
