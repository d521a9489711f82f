"""What do questions cost, and do they leave a trace?

Measured   a model of 4 blocks, H = 64, P = 64 over 1000 readings, alone and with 1000 questions
           at times drawn among them, causal and in both directions: seconds a call in turns, as a
           ratio; and the largest change of an answer at a reading, relative to the largest answer.
Run        python -m experiments.speed.queries    (a minute)
Result     results/queries.json; the table in README.md.
"""

import pathlib
import time

import equinox as eqx
import jax
import numpy as np

from ct_s5.batch import Queries, SeriesSet, ask
from ct_s5.nn import ModelSettings, S5Model
from experiments.record import record

RESULTS = pathlib.Path(__file__).parent / "results" / "queries.json"
N, TURNS = 1000, 21
MODEL = {"width": 64, "states": 64, "depth": 4}


def measure(seed: int) -> dict[str, float]:
    """Ratios of times, and changes, for one draw of readings and questions."""
    found = {}
    for name, both in (("causal", False), ("both_directions", True)):
        for precision, double in (("float32", False), ("float64", True)):
            with jax.enable_x64(double):
                alone, asked, place = _series(seed, np.float64 if double else np.float32)
                settings = ModelSettings(
                    n_channels=4, n_outputs=3, per="reading", bidirectional=both, **MODEL
                )
                model = S5Model(settings, key=jax.random.key(seed))
                answer = eqx.filter_jit(lambda model, batch: model(batch))
                batches = [some.batch() for some in (alone, asked)]
                one, two = (np.asarray(answer(model, batch))[0] for batch in batches)
                own = np.delete(two, place, axis=0)
                change = np.abs(own - one).max() / np.abs(one).max()
                found[f"{name}_{precision}_change"] = float(change)
                if not double:
                    found[f"{name}_ratio"] = _ratio(answer, model, batches)
    return found


def _series(seed, dtype):
    rng = np.random.default_rng(seed)
    times = np.cumsum(rng.exponential(size=N))
    observed = rng.random((N, 4)) < 0.7
    observed[:, 0] = True
    series = SeriesSet(
        values=np.where(observed, rng.normal(size=(N, 4)), 0).astype(dtype),
        observed=observed,
        times=times,
        reading=np.ones(N, bool),
        offsets=np.array([0, N]),
        static=np.zeros((1, 0), dtype),
    )
    questions = Queries(np.zeros(N, int), rng.uniform(0, times[-1] * 1.05, N))
    return series, *ask(series, questions)


def _ratio(answer, model, batches):
    seconds = [[], []]
    for _ in range(TURNS):
        for k, batch in enumerate(batches):
            started = time.perf_counter()
            jax.block_until_ready(answer(model, batch))
            seconds[k].append(time.perf_counter() - started)
    return float(np.median(seconds[1]) / np.median(seconds[0]))


if __name__ == "__main__":
    settings = {"readings": N, "questions": N, "turns": TURNS, "model": MODEL, "channels": 4}
    record(measure, settings, {"name": "wall clock in turns", "hash": "none"}, range(3), RESULTS)
