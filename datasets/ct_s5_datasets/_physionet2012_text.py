"""The lines of PhysioNet 2012 records as arrays: 1.8 million lines in one parse.

Four thousand calls of `read_csv` take a minute; one over all records joined takes half a second.
What the joining forgets, the record and line of each row, is found again only for an error.
"""

import io
import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ._dataset import Column

_HEADER = b"Time,Parameter,Value"

# As the provider documents them, in the order of plain string sorting.
CHANNELS = (
    Column("ALP", "alkaline phosphatase", "IU/L"),
    Column("ALT", "alanine transaminase", "IU/L"),
    Column("AST", "aspartate transaminase", "IU/L"),
    Column("Albumin", "albumin", "g/dL"),
    Column("BUN", "blood urea nitrogen", "mg/dL"),
    Column("Bilirubin", "bilirubin", "mg/dL"),
    Column("Cholesterol", "cholesterol", "mg/dL"),
    Column("Creatinine", "serum creatinine", "mg/dL"),
    Column("DiasABP", "invasive diastolic arterial blood pressure", "mmHg"),
    Column("FiO2", "fraction of inspired oxygen", "0 to 1"),
    Column("GCS", "Glasgow coma score", "3 to 15"),
    Column("Glucose", "serum glucose", "mg/dL"),
    Column("HCO3", "serum bicarbonate", "mmol/L"),
    Column("HCT", "haematocrit", "%"),
    Column("HR", "heart rate", "beats/min"),
    Column("K", "serum potassium", "mEq/L"),
    Column("Lactate", "lactate", "mmol/L"),
    Column("MAP", "invasive mean arterial blood pressure", "mmHg"),
    Column("MechVent", "mechanical ventilation, only ever 1", "1: on"),
    Column("Mg", "serum magnesium", "mmol/L"),
    Column("NIDiasABP", "non-invasive diastolic arterial blood pressure", "mmHg"),
    Column("NIMAP", "non-invasive mean arterial blood pressure", "mmHg"),
    Column("NISysABP", "non-invasive systolic arterial blood pressure", "mmHg"),
    Column("Na", "serum sodium", "mEq/L"),
    Column("PaCO2", "partial pressure of arterial CO2", "mmHg"),
    Column("PaO2", "partial pressure of arterial O2", "mmHg"),
    Column("Platelets", "platelets", "cells/nL"),
    Column("RespRate", "respiration rate", "breaths/min"),
    Column("SaO2", "O2 saturation in haemoglobin", "%"),
    Column("SysABP", "invasive systolic arterial blood pressure", "mmHg"),
    Column("Temp", "temperature", "degC"),
    Column("TroponinI", "troponin-I", "ug/L"),
    Column("TroponinT", "troponin-T", "ug/L"),
    Column("Urine", "urine output", "mL"),
    Column("WBC", "white blood cell count", "cells/nL"),
    Column("Weight", "body weight", "kg"),
    Column("pH", "arterial pH", "0 to 14"),
)
STATIC = (
    Column("Age", "age", "years"),
    Column("Gender", "0: female, 1: male", ""),
    Column("Height", "height", "cm"),
    Column("ICUType", "1: coronary, 2: cardiac surgery recovery, 3: medical, 4: surgical", ""),
    Column("Weight", "body weight on admission", "kg"),
)
_CODES = {name: code for code, (name, _, _) in enumerate(CHANNELS)}
# Descriptors that are no channel follow the channels.
_DESCRIPTORS = ("RecordID", "Age", "Gender", "Height", "ICUType")
_CODES |= {name: len(CHANNELS) + place for place, name in enumerate(_DESCRIPTORS)}
_NAMELESS = -1
_CODES[""] = _NAMELESS
# Where -1 means "not measured". Elsewhere a negative number is kept (Temp has -17.8: 0 degF).
_MISSING_CODE = np.array([_CODES[name] for name in ("DiasABP", "NIDiasABP", "Weight")])
_MOST_MINUTES = 48 * 60  # the challenge gives 48 hours of a stay


@dataclass(frozen=True)
class RecordText:
    """One record's file: its id by name, where it lies, its bytes."""

    id: int
    place: str
    data: bytes


@dataclass(frozen=True, eq=False)
class Readings:
    """All readings of all records: four columns, and the descriptors as a table.

    `record` counts through `ids`; `minute` is since admission; `channel` counts through CHANNELS.
    """

    ids: np.ndarray
    record: np.ndarray
    minute: np.ndarray
    channel: np.ndarray
    value: np.ndarray
    static: pd.DataFrame
    n_missing_codes: int
    n_nameless: int


class _Lines:
    """The joined lines of all records, able to say where a row came from."""

    def __init__(self, records: list[RecordText]):
        self.records = records
        bodies = [_body(record) for record in records]
        counts = np.array([body.count(b"\n") for body in bodies])
        self.text = b"".join(bodies)
        self.record = np.repeat(np.arange(len(records)), counts)
        self.first_row = np.cumsum(counts) - counts
        characters = np.frombuffer(self.text, dtype=np.uint8)
        self.ends = np.flatnonzero(characters == ord("\n"))
        # Counted before parsing: read_csv would fill a short line with NaN and drop a long tail.
        commas = np.searchsorted(np.flatnonzero(characters == ord(",")), self.ends)
        self.refuse(np.diff(commas, prepend=0) != 2, "not Time,Parameter,Value")

    def refuse(self, bad: np.ndarray, why: str) -> None:
        """Raise for the first row where `bad` holds."""
        if bad.any():
            row = int(np.flatnonzero(bad)[0])
            record = int(self.record[row])
            start = self.ends[row - 1] + 1 if row else 0
            line = self.text[start : self.ends[row]].decode("latin-1")
            raise ValueError(
                f"Record {self.records[record].id} ({self.records[record].place}), "
                f"line {row - self.first_row[record] + 2}: {line[:80]!r} is {why}. "
                "Correct the line, or unpack the provider's file again."
            )


def read_text(records: list[RecordText]) -> Readings:
    """Parse the records; each error names the record and the line."""
    lines = _Lines(records)
    time, parameter, value = _split_columns(lines)
    known = [_CODES.get(name, -2) for name in parameter.categories]
    code = np.array(known, dtype=np.int64)[parameter.codes]
    minute = np.array([_minutes(text) for text in time.categories], dtype=np.int64)[time.codes]
    named = code != _NAMELESS  # a line without a name is dropped whatever else it holds
    lines.refuse(named & ~np.isfinite(value), "without a finite value")
    lines.refuse(named & (minute < 0), "without a time HH:MM")
    lines.refuse(named & (minute > _MOST_MINUTES), "later than the 48 hours of the challenge")
    lines.refuse(code == -2, "of a parameter that the challenge does not have")
    static = _static(lines, code, minute, value)
    missing = np.isin(code, _MISSING_CODE) & (value == -1)
    reading = (code >= 0) & (code < len(CHANNELS)) & ~missing
    return Readings(
        ids=np.array([record.id for record in records], dtype=np.int64),
        record=lines.record[reading],
        minute=minute[reading],
        channel=code[reading],
        value=value[reading],
        static=static,
        n_missing_codes=int(missing.sum()),
        n_nameless=int((~named).sum()),
    )


def _body(record: RecordText) -> bytes:
    data = record.data.replace(b"\r\n", b"\n")
    header, _, body = data.partition(b"\n")
    if header != _HEADER:
        raise ValueError(
            f"Record {record.id} ({record.place}) does not begin with the line "
            f"{_HEADER.decode()} but with {header[:40].decode('latin-1')!r}. "
            "Unpack the provider's file again."
        )
    body = body.rstrip(b"\n")
    if not body:
        raise _cut_short(record)
    return body + b"\n"


def _cut_short(record: RecordText) -> ValueError:
    return ValueError(
        f"Record {record.id} ({record.place}) has no line 00:00,RecordID,{record.id}: the file "
        "is empty or cut short. Unpack the provider's file again."
    )


def _split_columns(lines: _Lines) -> tuple[pd.Categorical, pd.Categorical, np.ndarray]:
    def read(value_type):
        return pd.read_csv(
            io.BytesIO(lines.text),
            header=None,
            names=["time", "parameter", "value"],
            dtype={"time": "category", "parameter": "category", "value": value_type},
            index_col=False,
            na_filter=False,
            quoting=3,  # csv.QUOTE_NONE: a quotation mark is a character like any other
            lineterminator="\n",
            skip_blank_lines=False,
            encoding="latin-1",
        )

    try:
        table = read("float64")
    except ValueError:  # pandas does not say where
        table = read(str)
        table["value"] = pd.to_numeric(table["value"], errors="coerce")
    value = table["value"].to_numpy(dtype=np.float64)
    return pd.Categorical(table["time"]), pd.Categorical(table["parameter"]), value


def _minutes(text: str) -> int:
    found = re.fullmatch(r"([0-9]{2,5}):([0-5][0-9])", text)
    return 60 * int(found[1]) + int(found[2]) if found else -1


def _static(lines: _Lines, code: np.ndarray, minute: np.ndarray, value: np.ndarray) -> pd.DataFrame:
    ids = np.array([record.id for record in lines.records], dtype=np.int64)
    columns = {}
    for name in _DESCRIPTORS:
        columns[name] = _first(lines, code == _CODES[name], value, ids.size)
        other = (code == _CODES[name]) & (value != columns[name][lines.record])
        lines.refuse(other, f"a second {name} of this record, another than the first")
    # Weight is measured on during the stay; the one of admission is the first at 00:00.
    columns["Weight"] = _first(lines, (code == _CODES["Weight"]) & (minute == 0), value, ids.size)
    claimed = columns.pop("RecordID")
    if np.isnan(claimed).any():
        raise _cut_short(lines.records[int(np.flatnonzero(np.isnan(claimed))[0])])
    wrong = (code == _CODES["RecordID"]) & (value != ids[lines.record])
    lines.refuse(wrong, "another RecordID than the file's name says")
    wrong = (code == _CODES["ICUType"]) & ~np.isin(value, (-1, 1, 2, 3, 4))
    lines.refuse(wrong, "an ICUType that the challenge does not have (1 to 4)")
    static = pd.DataFrame(columns, index=pd.Index(ids, name="unique_id"))
    static = static.mask(static == -1)
    units = [None if np.isnan(unit) else f"{unit:.0f}" for unit in static["ICUType"]]
    static["ICUType"] = pd.Categorical(units, categories=["1", "2", "3", "4"])
    return static


def _first(lines: _Lines, chosen: np.ndarray, value: np.ndarray, n_records: int) -> np.ndarray:
    """Take each record's first value among the chosen rows, NaN where it has none."""
    rows = np.flatnonzero(chosen)
    record, first = np.unique(lines.record[rows], return_index=True)
    column = np.full(n_records, np.nan)
    column[record] = value[rows[first]]
    return column
