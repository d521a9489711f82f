"""compare: models under treatments of time and corruptions of the readings, paired by seed."""

import contextlib
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import jax
import numpy as np
from tqdm import tqdm

from ct_s5.frames import align_labels, align_step_labels, encode, learn_from, pop_labels, to_long
from ct_s5.lab._comparison import Comparison, left_out, plain
from ct_s5.lab._corruptions import Corruption
from ct_s5.lab._describe import chosen_examples, corrupted_examples, describe
from ct_s5.lab._jobs import each_done
from ct_s5.lab._learners import Learners
from ct_s5.lab._material import Material, by_id, groups_of
from ct_s5.lab._request import Request, Run, names_of, score_of, seeds_of, task_of
from ct_s5.lab._run import run_once
from ct_s5.lab._store import RunStore, run_key
from ct_s5.lab._summary import Task
from ct_s5.lab._surroundings import provenance
from ct_s5.lab._treatments import Per, Readings, refuses
from ct_s5.training import unseen

DEFAULT_TREATMENTS = ("true", "equal", "appended", "resample-linear")


def compare(
    frame,
    labels,
    *,
    static=None,
    groups=None,
    split: Mapping[str, Any] | None = None,
    treatments: Sequence[str] = DEFAULT_TREATMENTS,
    models: Sequence[str] = ("s5",),
    corruptions: Sequence[str | Corruption] = (),
    corrupt_at: str = "test",
    seeds: int | Sequence[int] = 3,
    task: Task | None = None,
    per: Per = "series",
    score: str | None = None,
    test_fraction: float = 0.25,
    grid: int | str | float | None = None,
    match: bool = True,
    budget: float | None = None,
    jobs: int = 1,
    store: str | os.PathLike | None = None,
    id_col: str = "unique_id",
    time_col: str = "ds",
    examples: int = 0,
    command: str | None = None,
    progress: bool = False,
    **keywords,
) -> Comparison:
    """Train models under treatments of time, and score each on held-out series.

    Everything but treatment and model stays the same: with one seed, all of them see the same
    training, validation and test series and start from the same seed of weights; networks get the
    same number of epochs and, within a tenth, of parameters. The test series are looked at once,
    after training. A channel that no training series of a seed measured is left out for that seed,
    with one warning.

    Args:
        frame: Anything `S5Classifier.fit` takes.
        labels: Classes or numbers: a Series by series id, or the name of a column of the frame.
            With `per="reading"` one a row, NaN where there is none.
        static: Features of the series as a whole: a frame with one row an id.
        groups: Whose each series is, where one person or place has several: a Series by id. Splits
            that seeds draw never part them, and intervals draw them whole.
        split: A split that somebody else made: ids of the "train", "validation" and "test" series.
            Seeds then draw weights and order alone. Left out, each seed draws its own.
        treatments: Some of `ct_s5.lab.TREATMENTS`.
        models: Some of `ct_s5.lab.MODELS`. The first network sets the size of the others.
        corruptions: Some of `ct_s5.lab.CORRUPTIONS` with their rates, as "drop=0.3,0.5". Every
            model is scored under each, beside the readings as they are.
        corrupt_at: "test": trained once, on the readings as they are. "train": tested on those.
            "both": trained and tested alike. Where it trains, each corruption is a training.
        seeds: How many, or which. Each draws a split, weights and an order of training anew.
        task: "classify" or "regress"; when left out, "regress" if the labels are numbers
            with fractions.
        per: "series" for one answer a series, "reading" for one a row.
        score: What decides: "accuracy" or "auroc", "r2" or "mse"; the first when left out.
        test_fraction: Share of the series held out for the test, in each class the same; of
            `groups`, whatever their classes, where there are some. Of the rest, the share
            `validation_fraction` (0.2) chooses the best epoch.
        grid: Of "resample-...": how many points a series gets, or a time step such as "1h". Left
            out, as many points as it has readings; with `per="reading"` a point every mean gap of
            the data, as a number of points would tell an answer how long its series will be.
        match: Whether widths are chosen so that networks have as many parameters as the first.
        budget: Seconds. No run begins that would end later, if it takes as long as the model's
            longest so far; what was not run is marked.
        jobs: Runs at a time. More than one share the cores of this machine as processes of their
            own, which small networks use better than one run would: two on two cores take little
            more than half the time, and twice the memory. Not for a GPU, most of whose memory JAX
            takes for the first process. A script that asks for it keeps its calls
            under `if __name__ == "__main__":`, as each process reads it anew.
        store: A file that keeps every finished run, and where it was made. Called again, with more
            models, treatments or seeds for instance, `compare` takes what is finished from there:
            of the same data, split, keywords of the model and rules, under the same version of
            ct-s5 and the same precision of JAX (x64). Commit and machine may be others, so that a
            long comparison goes on; `notes` and the records then say which. After a change that
            changes what models answer, name another file.
        id_col: Column of the series id.
        time_col: Column of the time.
        examples: How many series to show in the report. Their readings then stand in the files.
        command: What to type to get this again; the call in Python when left out.
        progress: Show a bar over the runs, on a terminal only.
        **keywords: Of the estimator: width, states, max_epochs, ...

    Returns:
        A `Comparison`: print it, or write `to_html(path)`. A run whose loss became NaN in its first
        epoch, or whose answers are not finite, is marked "diverged" and has no score; one that
        did so later has the score of its best epoch and is marked "stopped". A model that cannot
        take a treatment is "skipped", with the reason; beyond the budget it is "not run".

    Raises:
        ValueError: No such treatment, corruption, model or seed; a keyword that compare sets
            itself; `thinning` with another treatment than "true"; sizes that cannot be matched;
            or what the estimator refuses.
    """
    began = time.monotonic()
    request = Request(
        treatments=names_of("treatments", treatments),
        models=names_of("models", models),
        corruptions=Corruption.all_of(corruptions),
        corrupt_at=corrupt_at,
        seeds=seeds_of(seeds),
        per=per,
        test_fraction=test_fraction,
        grid=grid,
        budget=budget,
        jobs=jobs,
        keywords=keywords,
    )
    if isinstance(labels, str):
        rows = "step" if per == "reading" else "series"
        frame, labels = pop_labels(frame, labels, per=rows, id_col=id_col, time_col=time_col)
    long = to_long(frame, id_col=id_col, time_col=time_col)
    rules = {name: keywords[name] for name in ("duplicates", "sort") if name in keywords}
    schema = learn_from(long, keywords.get("time_unit"), static)
    readings = Readings.of(encode(long, schema, static=static, **rules), per=per)
    align = align_step_labels if per == "reading" else align_labels
    answers = align(readings.encoded, labels)
    task = task_of(answers, task, per)
    score = score_of(task, score)
    names = {"id_col": id_col, "time_col": time_col}
    learners = Learners(request.models, task, {**keywords, **names, "per": per})
    widths = learners.match(readings, answers) if match else None
    strata = answers if task == "classify" and per == "series" else None
    owners = groups_of(groups, readings, split is None)
    table = by_id(static, long, readings)
    material = Material(
        request, readings, answers, table, strata, owners, split, task == "classify"
    )
    data = describe(long, readings, answers, task, examples)

    here = provenance()
    kept = RunStore(store, here)
    # In the key only where it is unusual, so that what was kept before it was there is still found.
    precision = {"double": True} if jax.numpy.result_type(float) == np.float64 else {}
    # Runs that were kept before grids and numbers were causal there are not found.
    causal = {"step": material.readings.step} if per == "reading" else {}
    runs = list(request.runs())
    outcomes: dict[int, list[dict[str, Any]]] = {}
    longest: dict[str, float] = {}

    def note(n: int, found: list[dict[str, Any]]) -> None:
        outcomes[n] = found
        seconds = [record.get("seconds", 0.0) for record in found]
        longest[runs[n].model] = max([longest.get(runs[n].model, 0.0), *seconds])
        bar.set_postfix_str(_so_far(_records(runs, outcomes), score))
        bar.update()

    def to_do() -> Iterator[tuple[tuple[int, str], tuple]]:
        for n, run in enumerate(runs):
            bar.set_description(f"{run.model}, {run.treatment} gaps, seed {run.seed}")
            key = run_key(
                made_by=here["versions"]["ct-s5"],
                data=data["fingerprint"],
                keywords=learners.told[run.model],
                rules=[task, per, test_fraction, request.validation_fraction, plain(grid)],
                duplicates=keywords.get("duplicates"),
                left_out=material.untold[run.seed],
                static=material.static_hash,
                groups=None if owners is None else owners.tolist(),
                split=material.split_hash,
                run=[run.seed, run.treatment, run.model, str(run.trained)],
                tested=[str(corruption) for corruption in run.tested],
                **precision,
                **causal,
            )
            spent = time.monotonic() - began + longest.get(run.model, 0.0)
            found = kept.get(key)
            if found is None and (status := _not_to_run(run, per, request.budget, spent)):
                found = [status] * len(run.tested)
            if found is None:
                yield (n, key), (learners.make(run), *material.given(run), material.tests(run))
            else:
                note(n, found)

    with (
        tqdm(total=len(runs), unit="run", disable=unseen(progress)) as bar,
        contextlib.closing(each_done(to_do(), run_once, jobs)) as done,
    ):
        for (n, key), found in done:
            kept.put(key, found)
            note(n, found)
    records = _records(runs, outcomes)

    told = {"static": static, "groups": groups, "split": split}
    given = "".join(f", {name}={name}" for name, value in told.items() if value is not None)
    call = {
        "treatments": list(request.treatments),
        "models": list(request.models),
        **({"corruptions": [str(c) for c in request.corruptions]} if corruptions else {}),
        **({"corrupt_at": corrupt_at} if corruptions else {}),
        "seeds": list(request.seeds),
        "task": task,
        "per": per,
        "score": score,
        "test_fraction": test_fraction,
        **({} if grid is None else {"grid": grid}),
        **({} if match else {"match": False}),
        "examples": examples,
        **names,
        **keywords,
    }
    settings = {
        "task": task,
        "per": per,
        "score": score,
        "treatments": list(request.treatments),
        "models": learners.told,
        "matched": widths,
        "corruptions": [c.plain() for c in request.points if c is not None],
        "corrupt_at": corrupt_at,
        "seeds": list(request.seeds),
        "test_fraction": test_fraction,
        "validation_fraction": request.validation_fraction,
        "grid": plain(grid),
        "budget": request.budget,
        "jobs": jobs,
        "left_out": [untold for untold in material.untold.values() if left_out(untold)],
        "data": data,
        "static": material.static_hash,
        "grouped": groups is not None,
        "split": material.split_hash,
        **_corrupted(request, readings, answers, task, examples),
        "command": command or _call(given, **call),
    }
    return Comparison(records, settings, **here)


def _records(
    runs: Sequence[Run], outcomes: Mapping[int, list[dict[str, Any]]]
) -> list[dict[str, Any]]:
    """A record a run and point of its curve, in the order asked for."""
    records = []
    for n in sorted(outcomes):
        run = runs[n]
        told = {"model": run.model, "treatment": run.treatment, "seed": run.seed}
        for corruption, record in zip(run.points, outcomes[n], strict=True):
            point = None if corruption is None else corruption.plain()
            records.append(told | {"corruption": point} | record)
    return records


def _not_to_run(run: Run, per: Per, budget: float | None, spent: float) -> dict[str, Any] | None:
    """The record of a run that cannot be, or for which no time is left."""
    if reason := refuses(run.treatment, per):
        return {"status": "skipped", "reason": reason}
    if budget is not None and spent > budget:
        return {"status": "not run", "reason": f"the budget of {budget:g} seconds was too short"}
    return None


def _corrupted(request: Request, readings: Readings, answers, task: Task, examples: int) -> dict:
    """What the corruptions make of the examples, where both were asked for."""
    if not examples or len(request.points) == 1:
        return {}
    chosen = chosen_examples(readings, answers, task, examples)
    told = corrupted_examples(readings, request.points, chosen, request.seeds[0])
    return {"corrupted_examples": told}


def _so_far(records, score: str) -> str:
    """The mean score of each model and treatment up to now."""
    scores: dict[str, list[float]] = {}
    for record in records:
        if record.get(score) is not None and record["corruption"] is None:
            scores.setdefault(f"{record['model']} {record['treatment']}", []).append(record[score])
    last = list(scores.items())[-4:]
    return ", ".join(f"{name} {np.mean(found):.3f}" for name, found in last)


def _call(static: str, **keywords) -> str:
    """The call in Python that gives this comparison again."""
    words = ", ".join(f"{name}={value!r}" for name, value in keywords.items())
    return f"ct_s5.lab.compare(frame, labels{static}, {words})"
