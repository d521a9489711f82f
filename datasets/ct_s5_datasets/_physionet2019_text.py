"""The `.psv` files of PhysioNet 2019: thousands of small tables to one array, every line checked.

One file is one stay, one line one hour: 41 numbers between bars, `NaN` where there is none.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ._dataset import Column
from ._lines import join_lines, numbers

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
_CHUNK = 4000  # stays parsed at once: bounds the text that is held twice


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
    files = [(stay.place, stay.data) for stay in stays]
    lines = join_lines(files, cells=len(NAMES), separator="|", header="|".join(NAMES), again=again)
    values = numbers(lines, NAMES, missing=("NaN",))
    hour, label = values[:, NAMES.index(TIME)], values[:, NAMES.index(LABEL)]
    whole = (hour >= 1) & (hour < 1e6) & (hour % 1 == 0)
    lines.refuse(~whole, f"{TIME} is {{:g}}, not a whole number of hours from 1 on", hour)
    before = np.append(0, hour[:-1])
    before[lines.starts()] = 0
    lines.refuse(hour <= before, f"{TIME} is {{:g}} after {{:g}}: hours must grow", hour, before)
    lines.refuse(~np.isin(label, (0, 1)), f"{LABEL} is {{:g}}, not 0 or 1", label)
    return values, lines.rows
