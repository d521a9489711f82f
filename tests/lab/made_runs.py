"""Comparisons whose runs are made by hand, from a seed."""

import numpy as np

from ct_s5.lab import Comparison

KINDS = {"constant", "last-value", "summary", "summary-boosting"}


def made(
    share,
    *,
    base: Comparison,
    models=("s5",),
    treatments=("true", "equal"),
    corruptions=(),
    seeds=4,
    n_series=80,
    task="classify",
    score=None,
    undone=None,
):
    """Runs whose test series are wrong (or have a mean squared error) in the share that is said.

    Args:
        share: A function of model, treatment and corruption (None, or kind and rate).
        base: The comparison that lends its data and surroundings.
        models: Their names.
        treatments: Their names.
        corruptions: Pairs of a kind and a rate.
        seeds: How many.
        n_series: Of each test.
        task: "classify" or "regress".
        score: What decides; the first of the task when left out.
        undone: A function of model and treatment that gives (status, reason), or None.
    """
    rng = np.random.default_rng(0)
    points = [None, *({"kind": kind, "rate": rate} for kind, rate in corruptions)]
    records = []
    for seed in range(seeds):
        hard = rng.random(n_series)
        for model in models:
            for treatment in treatments:
                for corruption in points:
                    record = {"model": model, "treatment": treatment, "seed": seed}
                    record["corruption"] = corruption
                    found = undone(model, treatment) if undone else None
                    if found:
                        status, reason = found
                        records.append(record | {"status": status, "reason": reason})
                        continue
                    wrong = share(model, treatment, corruption)
                    if task == "classify":
                        errors = (hard + rng.normal(0, 0.05, n_series) < wrong).astype(float)
                        scores = {"accuracy": 1 - errors.mean(), "auroc": 1 - errors.mean() / 2}
                    else:
                        errors = wrong * rng.exponential(1, n_series) * (0.5 + hard)
                        scores = {"r2": 1 - errors.mean() / 4, "mse": errors.mean()}
                    record |= {"status": "ok", "seconds": 2.0, **scores, "n_parameters": 900}
                    units = list(range(seed * n_series, (seed + 1) * n_series))
                    record |= {"errors": errors.tolist(), "units": units}
                    if model not in KINDS:
                        record |= {"seconds_per_step": 0.0125, "memory_mb": 300, "n_steps": 20}
                        record |= {"best_epoch": 1, "n_epochs": 2, "n_compilations": 1}
                        record["history"] = {"loss": [1.0, 0.5], "validation_loss": [1.1, 0.6]}
                    records.append(record)
    settings = base.settings | {
        "task": task,
        "score": score or ("accuracy" if task == "classify" else "r2"),
        "models": {model: {} for model in models},
        "treatments": list(treatments),
        "corruptions": points[1:],
        "seeds": list(range(seeds)),
    }
    return Comparison(records, settings, base.versions, base.commit, base.machine)
