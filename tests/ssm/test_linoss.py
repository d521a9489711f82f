"""LinOSS: its two rules over true gaps."""

import jax
import jax.numpy as jnp
import mixer_laws
import numpy as np
import pytest
import scipy.integrate
from drawn import LOOP, H, L, call, error, quick_jit, run

from ct_s5.ssm import LinOSSLayer

P = 8
SCHEMES = ["implicit", "implicit-explicit"]
every_scheme = pytest.mark.parametrize("scheme", SCHEMES)


def draw(scheme, **keywords):
    return LinOSSLayer(H, P, scheme=scheme, key=jax.random.key(0), **keywords)


def one_step(scheme, d, a):
    """(velocity, position) after one step is M (velocity, position) + F B u."""
    if scheme == "implicit":  # v' = v + d (B u - A x'), x' = x + d v'
        inverse = np.linalg.inv([[1, d * a], [-d, 1]])
        return inverse, inverse @ [d, 0]
    # v' = v + d (B u - A x), x' = x + d v'
    return np.array([[1, -d * a], [d, 1 - d * d * a]]), np.array([d, d * d])


def crossing(scheme, gap, timescale, a):
    """The same over a gap."""
    if scheme == "implicit":
        return one_step(scheme, timescale * gap, a)
    matrix, _ = one_step(scheme, timescale, a)
    values, vectors = np.linalg.eig(matrix)
    power = (vectors * values**gap @ np.linalg.inv(vectors)).real
    return power, (np.eye(2) - power) @ [0, 1 / a]  # the input held: (0, B u / A) stands still


def walked(layer, inputs, gaps, reading, real, reset, cross=crossing):
    """One oscillator at a time, one step after the other."""
    timescales, a = np.float64(layer.timescales), np.float64(layer.stiffnesses)
    b, c = np.float64(layer.input_weight), np.float64(layer.output_weight)
    d = np.asarray(layer.feedthrough)
    outputs = np.where(real[:, None], d * np.where(real[:, None], inputs, 0), 0).astype(np.float64)
    for q in range(P // 2):
        state = np.zeros(2)
        for k in range(len(gaps)):
            state = 0 * state if reset[k] else state
            if not real[k]:
                continue
            matrix, drive = cross(layer.scheme, float(gaps[k]), timescales[q], a[q])
            seen = matrix @ state
            if reading[k]:
                state = seen = seen + drive * (b[q] @ inputs[k])
            outputs[k] += c[:, q] * seen[1]
    return outputs


@pytest.mark.parametrize("gap", [0.0, 1.0, "drawn"])
@every_scheme
def test_it_is_the_matrices_of_the_rule(scheme, gap, precision):
    layer, row = draw(scheme), mixer_laws.draw_steps(7, precision, 1.0 if gap == "drawn" else gap)
    if gap == "drawn":
        row["gaps"] = np.random.default_rng(7).exponential(size=L).astype(precision)
    assert error(call(layer, **row), walked(layer, **row)) < LOOP[precision]


def test_a_whole_gap_is_so_many_published_steps_with_the_input_held(precision):
    layer, row = draw("implicit-explicit"), mixer_laws.draw_steps(8, precision, 1.0)
    row["gaps"] = np.random.default_rng(8).integers(0, 5, L).astype(precision)

    def repeated(scheme, gap, timescale, a):
        matrix, drive = one_step(scheme, timescale, a)
        total, driven = np.eye(2), np.zeros(2)
        for _ in range(int(gap)):
            total, driven = matrix @ total, matrix @ driven + drive
        return total, driven

    assert error(call(layer, **row), walked(layer, **row, cross=repeated)) < LOOP[precision]


@every_scheme
def test_small_steps_come_to_the_equation_itself(scheme):
    """Halving the step halves the distance from a solver's answer: both rules are of order one."""
    with jax.enable_x64(True):
        rng = np.random.default_rng(0)
        layer, inputs, gaps = draw(scheme), rng.normal(size=(6, H)), rng.uniform(0.2, 2, 6)
        a, b = np.asarray(layer.stiffnesses), np.asarray(layer.input_weight)
        states, state = [], np.zeros(P)
        for u, gap in zip(inputs, gaps, strict=True):

            def slope(_, y, force=b @ u):
                velocity, x = np.split(y, 2)
                return np.concatenate([force - a * x, velocity])

            # One time for all oscillators: 0.6 of the model's.
            solved = scipy.integrate.solve_ivp(slope, (0, 0.6 * gap), state, rtol=1e-10, atol=1e-12)
            state = solved.y[:, -1]
            states.append(state[P // 2 :])
        expected = states @ np.asarray(layer.output_weight).T
        expected += np.asarray(layer.feedthrough) * inputs

        def distance(cut):
            fine = fitted(scheme, 0.6 / cut, a)
            times = np.repeat(gaps, cut) if scheme == "implicit" else gaps * cut
            held = np.repeat(inputs, cut, axis=0) if scheme == "implicit" else inputs
            answer = np.asarray(quick_jit(lambda layer: layer(held, times))(fine))
            answer = answer[cut - 1 :: cut] if scheme == "implicit" else answer
            return np.abs(answer - expected).max()

        coarse, fine = distance(32), distance(64)
        assert 1.8 < coarse / fine < 2.2
        assert fine < 0.05 * np.abs(expected).max()


def fitted(scheme, timescale, a):
    """The drawn layer with one timescale for all, and these stiffnesses."""
    layer = draw(scheme, timescale=(timescale, timescale))
    share = a * timescale**2 / 3.9
    raw = np.log(np.expm1(a)) if scheme == "implicit" else np.log(share / (1 - share))
    object.__setattr__(layer, "stiffness", jnp.asarray(raw))
    np.testing.assert_allclose(layer.stiffnesses, a, rtol=1e-12)
    return layer


def test_no_gaps_make_the_split_rule_grow_and_the_implicit_one_only_shrinks():
    rng = np.random.default_rng(0)
    silent = np.zeros((L, H), np.float32)
    for gaps in (rng.exponential(size=L), 10 ** rng.uniform(-6, 6, L), np.full(L, 1e30)):
        for scheme in SCHEMES:
            layer = draw(scheme)
            state = layer.initial_state() + 1
            _, end = run(layer, silent, gaps.astype(np.float32), state)
            # The size of the complex state is the root of the energy.
            if scheme == "implicit":
                assert (np.abs(end) < 1).all()
            else:
                np.testing.assert_allclose(np.abs(end), 1, rtol=1e-5)


def test_steps_as_long_as_uneven_gaps_would_grow():
    """Why the split rule counts steps of one size: taken gap by gap, its product explodes."""
    rng = np.random.default_rng(0)
    layer = LinOSSLayer(H, 64, scheme="implicit-explicit", key=jax.random.key(0))
    d, a = np.float64(layer.timescales)[:, None], np.float64(layer.stiffnesses)[:, None]
    velocity, x = np.eye(2)[:, None] * np.ones_like(a)  # two starts of every oscillator
    for gap in rng.exponential(size=1000):
        velocity = velocity - d * gap * a * x
        x = x + d * gap * velocity
    growth = np.hypot(velocity, x).max(axis=1)
    assert np.median(growth) > 1e3
    assert growth.max() > 1e9


def test_the_split_rule_stays_below_its_end_whatever_is_learned():
    layer = draw("implicit-explicit")
    for raw in (-60.0, 0.0, 60.0):
        object.__setattr__(layer, "stiffness", jnp.full(P // 2, raw))
        share = layer.stiffnesses * layer.timescales**2
        assert (share < 4).all()
        row = mixer_laws.draw_steps(3, "float32")
        assert np.isfinite(call(layer, **row)).all()


@every_scheme
def test_it_starts_as_published(scheme):
    layer = LinOSSLayer(5, 4000, scheme=scheme, key=jax.random.key(3))
    a = np.asarray(layer.stiffnesses)
    assert 0 < a.min() < 0.01
    assert 0.99 < a.max() < 1.0001
    assert abs(a.mean() - 0.5) < 0.02
    assert 0.5 <= layer.timescales.min() < layer.timescales.max() <= 0.7301
    assert abs(np.abs(layer.input_weight).max() - 5**-0.5) < 1e-3
    assert abs(np.abs(layer.output_weight).max() - 2000**-0.5) < 1e-3


@every_scheme
def test_queries_of_oscillators_leave_no_trace(scheme, precision):
    mixer_laws.check_queries(draw(scheme), precision)


@every_scheme
def test_garbage_in_padding_of_oscillators_changes_neither_value_nor_gradient(scheme):
    mixer_laws.check_garbage(draw(scheme), "float32")
    for gap in (0.0, 1e4, 1e30):
        mixer_laws.check_gradient_at(draw(scheme), gap, "float32")


@every_scheme
def test_a_packed_row_of_oscillators_is_its_series(scheme, precision):
    mixer_laws.check_resets(draw(scheme), precision)


@every_scheme
def test_pieces_of_oscillators_are_the_whole(scheme, precision):
    mixer_laws.check_pieces(draw(scheme), precision)


@every_scheme
def test_gradients_of_oscillators_are_finite_differences(scheme):
    with jax.enable_x64(True):
        gaps = np.random.default_rng(0).exponential(size=L)
        mixer_laws.check_differences(draw(scheme), gaps)


def test_wrong_options_are_refused():
    with pytest.raises(ValueError, match="scheme must be one of implicit, implicit-explicit; got"):
        draw("explicit")
    with pytest.raises(ValueError, match="n_states=7 must be even"):
        LinOSSLayer(H, 7, key=jax.random.key(0))
    with pytest.raises(Exception, match="gaps holds a gap that is negative"):
        draw("implicit")(np.zeros((2, H), np.float32), np.array([1, -1], np.float32))


@every_scheme
def test_it_starts_with_numbers_however_fast(scheme):
    layer = LinOSSLayer(H, 64, scheme=scheme, timescale=(1.0, 3.0), key=jax.random.key(0))
    assert np.isfinite(layer.stiffnesses).all()
    for timescale in ((0.0, 1.0), (2.0, 1.0), (1.0, np.inf), (1.0, np.nan)):
        with pytest.raises(ValueError, match="0 < low <= high, both finite; got"):
            draw(scheme, timescale=timescale)
