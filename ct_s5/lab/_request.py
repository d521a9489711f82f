"""What a comparison was asked for, checked before anything is trained."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ct_s5._words import near
from ct_s5.frames import has_fractions
from ct_s5.lab._corruptions import Corruption
from ct_s5.lab._models import MODELS, check_models
from ct_s5.lab._summary import SCORES, Task
from ct_s5.lab._treatments import Per, check_grid, check_treatment

# Keywords that compare sets itself, and what to write instead.
_TAKEN = {
    "random_state": "seeds=[...] names the seeds",
    "mixer": "models=[...] chooses among the registry's",
}


class Run(NamedTuple):
    """One training, and what it is tested on."""

    seed: int
    treatment: str
    trained: Corruption | None
    model: str
    tested: tuple[Corruption | None, ...]

    @property
    def points(self) -> tuple[Corruption | None, ...]:
        """Where each test stands on the curve: at the corruption of the test or of the training."""
        return self.tested if self.trained is None else (self.trained,)


@dataclasses.dataclass(frozen=True)
class Request:
    """Everything about a comparison but its data."""

    treatments: tuple[str, ...]
    models: tuple[str, ...]
    corruptions: tuple[Corruption, ...]
    corrupt_at: str
    seeds: tuple[int, ...]
    per: Per
    test_fraction: float
    grid: int | str | float | None
    budget: float | None
    jobs: int
    keywords: Mapping[str, Any]
    """Of the estimators."""

    def __post_init__(self):
        for role in ("treatments", "models"):
            names = getattr(self, role)
            if not names or len(set(names)) < len(names):
                raise ValueError(f"{role} is a list of different names; got {list(names)!r}.")
        for treatment in self.treatments:
            check_treatment(treatment)
        check_models(self.models)
        if self.corrupt_at not in ("test", "train", "both"):
            raise ValueError(f"corrupt_at is test, train or both; got {self.corrupt_at!r}.")
        if self.per not in ("series", "reading"):
            raise ValueError(f"per is 'series' or 'reading'; got {self.per!r}.")
        if any(treatment.startswith("resample-") for treatment in self.treatments):
            check_grid(self.grid, self.per)
        for name, instead in _TAKEN.items():
            if name in self.keywords:
                raise ValueError(f"{name} is not compare's to take: {instead}.")
        self._check_thinning()
        shares = {"test_fraction": self.test_fraction}
        shares["validation_fraction"] = self.validation_fraction
        for name, share in shares.items():
            if not (isinstance(share, float) and 0 < share < 1):
                raise ValueError(f"{name} is a share between 0 and 1; got {share!r}.")
        if not self.seeds or len(set(self.seeds)) < len(self.seeds) or min(self.seeds) < 0:
            raise ValueError(
                f"seeds is how many (at least 1), or different numbers; got {list(self.seeds)!r}."
            )
        if self.budget is not None:
            if not self.budget > 0:
                raise ValueError(f"budget is a number of seconds above 0; got {self.budget!r}.")
            # No end of time is no budget.
            budget = float(self.budget) if np.isfinite(self.budget) else None
            object.__setattr__(self, "budget", budget)
        if not isinstance(self.jobs, int) or self.jobs < 1:
            raise ValueError(f"jobs is how many runs at a time, at least 1; got {self.jobs!r}.")

    def _check_thinning(self) -> None:
        others = [treatment for treatment in self.treatments if treatment != "true"]
        if self.keywords.get("thinning") and others:
            raise ValueError(
                f"thinning={self.keywords['thinning']} does not go with treatment {others[0]!r}: "
                "where readings are left out the gaps are summed anew, so that equal gaps would be "
                "equal no more. Leave thinning out, or ask for treatments=['true'] alone."
            )

    @property
    def validation_fraction(self) -> float:
        """Share of what is no test that chooses the epoch."""
        return self.keywords.get("validation_fraction", 0.2)

    @property
    def points(self) -> tuple[Corruption | None, ...]:
        """Of every curve: as the readings are, then each corruption that changes something."""
        return (None, *(c for c in self.corruptions if c.changes))

    def runs(self) -> Iterator[Run]:
        """Seeds outermost, so that what is there when time is up is paired."""
        trained = (None,) if self.corrupt_at == "test" else self.points
        for seed in self.seeds:
            for treatment in self.treatments:
                for corruption in trained:
                    tested: tuple[Corruption | None, ...] = (None,)
                    if self.corrupt_at == "test":
                        tested = self.points
                    elif self.corrupt_at == "both":
                        tested = (corruption,)
                    for model in self.models:
                        yield Run(seed, treatment, corruption, model, tested)


def names_of(role: str, names: Sequence[str]) -> tuple[str, ...]:
    """A list of names; a single one that is no list would be taken apart into letters."""
    if isinstance(names, str):
        raise ValueError(f"{role} is a list of different names; got {names!r}.")
    return tuple(names)


def seeds_of(seeds: int | Sequence[int]) -> tuple[int, ...]:
    """How many seeds, or which."""
    if isinstance(seeds, int | np.integer):
        return tuple(range(int(seeds)))
    return tuple(int(seed) for seed in seeds)


def task_of(answers, task: Task | None, per: Per) -> Task:
    """What the labels ask for, checked against what was said.

    Raises:
        ValueError: No such task; labels that it cannot take.
    """
    if task is None:
        task = "regress" if answers.ndim > 1 or has_fractions(answers) else "classify"
    if task not in SCORES:
        raise ValueError(f"task is 'classify' or 'regress'; got {task!r}.")
    if task == "classify":
        if answers.ndim > 1:
            raise ValueError(f"A classifier takes one label a {per}; got {answers.shape[1]}.")
        found = pd.unique(answers[~pd.isna(answers)])
        if len(found) < 2:
            raise ValueError(
                f"All labels are {found[0]!r}: a comparison needs at least two classes, "
                "this data has one class."
                if len(found)
                else "There is no label."
            )
    return task


def score_of(task: Task, score: str | None) -> str:
    """The score that decides.

    Raises:
        ValueError: One that this task does not have.
    """
    if score is not None and score not in SCORES[task]:
        hint = near(score, SCORES[task])
        raise ValueError(
            f"score is one of {', '.join(SCORES[task])} where the task is to {task}; got "
            f"{score!r}.{hint}"
        )
    return SCORES[task][0] if score is None else score


def networks_in(models: Sequence[str]) -> list[str]:
    """The models that are trained step by step."""
    return [model for model in models if MODELS[model].keywords is not None]
