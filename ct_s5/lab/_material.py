"""The data of a comparison, cut and treated as each run needs it."""

import dataclasses
import functools
import hashlib
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Bool, Int, Shaped

from ct_s5.frames import LongFrame, align_labels, read_static
from ct_s5.lab._comparison import left_out
from ct_s5.lab._corruptions import Corruption
from ct_s5.lab._request import Request, Run
from ct_s5.lab._run import Part, have_labels
from ct_s5.lab._split import given_split, split_three, untold
from ct_s5.lab._treatments import Readings, Treated


@dataclasses.dataclass
class Material:
    """Readings and answers of all series, and which of them train in each seed.

    Parts are kept as long as the seed and the treatment stay, as every model is given the same.
    """

    request: Request
    readings: Readings
    answers: Shaped[np.ndarray, "M *K"]
    """One a series, or one a row of the encoded frame."""
    static: pd.DataFrame | None
    strata: Shaped[np.ndarray, " N"] | None
    """Classes that a split keeps in proportion, where it deals single series."""
    groups: Int[np.ndarray, " N"] | None = None
    """Series of one number are of one person or place: a split never parts them."""
    split: Mapping[str, Any] | None = None
    """Ids of each part, where somebody else made the split."""
    classify: bool = False
    """Whether the answers are classes."""

    def __post_init__(self):
        whole = self.readings
        self.readings = dataclasses.replace(whole, gap_unit=whole.median_gap, step=whole.mean_gap)
        request, n = self.request, len(self.readings.encoded.ids)
        shares = request.test_fraction, request.validation_fraction
        # What is dealt, and drawn anew for intervals: groups, or each series by itself.
        self._unit = np.arange(n) if self.groups is None else self.groups
        n_units = int(self._unit.max(initial=-1)) + 1
        strata = self.strata if self.groups is None else None
        if self.split is not None:
            fixed = given_split(self.split, self.readings.encoded.ids)
            self._splits = dict.fromkeys(request.seeds, fixed)
        else:
            dealt = {s: split_three(n_units, strata, *shares, s) for s in request.seeds}
            self._splits = {seed: parts[self._unit] for seed, parts in dealt.items()}
        self.untold = {seed: self._untold(seed) for seed in request.seeds}
        self._choosing = {seed: self._to_choose_by(seed) for seed in request.seeds}
        self._kept: dict[Any, Part] = {}
        self._treated: dict[Corruption | None, Treated] = {}
        self._of: tuple[int, str] | None = None

    @property
    def split_hash(self) -> str | None:
        """sha256 of a split that was given: which part each series is in."""
        if self.split is None:
            return None
        fixed = next(iter(self._splits.values()))
        return hashlib.sha256("\n".join(fixed.tolist()).encode()).hexdigest()

    @functools.cached_property
    def static_hash(self) -> str | None:
        """sha256 of static features: names, kinds and cells."""
        if self.static is None:
            return None
        words = f"{self.static.dtypes.to_dict()}\n{self.static.to_csv()}"
        return hashlib.sha256(words.encode()).hexdigest()

    def given(self, run: Run) -> tuple[Part, Part]:
        """What the run trains on and chooses its epoch by."""
        train = self._part(run, run.trained, "train")
        return train, self._part(run, run.trained, "validation")

    def tests(self, run: Run) -> list[Part]:
        """What the run is scored on."""
        return [self._part(run, corruption, "test") for corruption in run.tested]

    def _part(self, run: Run, corruption: Corruption | None, name: str) -> Part:
        if self._of != (run.seed, run.treatment):
            self._kept, self._treated, self._of = {}, {}, (run.seed, run.treatment)
        key = corruption, name
        if key not in self._kept:
            self._kept[key] = self._cut(run, corruption, name)
        return self._kept[key]

    def _cut(self, run: Run, corruption: Corruption | None, name: str) -> Part:
        absent = self.untold[run.seed]
        if corruption not in self._treated:
            some = _corrupted(self.readings, corruption, run.seed).without(absent["channels"])
            told = some.treated(run.treatment, run.seed, self.request.grid)
            self._treated[corruption] = told
        treated = self._treated[corruption]
        encoded = self.readings.encoded
        ids = encoded.ids
        inside = self._splits[run.seed] == name
        if name == "validation" and self.request.per == "series":
            inside = inside & self._choosing[run.seed]
        owner = ids.get_indexer(pd.Index(treated.frame[encoded.schema.id_col]))
        kept = inside[owner]
        frame = treated.frame.loc[kept]
        units = np.unique(self._unit[inside])
        static = None
        if self.static is not None:
            static = self.static.drop(columns=absent["static"]).loc[inside]
        if self.request.per == "series":
            labels = self.answers[inside]
            wrap = pd.DataFrame if labels.ndim > 1 else pd.Series
            told = wrap(labels, index=ids[inside])
            return Part(frame, told, static, units, np.searchsorted(units, self._unit[inside]))
        rows = treated.rows[kept]
        labels = self.answers[rows]
        labels = labels if labels.dtype.kind == "f" else labels.astype(object)
        asked = rows >= 0
        if name == "validation":
            asked &= self._choosing[run.seed][rows]
        labels[~asked] = np.nan
        place = np.searchsorted(units, self._unit[owner[kept]])
        return Part(frame, labels, static, units, place[have_labels(labels)])

    def _to_choose_by(self, seed: int) -> Bool[np.ndarray, " M"]:
        """Which answers can choose an epoch: a class that no training series is of says nothing.

        Raises:
            ValueError: A seed in which training is about a single class, or nothing can choose.
        """
        known = have_labels(self.answers)
        if not self.classify:
            return known
        part = self._splits[seed]
        if self.request.per == "reading":
            part = part[self.readings.encoded.index.series]
        found = pd.unique(self.answers[known & (part == "train")]).tolist()
        way_out = "other seeds" if self.split is None else "another split"
        if len(found) < 2:
            named = f"the class {found[0]!r} alone" if found else "no label at all"
            raise ValueError(
                f"With seed {seed} the training series have {named}: a classifier needs two "
                f"classes. Choose {way_out}."
            )
        choosing = known & (part == "validation")
        known &= pd.Series(self.answers).isin(found).to_numpy()
        if strange := int((choosing & ~known).sum()):
            # Only where there is something, as what is left out is part of a run's key.
            self.untold[seed]["validation"] = strange
            told = left_out(self.untold[seed] | {"channels": [], "static": []})
            warnings.warn(told, UserWarning, stacklevel=4)
        if not (known & (part == "validation")).any():
            raise ValueError(
                f"With seed {seed} no validation series is of a class that training knows, so that "
                f"no epoch can be chosen. Choose {way_out}."
            )
        return known

    def _untold(self, seed: int) -> dict[str, Any]:
        """What some training of the seed learns nothing about, joined over its corruptions."""
        training = self._splits[seed] == "train"
        found = [
            untold(_corrupted(self.readings, c, seed), self.static, training, seed)
            for c in dict.fromkeys(run.trained for run in self.request.runs() if run.seed == seed)
        ]
        return found[0] | {
            name: list(dict.fromkeys(item for some in found for item in some[name]))
            for name in ("channels", "static")
        }


def by_id(static, long: LongFrame, readings: Readings) -> pd.DataFrame | None:
    """Static features with a row an id, in the order of the ids, so that parts can be taken."""
    table = read_static(static, long)
    if table is None:
        return None
    table = table.reindex(readings.encoded.ids)
    for name, column in zip(table.columns, readings.encoded.schema.static, strict=True):
        if column.categories is not None:
            # Of the whole data, so that a category may be one that no training series is of.
            words = table[name].map(str, na_action="ignore")
            table[name] = words.astype(pd.CategoricalDtype(column.categories))
    return table


def groups_of(groups, readings: Readings, dealt: bool) -> Int[np.ndarray, " N"] | None:
    """The number of each series' group, by order of names; enough of them to be `dealt`."""
    if groups is None:
        return None
    try:
        named = align_labels(readings.encoded, groups)
    except ValueError as error:
        raise ValueError(f"groups: {error}") from error
    codes, names = pd.factorize(named, sort=True)
    if dealt and len(names) < 3:
        raise ValueError(
            f"{len(names)} groups cannot be split into training, validation and test: give at "
            "least 3, or leave groups out."
        )
    return codes


def _corrupted(readings: Readings, corruption: Corruption | None, seed: int) -> Readings:
    return readings if corruption is None else corruption.apply(readings, seed)
