"""The answer of a comparison in plain words."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ct_s5.lab._statistics import LOSSES, Paired, paired
from ct_s5.lab._summary import AS_THEY_ARE, CONTROLS, Cell, chance_of

_ALTERNATIVES = {
    "equal": "equal gaps",
    "appended": "equal gaps with the true gap as one more channel",
    "shuffled": "shuffled gaps",
}
_SCORES = {
    "accuracy": "an accuracy",
    "auroc": "an AUROC",
    "r2": "an R²",
    "mse": "a squared error",
}
# What a share of the loss is a share of: 1 - R² is the squared error over the variance.
_ERRORS = {
    "accuracy": "the error",
    "auroc": "the error (1 - AUROC)",
    "r2": "the squared error",
    "mse": "the squared error",
}
_IT = "it lowers", "it raises"


class Answer:
    """Sentences about the readings as they are: of the first model, and of the best one."""

    def __init__(
        self,
        settings: Mapping[str, Any],
        cells: Mapping[Cell, Sequence[Mapping[str, Any]]],
        rows: Mapping[Cell, Mapping[str, Any]],
    ):
        self._settings, self._cells, self._rows = settings, cells, rows
        self._score = settings["score"]
        self._several = len(settings["models"]) > 1

    def __str__(self) -> str:
        if self._several and len(self._settings["treatments"]) == 1:
            return self._of_models() or self._of_treatments()
        told = [self._of_treatments(), self._of_models() if self._several else ""]
        return " ".join(sentence for sentence in told if sentence)

    def _of_treatments(self) -> str:
        model, treatments = next(iter(self._settings["models"])), self._settings["treatments"]
        known = [t for t in treatments if not math.isnan(self._mean(model, t))]
        told = ", ".join(f"{t} {_number(self._mean(model, t))}" for t in known)
        if not known:
            return self._no_score(model)
        if "true" not in known:
            return f"Without a score for true gaps there is nothing to compare: {told}."
        reached = self._reached(model, "true")
        others = [t for t in known if t != "true" and self._row(model, t)["pairs"]]
        if not others:
            none = "no other treatment has a score" if treatments[1:] else "there is no other one"
            return f"True gaps reach {reached}; {none} to compare with."
        score = _SCORES[self._score]
        all_reach = f"All treatments{f' of {model}' if self._several else ''} reach"
        if self._score not in LOSSES and all(
            f"{self._mean(model, t):.2f}" == "1.00" for t in known
        ):
            return f"{all_reach} {score} of 1.00: the task is too easy to tell them apart."
        rows = [self._row(model, t) for t in others]
        if all(row["pairs"] == row["ties"] for row in rows):
            return (
                f"{all_reach}, seed for seed, the same: {reached}. The task is too hard, or its "
                "test series too few, to tell them apart."
            )
        if luck := self._no_better_than_chance(model, known):
            return luck
        # Equal gaps are to know nothing of time; the best of the others is the hardest test.
        best = min(others, key=lambda t: self._row(model, t)["difference"])
        told = []
        for treatment in dict.fromkeys(["equal", best]) if "equal" in others else [best]:
            same = f"the same model ({model})" if self._several else "the same model"
            beside = self._words(treatment) + ("" if told else f", with {same}")
            found = self._paired((model, "true"), (model, treatment))
            verbs = "true gaps lower", "true gaps raise"
            told.append(_sentence(verbs, beside, found, self._score))
        return " ".join(told)

    def _no_better_than_chance(self, model: str, known: Sequence[str]) -> str:
        """Said where no treatment scores more than who knows nothing would; else empty."""
        luck = chance_of(self._settings)
        if luck is None or any(self._mean(model, t) > luck for t in known):
            return ""
        best = max(self._mean(model, t) for t in known)
        return (
            f"Nothing beats chance: {model} reaches {_SCORES[self._score]} of at most "
            f"{_number(best)}, and who knows nothing {_number(luck)}."
        )

    def _of_models(self) -> str:
        """Which model is best, and whether it beats the controls, or the next one."""
        treatments = self._settings["treatments"]
        treatment = "true" if "true" in treatments else treatments[0]
        known = [m for m in self._settings["models"] if not math.isnan(self._mean(m, treatment))]
        if len(known) < 2:
            return ""
        known.sort(key=lambda m: -self._sign * self._mean(m, treatment))
        best, controls = known[0], [m for m in known if m in CONTROLS]
        reached = self._reached(best, treatment)
        told = f"Of {len(known)} models {best} is best with {self._words(treatment)}: {reached}"
        luck = chance_of(self._settings)
        if luck is not None and self._mean(best, treatment) <= luck:
            return f"{told}, no better than who knows nothing ({_number(luck)})."
        told += "."
        if best in CONTROLS and len(controls) < len(known):
            return (
                f"{told} It is a control: nothing that learns from the order of readings beats it."
            )
        beside = known[1:2] if best in CONTROLS or not controls else controls
        found = {m: self._paired((best, treatment), (m, treatment)) for m in beside}
        if beside is not controls:
            (one,) = beside
            return f"{told} {_sentence(_IT, f'{one}, the next', found[one], self._score)}"
        if all(math.isnan(one.lo) for one in found.values()):
            return f"{told} Whether it beats the controls, one seed cannot say."
        beaten = [m for m in beside if found[m].lo > 0]
        unbeaten = [m for m in beside if m not in beaten]
        if not beaten:
            return f"{told} It does not beat {_and(unbeaten)} beyond the interval."
        rest = f", but not {_and(unbeaten)}" if unbeaten else ""
        return f"{told} It beats {_and(beaten)} beyond the interval{rest}."

    def _no_score(self, model: str) -> str:
        states = {r["status"] for cell, rs in self._cells.items() if cell[0] == model for r in rs}
        if states <= {"diverged"}:
            return f"No run of {model} came to an end: the loss diverged in all of them."
        return f"No run of {model} has a score: {_and(sorted(states))}, as the notes say."

    def _row(self, model: str, treatment: str) -> Mapping[str, Any]:
        return self._rows[model, treatment, AS_THEY_ARE]

    def _mean(self, model: str, treatment: str) -> float:
        return self._row(model, treatment)[self._score]

    def _reached(self, model: str, treatment: str) -> str:
        return f"{_SCORES[self._score]} of {_number(self._mean(model, treatment))}"

    @property
    def _sign(self) -> int:
        return -1 if self._score in LOSSES else 1

    def _paired(self, ours: tuple[str, str], theirs: tuple[str, str]) -> Paired:
        cells = self._cells
        return paired(cells[(*ours, AS_THEY_ARE)], cells[(*theirs, AS_THEY_ARE)], self._score)

    def _words(self, treatment: str) -> str:
        if treatment == "true":
            return "true gaps"
        if treatment in _ALTERNATIVES:
            return _ALTERNATIVES[treatment]
        by_length = self._settings["grid"] is None and self._settings["per"] == "series"
        grid = "a grid of equal length" if by_length else "a grid"
        untold = " without its times" if treatment.endswith("+equal") else ""
        return f"{grid}{untold} ({treatment})"


def _sentence(verbs: tuple[str, str], beside: str, found: Paired, score: str) -> str:
    """By how much the error is lower, or higher, and how sure that is."""
    if not found.pairs:
        return f"No seed has a score of it and of {beside}."
    if found.ties == found.pairs > 1:
        return f"No clear difference against {beside}: the score is the same with every seed."
    if math.isnan(found.relative):
        # Theirs is without an error, of which nothing is a share.
        who = verbs[0].rpartition(" ")[0]
        words = f"{who} and {beside} differ by {_number(found.difference)}"
        words += _interval(found.lo, found.hi, _number)
    else:
        verb, ends = verbs[0], (found.relative_lo, found.relative_hi)
        size = found.relative
        if size < 0:
            verb, size, ends = verbs[1], -size, (-ends[1], -ends[0])
        words = f"{verb} {_ERRORS[score]} by {_percent(size)}%{_interval(*ends, _percent)}"
        words += f" against {beside}"
    if found.lo <= 0 <= found.hi:
        words = f"no clear difference: {words}"
    if found.pairs == 1:
        words += "; one seed only" + (", so no interval" if math.isnan(found.lo) else "")
    return f"{words[0].upper()}{words[1:]}."


def _interval(lo: float, hi: float, form) -> str:
    return "" if math.isnan(lo) else f" [{form(lo)}, {form(hi)}]"


def _percent(share: float) -> str:
    # Adding 0 turns -0 into 0.
    return f"{round(100 * share) + 0}"


def _number(value: float) -> str:
    return f"{value:.2f}" if 0.1 <= abs(value) < 1000 or value == 0 else f"{value:.3g}"


def _and(words: Sequence[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last
