"""compare: the same model under several treatments of time, paired by seed."""

import time
import warnings
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from jaxtyping import Shaped
from tqdm import tqdm

from ct_s5.estimators import S5Classifier, S5Regressor
from ct_s5.frames import (
    align_labels,
    as_pandas,
    encode,
    has_fractions,
    learn_from,
    pop_labels,
    split_series,
    to_long,
)
from ct_s5.lab._comparison import Comparison, left_out, number, plain
from ct_s5.lab._describe import describe
from ct_s5.lab._surroundings import commit, machine, versions
from ct_s5.lab._treatments import TREATMENTS, Readings, check_treatment
from ct_s5.training import METRICS, named_arrays, unseen

MODELS: dict[str, dict[str, Any]] = {
    "s5": {"mixer": "s5"},
    "gru": {"mixer": "gru"},
    "depth-0": {"depth": 0},
}
"""What each model sets of the estimator's keywords."""

Task = Literal["classify", "regress"]
_ESTIMATORS = {"classify": S5Classifier, "regress": S5Regressor}
# Keywords that compare sets itself, and what to write instead.
_TAKEN = {
    "random_state": "seeds=[...] names the seeds",
    "mixer": f"models=[...] chooses among {', '.join(MODELS)}",
    "per": "it takes one label a series",
}


def compare(
    frame,
    labels,
    *,
    static=None,
    treatments: Sequence[str] = tuple(TREATMENTS),
    models: Sequence[str] = ("s5",),
    seeds: int | Sequence[int] = 3,
    task: Task | None = None,
    test_fraction: float = 0.25,
    id_col: str = "unique_id",
    time_col: str = "ds",
    examples: int = 0,
    command: str | None = None,
    progress: bool = False,
    **keywords,
) -> Comparison:
    """Train the same model under several treatments of time and score each on held-out series.

    Everything but the treatment stays the same: with one seed, all treatments and models see the
    same training, validation and test series, and start from the same seed of weights. The test
    series are looked at once, after training. A channel that no training series of a seed measured
    is left out for that seed, with one warning.

    Args:
        frame: Anything `S5Classifier.fit` takes.
        labels: A Series of classes or numbers by series id, or the name of a column of the frame.
        static: Features of the series as a whole: a frame with one row an id.
        treatments: Some of `ct_s5.lab.TREATMENTS`.
        models: Some of "s5", "gru" (is not told of gaps) and "depth-0" (no recurrence at all).
        seeds: How many, or which. Each draws a split, weights and an order of training anew.
        task: "classify" or "regress"; when left out, "regress" if the labels are numbers
            with fractions.
        test_fraction: Share of the series held out for the test, in each class the same. Of the
            rest, the share `validation_fraction` (0.2) chooses the best epoch.
        id_col: Column of the series id.
        time_col: Column of the time.
        examples: How many series to show in the report. Their readings then stand in the files.
        command: What to type to get this again; the call in Python when left out.
        progress: Show a bar over the runs, on a terminal only.
        **keywords: Of the estimator: width, states, max_epochs, ...

    Returns:
        A `Comparison`: print it, or write `to_html(path)`. A run whose loss became NaN in its first
        epoch is marked `"diverged"` and has no score; one that did so later has the score of its
        best epoch and is marked `"stopped"`.

    Raises:
        ValueError: No such treatment, model or seed; a keyword that compare sets itself; `thinning`
            with another treatment than "true"; or what the estimator refuses.
    """
    seeds = _check(treatments, models, seeds, test_fraction, keywords)
    if isinstance(labels, str):
        frame, labels = pop_labels(frame, labels, per="series", id_col=id_col, time_col=time_col)
    long = to_long(frame, id_col=id_col, time_col=time_col)
    rules = {name: keywords[name] for name in ("duplicates", "sort") if name in keywords}
    schema = learn_from(long, keywords.get("time_unit"), static)
    readings = Readings.of(encode(long, schema, static=static, **rules))
    answers = align_labels(readings.encoded, labels)
    task = _task_of(answers) if task is None else task
    _check_task(task, answers)
    names = {"id_col": id_col, "time_col": time_col}
    estimators = {
        model: _ESTIMATORS[task](**{**keywords, **MODELS[model], **names}) for model in models
    }
    share = keywords.get("validation_fraction", 0.2)
    static = _by_id(static, readings)
    strata = answers if task == "classify" else None
    splits = {seed: split_three(len(answers), strata, test_fraction, share, seed) for seed in seeds}
    absent = [_untold(readings, static, splits[seed] == "train", seed) for seed in seeds]

    records: list[dict[str, Any]] = []
    total = len(seeds) * len(treatments) * len(models)
    with tqdm(total=total, unit="run", disable=unseen(progress)) as bar:
        for (seed, split), untold in zip(splits.items(), absent, strict=True):
            known = readings.without(untold["channels"]) if untold["channels"] else readings
            table = None if static is None else static.drop(columns=untold["static"])
            for treatment in treatments:
                treated = known.treated(treatment, seed)
                parts = [_part(treated, known, answers, table, split == p) for p in PARTS]
                for model, estimator in estimators.items():
                    bar.set_description(f"{model}, {treatment} gaps, seed {seed}")
                    record = {"model": model, "treatment": treatment, "seed": seed}
                    unit = {} if treatment in ("true", "shuffled") else {"time_unit": 1.0}
                    estimator.set_params(random_state=seed, **unit)
                    records.append(record | _run(estimator, *parts))
                    estimator.set_params(time_unit=keywords.get("time_unit"))
                    bar.set_postfix_str(_so_far(records, treatments))
                    bar.update()

    hidden = {"random_state", "progress"}
    settings = {
        "task": task,
        "treatments": list(treatments),
        "models": {
            model: {k: plain(v) for k, v in e.get_params().items() if k not in hidden}
            for model, e in estimators.items()
        },
        "seeds": seeds,
        "test_fraction": test_fraction,
        "validation_fraction": share,
        "left_out": [untold for untold in absent if left_out(untold)],
        "data": describe(long, readings, answers, task, examples),
        "command": command
        or _call(
            "" if static is None else ", static=static",
            treatments=list(treatments),
            models=list(models),
            seeds=seeds,
            task=task,
            test_fraction=test_fraction,
            examples=examples,
            **names,
            **keywords,
        ),
    }
    return Comparison(records, settings, versions(), commit(), machine())


PARTS = ("train", "validation", "test")


def split_three(
    n: int, strata, test_fraction: float, validation_fraction: float, seed: int
) -> Shaped[np.ndarray, " N"]:
    """The part of each of n series, one of `PARTS`: a function of classes and seed alone."""
    if n < 3:
        raise ValueError(
            f"{n} series cannot be split into training, validation and test: give at least 3."
        )
    if strata is not None and (alone := _alone(strata)):
        raise ValueError(
            f"Each of the {n} series is of a class of its own ({alone}): a class needs at "
            "least 2, one to train on and one to test."
        )
    part = np.full(n, "train", dtype="<U10")
    part[split_series(n, strata, share=test_fraction, seed=seed)] = "test"
    rest = np.flatnonzero(part == "train")
    if len(rest) < 2:
        raise ValueError(
            f"test_fraction={test_fraction} of {n} series leaves {len(rest)} to train on and none "
            "to validate with: make it smaller."
        )
    classes = None if strata is None else strata[rest]
    if classes is not None and (alone := _alone(classes)):
        raise ValueError(
            f"test_fraction={test_fraction} leaves {len(rest)} of {n} series, a single one of each "
            f"class ({alone}): training needs one of each, and validation another. Give "
            "more series, or make test_fraction smaller."
        )
    part[rest[split_series(len(rest), classes, share=validation_fraction, seed=seed)]] = (
        "validation"
    )
    return part


def _alone(classes) -> str:
    """The classes, if each has a single series."""
    found = pd.unique(classes).tolist()
    return ", ".join(map(repr, found[:5])) if len(found) == len(classes) else ""


def _check(treatments, models, seeds, test_fraction, keywords) -> list[int]:
    for role, names in (("treatments", treatments), ("models", models)):
        if isinstance(names, str) or not len(names) or len(set(names)) < len(names):
            raise ValueError(f"{role} is a list of different names; got {names!r}.")
    for treatment in treatments:
        check_treatment(treatment)
    for model in models:
        if model not in MODELS:
            raise ValueError(f"A model is one of {', '.join(MODELS)}; got {model!r}.")
    for name, instead in _TAKEN.items():
        if name in keywords:
            raise ValueError(f"{name} is not compare's to take: {instead}.")
    others = [treatment for treatment in treatments if treatment != "true"]
    if keywords.get("thinning") and others:
        raise ValueError(
            f"thinning={keywords['thinning']} does not go with treatment {others[0]!r}: where "
            "readings are left out the gaps are summed anew, so that equal gaps would be equal no "
            "more. Leave thinning out, or ask for treatments=['true'] alone."
        )
    shares = {"test_fraction": test_fraction}
    shares["validation_fraction"] = keywords.get("validation_fraction", 0.2)
    for name, share in shares.items():
        if not (isinstance(share, float) and 0 < share < 1):
            raise ValueError(f"{name} is a share between 0 and 1; got {share!r}.")
    whole = isinstance(seeds, int | np.integer)
    numbers = list(range(int(seeds))) if whole else [int(seed) for seed in seeds]
    if not numbers or len(set(numbers)) < len(numbers) or min(numbers) < 0:
        raise ValueError(f"seeds is how many (at least 1), or different numbers; got {seeds!r}.")
    return numbers


def _task_of(answers) -> Task:
    return "regress" if answers.ndim > 1 or has_fractions(answers) else "classify"


def _check_task(task, answers) -> None:
    if task not in _ESTIMATORS:
        raise ValueError(f"task is 'classify' or 'regress'; got {task!r}.")
    if task == "classify" and answers.ndim > 1:
        raise ValueError(f"A classifier takes one label a series; got {answers.shape[1]}.")
    if task == "classify" and len(pd.unique(answers)) < 2:
        raise ValueError(
            f"All labels are {answers[0]!r}: a comparison needs at least two classes, "
            "this data has one class."
        )


def _by_id(static, readings: Readings) -> pd.DataFrame | None:
    """Static features with a row an id, in the order of the ids, so that parts can be taken."""
    if static is None:
        return None
    ids, id_col = readings.encoded.ids, readings.encoded.schema.id_col
    if isinstance(static, np.ndarray | list | tuple):
        return pd.DataFrame(np.asarray(static), index=ids).add_prefix("static ")
    static = as_pandas(static)
    if id_col in static.columns:
        static = static.set_index(id_col)
    # Where series are only counted, rows go by position, as labels do.
    table = static.set_axis(ids) if isinstance(ids, pd.RangeIndex) else static.reindex(ids)
    for name, column in zip(table.columns, readings.encoded.schema.static, strict=True):
        if column.categories is not None:
            # Of the whole data, so that a category may be one that no training series is of.
            words = table[name].map(str, na_action="ignore")
            table[name] = words.astype(pd.CategoricalDtype(column.categories))
    return table


def _untold(readings: Readings, static, training, seed: int) -> dict[str, Any]:
    """What no training series of a seed tells of, so that no model can learn about it."""
    encoded = readings.encoded
    rows = training[encoded.index.series]
    names, observed = encoded.schema.channels, encoded.series.observed[rows]
    channels = [name for c, name in enumerate(names) if not observed[:, c].any()]
    if len(channels) == len(names):
        raise ValueError(
            f"With seed {seed} no training series has a reading: there is nothing to learn from. "
            "Choose other seeds, or leave out series without readings."
        )
    columns = []
    if static is not None:
        columns = [name for name in static if static.loc[training, name].isna().all()]
    untold = {"seed": seed, "channels": channels, "static": columns}
    if words := left_out(untold):
        warnings.warn(words, UserWarning, stacklevel=3)
    return untold


def _part(treated: pd.DataFrame, readings: Readings, answers, static, inside):
    """(frame, labels, static) of some of the series."""
    index = readings.encoded.ids[inside]
    labels = answers[inside]
    wrap = pd.DataFrame if labels.ndim > 1 else pd.Series
    table = None if static is None else static[inside]
    return treated[inside[readings.owner]], wrap(labels, index=index), table


def _run(estimator, train, validation, test) -> dict[str, Any]:
    """Fit, and score once on the test series."""
    frame, labels, static = train
    started = time.perf_counter()
    with warnings.catch_warnings(record=True) as spoken:
        warnings.simplefilter("always")
        try:
            estimator.fit(frame, labels, static=static, validation=validation)
        except FloatingPointError as error:
            seconds = time.perf_counter() - started
            return {"status": "diverged", "reason": str(error), "seconds": seconds}
    stopped = [str(w.message) for w in spoken if "Training stopped" in str(w.message)]
    for warning in spoken:
        if str(warning.message) not in stopped:
            warnings.warn_explicit(
                warning.message, warning.category, warning.filename, warning.lineno
            )
    history = estimator.history_
    curves = [name for name in ("loss", "validation_loss") if name in history]
    return {
        "status": "stopped" if stopped else "ok",
        **({"reason": stopped[0]} if stopped else {}),
        **_scores(estimator, *test),
        "seconds": time.perf_counter() - started,
        "best_epoch": int(estimator.best_epoch_),
        "n_epochs": len(history),
        "n_compilations": int(estimator.n_compilations_),
        "n_parameters": sum(a.size for a in named_arrays(estimator.model_).values()),
        "history": {name: [number(value) for value in history[name]] for name in curves},
    }


def _scores(estimator, frame, labels, static) -> dict[str, float | None]:
    if isinstance(estimator, S5Classifier):
        shares = estimator.predict_proba(frame, static=static).loc[labels.index].to_numpy()
        # The metrics take scores before the softmax; logarithms are such scores.
        scores = np.log(np.maximum(shares, np.finfo(np.float64).tiny))
        codes = np.searchsorted(estimator.classes_, labels.to_numpy())
        return {name: number(METRICS[name](scores, codes)) for name in ("accuracy", "auroc")}
    found = estimator.predict(frame, static=static).loc[labels.index].to_numpy()
    true = labels.to_numpy(np.float64)
    error = np.mean((found - true) ** 2, axis=0)
    spread = np.var(true, axis=0)
    share = np.where(spread > 0, 1 - error / np.where(spread > 0, spread, 1), np.nan)
    return {"r2": number(np.mean(share)), "mse": number(np.mean(error))}


def _so_far(records, treatments) -> str:
    """The mean score of each treatment up to now."""
    words = []
    for treatment in treatments:
        scores = [
            record.get("accuracy", record.get("r2"))
            for record in records
            if record["treatment"] == treatment and record["status"] != "diverged"
        ]
        known = [score for score in scores if score is not None]
        if known:
            words.append(f"{treatment} {np.mean(known):.3f}")
    return ", ".join(words)


def _call(static: str, **keywords) -> str:
    """The call in Python that gives this comparison again."""
    words = ", ".join(f"{name}={value!r}" for name, value in keywords.items())
    return f"ct_s5.lab.compare(frame, labels{static}, {words})"
