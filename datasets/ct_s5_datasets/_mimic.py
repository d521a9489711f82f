"""MIMIC-III and MIMIC-IV: the first days of intensive care, vital signs and laboratory.

Reads the published tables, which you bring yourself: access is by agreement with PhysioNet.
Origin, licence and limits: `datasets/cards/mimic.md`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ._dataset import Column, Dataset, card_with
from ._mimic_tables import pieces, table
from ._splits import seeded_splits

PARTS = ("III", "IV")
PROTOCOLS: dict[str, str] = {}

_SOURCE = (
    "Get it from PhysioNet, https://physionet.org/content/mimiciii/1.4/ or "
    "https://physionet.org/content/mimiciv/ (credentialed access, PhysioNet licence 1.5.0); "
    "unpack nothing."
)


class _Tables(NamedTuple):
    """Where a version keeps what."""

    stays: str
    admissions: str
    charts: str
    labs: str
    stay_id: str


_TABLES = {
    "III": _Tables("ICUSTAYS", "ADMISSIONS", "CHARTEVENTS", "LABEVENTS", "icustay_id"),
    "IV": _Tables(
        "icu/icustays", "hosp/admissions", "icu/chartevents", "hosp/labevents", "stay_id"
    ),
}
# Name | what | unit | item numbers of the charts, of both versions | of the laboratory.
_TOLD = """
HR|heart rate|beats/min|211 220045|
SysBP|arterial systolic pressure|mmHg|51 6701 220050 225309|
DiasBP|arterial diastolic pressure|mmHg|8368 8555 220051 225310|
MeanBP|arterial mean pressure|mmHg|52 6702 220052 225312|
NISysBP|non-invasive systolic pressure|mmHg|442 455 220179|
NIDiasBP|non-invasive diastolic pressure|mmHg|8440 8441 220180|
NIMeanBP|non-invasive mean pressure|mmHg|443 456 220181|
RespRate|respiration rate|breaths/min|615 618 220210 224690|
Temp|temperature, Fahrenheit converted|degC|676 678 223761 223762|
SpO2|pulse oximetry|%|646 220277|
Albumin|albumin|g/dL||50862
BUN|urea nitrogen|mg/dL||51006
Bicarbonate|bicarbonate|mEq/L||50882
Bilirubin|total bilirubin|mg/dL||50885
Calcium|total calcium|mg/dL||50893
Chloride|chloride|mEq/L||50902
Creatinine|creatinine|mg/dL||50912
Glucose|glucose|mg/dL||50931
Hematocrit|haematocrit|%||51221
Hemoglobin|haemoglobin|g/dL||51222
INR|international normalised ratio|||51237
Lactate|lactate|mmol/L||50813
Platelets|platelets|1000/uL||51265
Potassium|potassium|mEq/L||50971
Sodium|sodium|mEq/L||50983
WBC|white blood cells|1000/uL||51301
"""
_ROWS = [line.split("|") for line in _TOLD.strip().splitlines()]
CHANNELS = tuple(Column(*row[:3]) for row in _ROWS)
_CHART_ITEMS = {int(item): at for at, row in enumerate(_ROWS) for item in row[3].split()}
_LAB_ITEMS = {int(item): at for at, row in enumerate(_ROWS) for item in row[4].split()}
_FAHRENHEIT = (678, 223761)
_LABEL = "HospitalDeath"


def load(root: str | Path, part: str = "III", *, hours: float = 48) -> Dataset:
    """Read the start of every stay in intensive care.

    Args:
        root: Folder of MIMIC-III (`CHARTEVENTS.csv.gz` and so on), or of MIMIC-IV (with `icu/` and
            `hosp/`); `.csv` is read as well.
        part: "III" or "IV".
        hours: Readings after these hours of a stay, or after its end, are left out; `math.inf`
            for all of it.

    Returns:
        `frame` has the channels of `CHANNELS`; `ds` is the time since admission to the unit.
        Several readings of one channel at one time become their mean. `labels` is death in
        hospital, one a stay. `static` has CareUnit, the first unit of the stay, as a category.
        Ids are those of the stays. `splits` keep all stays of a person on one side.

    Raises:
        FileNotFoundError: A table is absent.
        ValueError: A table is damaged, or the part unknown.

    """
    if part not in PARTS:
        raise ValueError(f"part={part!r}: mimic has the parts 'III' and 'IV'.")
    if not hours > 0:
        raise ValueError(f"hours={hours!r} leaves nothing. Give a number above 0, such as 48.")
    root, tables = Path(root), _TABLES[part]
    stays = _stays(root, tables)
    charts = _charts(root, tables, stays, hours)
    labs = _labs(root, tables, stays, hours)
    long = pd.concat([charts, labs], ignore_index=True)
    frame = _one_row_a_time(long, stays.index.to_numpy())
    index = pd.Index(stays.index, name="unique_id")
    counts = {
        "part": part,
        "hours": f"{hours:g}",
        "stays": len(stays),
        "people": stays["subject_id"].nunique(),
        "stays without any reading": len(stays) - frame["unique_id"].nunique(),
        "rows": len(frame),
        "readings": len(long),
        "readings at a time that had one already, averaged": len(long)
        - int(frame[[c.name for c in CHANNELS]].notna().to_numpy().sum()),
    }
    static = pd.DataFrame({"CareUnit": stays["first_careunit"].astype("category")}, index=index)
    return Dataset(
        frame=frame,
        labels=pd.Series(stays["death"].to_numpy(dtype=np.int64), index=index, name=_LABEL),
        static=static,
        schema=_schema(),
        splits=seeded_splits(stays.index, groups=stays["subject_id"]),
        card=card_with("mimic", counts),
        groups=pd.Series(stays["subject_id"].to_numpy(), index, name="person"),
    )


def people(root: str | Path, part: str = "III") -> pd.Series:
    """Whose stay each is: the person's number, indexed by stay; for `check(groups=...)`."""
    return _stays(Path(root), _TABLES[part])["subject_id"].rename_axis("unique_id")


def _stays(root: Path, tables: _Tables) -> Any:
    wanted = ("subject_id", "hadm_id", tables.stay_id, "first_careunit", "intime", "outtime")
    stays: Any = table(root, tables.stays, wanted, again=_SOURCE, times=("intime", "outtime"))
    wanted = ("hadm_id", "hospital_expire_flag")
    admissions: Any = table(root, tables.admissions, wanted, again=_SOURCE)
    admissions = admissions.set_index("hadm_id")
    for ids, name, what in (
        (stays[tables.stay_id], tables.stays, tables.stay_id),
        (admissions.index.to_series(), tables.admissions, "hadm_id"),
    ):
        if ids.isna().any() or ids.duplicated().any():
            raise ValueError(f"{root / name}: a {what} is empty or comes twice. {_SOURCE}")
    if stays["subject_id"].isna().any():
        raise ValueError(f"{root / tables.stays}: a subject_id is empty. {_SOURCE}")
    stays["death"] = stays["hadm_id"].map(admissions["hospital_expire_flag"])
    wrong = ~stays["death"].isin((0, 1)) | stays["intime"].isna()
    if wrong.any():
        stay = int(stays.loc[wrong, tables.stay_id].iloc[0])
        raise ValueError(
            f"{root}: stay {stay} has no intime, or its admission no hospital_expire_flag of 0 or "
            f"1. {tables.stays} and {tables.admissions} must be of the same version. {_SOURCE}"
        )
    whole = {"subject_id": "int64", tables.stay_id: "int64"}
    return stays.astype(whole).set_index(tables.stay_id).sort_index()


def _charts(root: Path, tables: _Tables, stays: Any, hours: float) -> pd.DataFrame:
    wanted = (tables.stay_id, "itemid", "charttime", "valuenum", "error?")
    how: Any = {"again": _SOURCE, "times": ("charttime",), "items": _CHART_ITEMS}
    found = []
    for piece in pieces(root, tables.charts, wanted, **how):
        rows: Any = piece[piece["error"] != 1] if "error" in piece else piece
        at = stays.index.get_indexer(rows[tables.stay_id].fillna(-1))
        found.append(_within(rows[at >= 0], at[at >= 0], stays, _CHART_ITEMS, hours))
    return pd.concat(found, ignore_index=True)


def _labs(root: Path, tables: _Tables, stays: Any, hours: float) -> pd.DataFrame:
    # A laboratory reading knows the admission alone: its time tells which stay it belongs to.
    of_admission = pd.DataFrame({"hadm_id": stays["hadm_id"].to_numpy(), "at": range(len(stays))})
    how: Any = {"again": _SOURCE, "times": ("charttime",), "items": _LAB_ITEMS}
    found = []
    for piece in pieces(root, tables.labs, ("hadm_id", "itemid", "charttime", "valuenum"), **how):
        rows = piece[piece["hadm_id"].notna()].merge(of_admission, on="hadm_id")
        found.append(_within(rows, rows["at"].to_numpy(), stays, _LAB_ITEMS, hours))
    return pd.concat(found, ignore_index=True)


def _within(
    rows: Any, at: np.ndarray, stays: Any, items: dict[int, int], hours: float
) -> pd.DataFrame:
    """Place of the stay, seconds, channel and value of the readings in each stay's window."""
    begin, end = (stays[column].to_numpy()[at] for column in ("intime", "outtime"))
    time = rows["charttime"].to_numpy()
    # As floats, since `hours` may be more than a time of the columns' unit can hold.
    since = (time - begin) / np.timedelta64(1, "s")
    good = (since >= 0) & (since <= 3600 * hours) & ~(time > end)
    good &= np.isfinite(rows["valuenum"].to_numpy())
    item, value = rows["itemid"].to_numpy()[good], rows["valuenum"].to_numpy()[good]
    seconds = since[good].astype(np.int64)
    value = np.where(np.isin(item, _FAHRENHEIT), (value - 32) / 1.8, value)
    kinds, kind = np.unique(item, return_inverse=True)
    channel = np.array([items[int(number)] for number in kinds], dtype=np.int64)[kind]
    return pd.DataFrame({"at": at[good], "seconds": seconds, "channel": channel, "value": value})


def _one_row_a_time(long: Any, ids: np.ndarray) -> pd.DataFrame:
    n_channels = len(CHANNELS)
    # One integer a (stay, second): 2**33 seconds are 272 years.
    key = long["at"].to_numpy(dtype=np.int64) * 2**33 + long["seconds"].to_numpy()
    row_key, row = np.unique(key, return_inverse=True)
    cell = row * n_channels + long["channel"].to_numpy()
    times = np.bincount(cell, minlength=len(row_key) * n_channels)
    sums = np.bincount(cell, weights=long["value"].to_numpy(), minlength=len(times))
    values = np.full(len(times), np.nan)
    np.divide(sums, times, out=values, where=times > 0)
    frame = pd.DataFrame(values.reshape(-1, n_channels), columns=[c.name for c in CHANNELS])
    frame.insert(0, "unique_id", ids[row_key // 2**33])
    frame.insert(1, "ds", (row_key % 2**33).astype("timedelta64[s]"))
    return frame


def _schema() -> dict[str, Column]:
    own = (
        Column("unique_id", "ICUSTAY_ID or stay_id: one stay in intensive care", ""),
        Column("ds", "time since admission to the unit", "timedelta"),
        Column(_LABEL, "1: died in the hospital stay, 0: left alive", ""),
        Column("CareUnit", "the first unit of the stay", ""),
    )
    return {column.name: column for column in (*own, *CHANNELS)}
