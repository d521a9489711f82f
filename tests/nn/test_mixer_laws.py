"""The contract of every sequence model there is: queries, padding, packing, pieces, causality."""

import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ct_s5.nn import MIXERS, ModelSettings, StreamingMixer
from ct_s5.ode import NeuralCDELayer, ODERNNLayer
from oracles.gaps_loop import gaps_loop

H, L = 4, 14
FORWARDS_ONLY = {"gru", "gru-gap", "gru-d", "lstm", "ode-rnn", "neural-cde", "s4", "s4d"}
FORWARDS_ONLY |= {"linoss", "linoss-imex"}
# Those of the room with Diffrax get their names above both rooms.
LAYERS = MIXERS | {
    "ode-rnn": lambda settings, key: ODERNNLayer(settings.width, key=key),
    "neural-cde": lambda settings, key: NeuralCDELayer(settings.width, key=key),
}
CASES = [(name, False) for name in LAYERS]
CASES += [(name, True) for name in LAYERS if name not in FORWARDS_ONLY]
every_mixer = pytest.mark.parametrize(
    ("name", "both"), CASES, ids=[f"{name}, both" if both else name for name, both in CASES]
)
# Of float32, relative to the largest output.
NEAR = 3e-6


@functools.cache
def build(name, both):
    # Slow and fast states, so that the gaps matter.
    sizes = {"width": H, "states": 4, "timescale": (0.05, 1.0)}
    settings = ModelSettings(1, 1, mixer=name, bidirectional=both, **sizes)
    return LAYERS[name](settings, jax.random.key(0))


class Steps:
    """Readings and queries of a few series in one row, and what a mixer says of them."""

    def __init__(self, *series):
        """Each series is a list of (time, is a reading, features)."""
        parts = {n: [] for n in ("inputs", "gaps", "gaps_after", "reading", "reset")}
        for steps in series:
            times, reading, features = map(np.array, zip(*steps, strict=True))
            gaps, after = gaps_loop(times, reading)
            reset = np.arange(len(steps)) == 0
            for part, more in zip(
                parts.values(), (features, gaps, after, reading, reset), strict=True
            ):
                part.append(more)
        self.arrays = {}
        n = sum(map(len, series))
        for name, part in parts.items():
            blank = np.zeros((L - n, H) if name == "inputs" else L - n)
            whole = np.concatenate([*part, blank])
            self.arrays[name] = whole.astype(bool if name in ("reading", "reset") else "float32")
        self.arrays["real"] = np.arange(L) < n

    def told(self, mixer):
        """The outputs at real steps."""
        outputs = np.asarray(_told(mixer, self.arrays)[0][1])
        assert (outputs[~self.arrays["real"]] == 0).all()
        return outputs[self.arrays["real"]]


# One compiled call a mixer for all that follows.
@eqx.filter_jit(compiler_options={"xla_backend_optimization_level": 0})
@functools.partial(eqx.filter_value_and_grad, has_aux=True)
def _told(mixer, arrays):
    inputs, gaps = arrays["inputs"], arrays["gaps"]
    flags = {k: a for k, a in arrays.items() if k not in ("inputs", "gaps")}
    outputs = mixer(inputs, gaps, **flags)
    return jnp.sum(jnp.sin(outputs)), outputs


def draw(seed, n_readings, n_queries=0):
    """One series in order; a query at the time of a reading comes after it."""
    rng = np.random.default_rng(seed)
    steps = [
        (rng.uniform(0, 8), k < n_readings, rng.normal(size=H))
        for k in range(n_readings + n_queries)
    ]
    if n_queries:
        steps[-1] = (steps[0][0], False, steps[-1][2])
    return sorted(steps, key=lambda step: (step[0], not step[1]))


def close(told, expected):
    assert np.abs(expected).max() > 0.01
    assert np.abs(told - expected).max() <= NEAR * np.abs(expected).max()


@every_mixer
def test_a_query_leaves_no_trace(name, both):
    mixer, steps = build(name, both), draw(0, 7, 4)
    reading = np.array([step[1] for step in steps])
    whole = Steps(steps).told(mixer)
    close(whole[reading], Steps([step for step in steps if step[1]]).told(mixer))
    for k in np.flatnonzero(~reading):  # nor in what another query is told
        alone = Steps([step for j, step in enumerate(steps) if step[1] or j == k]).told(mixer)
        close(alone[reading[:k].sum()], whole[k])


@every_mixer
@pytest.mark.parametrize("garbage", [np.nan, 1e30])
def test_garbage_in_the_padding_changes_neither_value_nor_slope(name, both, garbage):
    mixer, steps = build(name, both), Steps(draw(1, 6, 2))
    clean = _told(mixer, steps.arrays)
    blank = ~steps.arrays["real"]
    for part in ("inputs", "gaps", "gaps_after"):
        steps.arrays[part][blank] = garbage
    steps.arrays["reading"] |= blank
    dirty = _told(mixer, steps.arrays)
    jax.tree.map(np.testing.assert_array_equal, dirty, clean)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(dirty))


@every_mixer
def test_lists_do_as_well_as_arrays_and_flags_are_true_or_false(name, both):
    mixer, steps = build(name, both), Steps(draw(1, 6, 2))
    listed = {part: array.tolist() for part, array in steps.arrays.items()}
    told = np.asarray(mixer(**listed))[steps.arrays["real"]]
    np.testing.assert_allclose(told, steps.told(mixer), rtol=1e-4, atol=1e-5)
    for flag in ("reading", "real", "reset"):
        with pytest.raises(ValueError, match=f"{flag} is of float32: one True or False a step"):
            mixer(**steps.arrays | {flag: steps.arrays[flag].astype(np.float32)})


@every_mixer
def test_series_in_one_row_know_nothing_of_each_other(name, both):
    mixer, one, other = build(name, both), draw(2, 4, 2), draw(3, 5, 2)
    apart = [Steps(steps).told(mixer) for steps in (one, other)]
    close(Steps(one, other).told(mixer), np.concatenate(apart))


@every_mixer
def test_a_reading_changes_no_answer_before_it_unless_both_directions_are_read(name, both):
    mixer, steps = build(name, both), draw(4, 8)
    before = Steps(steps).told(mixer)
    steps[5] = (steps[5][0], True, steps[5][2] + 1)
    steps[6] = (steps[6][0] + 0.01, True, steps[6][2])
    change = np.abs(Steps(steps).told(mixer) - before).max(axis=1)
    assert (change[5:] > 1e-6).all()
    assert (change[:5] > 0).any() == both
    assert both or change[:5].max() == 0


@pytest.mark.parametrize("name", LAYERS)
def test_steps_one_by_one_are_told_what_the_whole_is(name):
    mixer, steps = build(name, False), Steps(draw(5, 8, 3))
    if not isinstance(mixer, StreamingMixer):
        assert name == "transformer"
        return
    arrays = {k: a for k, a in steps.arrays.items() if k not in ("gaps_after", "reset")}

    @eqx.filter_jit
    def run(part, state):
        flags = {"reading": part["reading"], "real": part["real"]}
        return mixer.run(part["inputs"], part["gaps"], state, **flags)

    state, told = mixer.initial_state(), []
    for k in range(L):
        outputs, state = run({name: a[k : k + 1] for name, a in arrays.items()}, state)
        told.append(outputs[0])
    whole = steps.told(mixer)
    close(np.array(told)[steps.arrays["real"]], whole)


@pytest.mark.parametrize("name", sorted(FORWARDS_ONLY - {"ode-rnn", "neural-cde"}))
def test_what_reads_forwards_only_says_so(name):
    with pytest.raises(ValueError, match="reads forwards only: leave bidirectional=False"):
        build(name, True)
