"""The `.psv` files of PhysioNet 2019: thousands of small tables to one array, every line checked.

One file is one stay, one line one hour: 41 numbers between bars, `NaN` where there is none.
"""

from __future__ import annotations

import io
from typing import NamedTuple

import numpy as np
import pandas as pd

from ._dataset import Column

_TOLD = """
HR|heart rate|beats/min
O2Sat|pulse oximetry|%
Temp|temperature|degC
SBP|systolic blood pressure|mmHg
MAP|mean arterial pressure|mmHg
DBP|diastolic blood pressure|mmHg
Resp|respiration rate|breaths/min
EtCO2|end tidal carbon dioxide|mmHg
BaseExcess|excess bicarbonate|mmol/L
HCO3|bicarbonate|mmol/L
FiO2|fraction of inspired oxygen|0 to 1
pH|pH|0 to 14
PaCO2|arterial carbon dioxide pressure|mmHg
SaO2|arterial oxygen saturation|%
AST|aspartate transaminase|IU/L
BUN|blood urea nitrogen|mg/dL
Alkalinephos|alkaline phosphatase|IU/L
Calcium|calcium|mg/dL
Chloride|chloride|mmol/L
Creatinine|creatinine|mg/dL
Bilirubin_direct|direct bilirubin|mg/dL
Glucose|serum glucose|mg/dL
Lactate|lactic acid|mg/dL
Magnesium|magnesium|mmol/dL
Phosphate|phosphate|mg/dL
Potassium|potassium|mmol/L
Bilirubin_total|total bilirubin|mg/dL
TroponinI|troponin I|ng/mL
Hct|haematocrit|%
Hgb|haemoglobin|g/dL
PTT|partial thromboplastin time|s
WBC|leukocytes|1000/uL
Fibrinogen|fibrinogen|mg/dL
Platelets|platelets|1000/uL
"""
CHANNELS = tuple(Column(*line.split("|")) for line in _TOLD.strip().splitlines())
STATIC = (
    Column("Age", "age; 100 stands for 90 and over", "years"),
    Column("Gender", "0 female, 1 male", ""),
    Column("Unit1", "1: in the medical unit", ""),
    Column("Unit2", "1: in the surgical unit", ""),
    Column("HospAdmTime", "admission to the hospital, counted from admission to the unit", "h"),
)
TIME, LABEL = "ICULOS", "SepsisLabel"
NAMES = (*(column.name for column in (*CHANNELS, *STATIC)), TIME, LABEL)
_HEADER = "|".join(NAMES).encode()
_CHUNK = 4000  # stays parsed at once: bounds the text that is held twice
_NEWLINE, _BAR = b"\n|"


class Stay(NamedTuple):
    """One file.

    Attributes:
        id: The number in its name.
        place: The file, for messages.
        data: What is in it.

    """

    id: int
    place: str
    data: bytes


def read_stays(stays: list[Stay], *, again: str) -> tuple[np.ndarray, np.ndarray]:
    """Hours of all stays, one after the other, and how many each stay has.

    Args:
        stays: At least one.
        again: The next step for the reader of an error, such as where to get the file.

    Returns:
        Numbers (hour, column of `NAMES`), and the hours of each stay.

    Raises:
        ValueError: A file has another header, no hour, or a line that is not 41 numbers with
            ICULOS a whole number greater than the one before, and SepsisLabel 0 or 1.

    """
    parts = [_read(stays[at : at + _CHUNK], again) for at in range(0, len(stays), _CHUNK)]
    values = np.concatenate([part[0] for part in parts])
    return values, np.concatenate([part[1] for part in parts])


def _read(stays: list[Stay], again: str) -> tuple[np.ndarray, np.ndarray]:
    bodies = [_body(stay, again) for stay in stays]
    hours = np.array([body.count(b"\n") for body in bodies])
    text = b"".join(bodies)

    def fail(row: int, what: str):
        of = int(np.searchsorted(np.cumsum(hours), row, side="right"))
        line = row - int(hours[:of].sum()) + 2
        raise ValueError(f"{stays[of].place}, line {line}: {what}. {again}")

    letters = np.frombuffer(text, np.uint8)
    starts = np.append(0, np.flatnonzero(letters == _NEWLINE)[:-1] + 1)
    cells = np.add.reduceat(letters == _BAR, starts, dtype=np.int64) + 1
    if (cells != len(NAMES)).any():
        row = int(np.flatnonzero(cells != len(NAMES))[0])
        fail(row, f"{cells[row]} values, not {len(NAMES)}")
    try:
        table = pd.read_csv(
            io.BytesIO(text),
            sep="|",
            header=None,
            dtype=np.float64,
            na_values=["NaN"],
            keep_default_na=False,
            skip_blank_lines=False,
            quoting=3,
        )
    except ValueError:
        for row, line in enumerate(text.decode(errors="replace").splitlines()):
            for name, cell in zip(NAMES, line.split("|"), strict=False):
                if not _is_number(cell):
                    fail(row, f"{name} is {cell!r}, not a number or NaN")
        raise
    values = table.to_numpy()
    if np.isinf(values).any():
        row, column = np.argwhere(np.isinf(values))[0]
        fail(row, f"{NAMES[column]} is infinite")
    hour, label = values[:, NAMES.index(TIME)], values[:, NAMES.index(LABEL)]
    wrong = ~((hour >= 1) & (hour < 1e6) & (hour % 1 == 0))
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        fail(row, f"{TIME} is {hour[row]:g}, not a whole number of hours from 1 on")
    wrong = np.append(False, np.diff(hour) <= 0)
    wrong[np.append(0, np.cumsum(hours)[:-1])] = False
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        fail(row, f"{TIME} is {hour[row]:g} after {hour[row - 1]:g}: hours must grow")
    if not np.isin(label, (0, 1)).all():
        row = int(np.flatnonzero(~np.isin(label, (0, 1)))[0])
        fail(row, f"{LABEL} is {label[row]:g}, not 0 or 1")
    return values, hours


def _body(stay: Stay, again: str) -> bytes:
    head, _, body = stay.data.replace(b"\r\n", b"\n").partition(b"\n")
    if head != _HEADER:
        shown = head[:60].decode(errors="replace")
        raise ValueError(
            f"{stay.place} does not begin with the header {NAMES[0]}|{NAMES[1]}|...|{LABEL} of "
            f"{len(NAMES)} columns but with {shown!r}. {again}"
        )
    if not body:
        raise ValueError(f"{stay.place} holds no hour, only the header. {again}")
    return body if body.endswith(b"\n") else body + b"\n"


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return "_" not in cell
