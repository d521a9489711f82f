"""Every way through the scan gives the same numbers, gradients included, and fits everywhere."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from drawn import LOOP, H, L, both_directions, draw_layer, draw_row, error, loop, quick_jit

from ct_s5.ssm import SCANS, _blocks, _choice, diagonal_scan, nan_for_errors

every_scan = pytest.mark.parametrize("scan", list(SCANS))
# The ways differ below the holds; zoh_forward carries what is held, zoh does not.
two_holds = pytest.mark.parametrize("hold", ["zoh", "zoh_forward"])

_call = quick_jit(lambda layer, row: layer(**row))


def test_the_blocks_here_are_shorter_than_the_rows():
    length = max(SCANS["blocked"].block, _blocks._SHORTEST)
    assert 1 < length < L
    assert L % length


@every_scan
@both_directions
@two_holds
def test_each_way_is_the_loop_of_the_design(hold, bidirectional, scan, precision):
    layer = draw_layer(hold, bidirectional, scan=scan)
    for seed in range(3):
        row = draw_row(seed, precision)
        assert error(_call(layer, row), loop(layer, **row)) < LOOP[precision]


def _later(row):
    # Above 0, so that a small step back in time leaves no gap negative.
    return {name: flat + 0.01 if name.startswith("gaps") else flat for name, flat in row.items()}


@every_scan
@both_directions
@two_holds
def test_the_gradient_of_each_way_is_the_finite_difference(hold, bidirectional, scan):
    with jax.enable_x64(True):
        layer, row = draw_layer(hold, bidirectional, scan=scan), draw_row(4, "float64")
        masks = {name: row.pop(name) for name in ("reading", "real", "reset")}
        moving = jax.tree.map(jnp.asarray, (layer, _later(row)))
        weights = np.sin(1 + np.arange(L * H)).reshape(L, H)

        @quick_jit
        @jax.value_and_grad
        def loss(moving):
            layer, row = moving
            return jnp.sum(weights * layer(**row, **masks))

        rng, h = np.random.default_rng(1), 1e-4
        towards = jax.tree.map(lambda leaf: rng.normal(size=leaf.shape), moving)

        def along(h):
            return float(loss(jax.tree.map(lambda a, b: a + h * b, moving, towards))[0])

        difference = (8 * (along(h) - along(-h)) - (along(2 * h) - along(-2 * h))) / (12 * h)
        slopes = jax.tree.map(lambda a, b: float(jnp.sum(a * b)), loss(moving)[1], towards)
        np.testing.assert_allclose(sum(jax.tree.leaves(slopes)), difference, rtol=1e-7)


@every_scan
@pytest.mark.parametrize("reverse", [False, True])
def test_a_scan_by_itself_has_the_gradient_of_the_loop(scan, reverse, precision):
    rng = np.random.default_rng(0)
    dtype = {"float32": np.complex64, "float64": np.complex128}[precision]

    def draw(*shape):
        return jnp.asarray((rng.normal(size=shape) + 1j * rng.normal(size=shape)).astype(dtype))

    decay, drive, initial, weights = draw(9, 4) / 2, draw(9, 4), draw(4), draw(9, 4)
    reset = jnp.asarray(rng.random(9) < 0.3)

    def by_scan(decay, drive, initial):
        states = diagonal_scan(
            decay, drive, initial=initial, reset=reset, reverse=reverse, scan=scan
        )
        return jnp.sum((weights * states).real)

    def by_loop(decay, drive, initial):
        total, state, n = 0.0, initial, len(decay)
        for k in reversed(range(n)) if reverse else range(n):
            begins = (k + 1 < n and bool(reset[k + 1])) if reverse else bool(reset[k])
            state = decay[k] * (jnp.zeros_like(state) if begins else state) + drive[k]
            total = total + jnp.sum((weights[k] * state).real)
        return total

    found = jax.jit(jax.grad(by_scan, argnums=(0, 1, 2)))(decay, drive, initial)
    expected = jax.grad(by_loop, argnums=(0, 1, 2))(decay, drive, initial)
    for ours, theirs in zip(found, expected, strict=True):
        assert error(ours.real, theirs.real) < LOOP[precision]
        assert error(ours.imag, theirs.imag) < LOOP[precision]


@every_scan
def test_no_series_reaches_the_next_not_even_with_an_infinity(scan):
    decay = jnp.full((4, 1), 0.5 + 0.1j, jnp.complex64)
    drive = jnp.array([[1.0], [jnp.inf], [2.0], [1.0]], jnp.complex64)
    packed = diagonal_scan(decay, drive, reset=jnp.array([True, False, True, False]), scan=scan)
    np.testing.assert_array_equal(packed[2:], diagonal_scan(decay[2:], drive[2:]))


@pytest.mark.parametrize("n_steps", [7, 8, 16, 17])
@both_directions
def test_any_length_goes_into_blocks(bidirectional, n_steps):
    layer, row = draw_layer("foh", bidirectional), draw_row(0, "float32")
    row = {name: flat[:n_steps] for name, flat in row.items()}
    assert error(_call(layer, row), loop(layer, **row)) < 1e-5


def test_nothing_is_a_series_too():
    layer = draw_layer("zoh", bidirectional=True)
    assert layer(jnp.zeros((0, H)), jnp.zeros(0)).shape == (0, H)


def test_a_stack_of_layers_is_one_scanned_layer():
    one = draw_layer("zoh")
    stack = jax.vmap(lambda key: _like(one, key))(jax.random.split(jax.random.key(1), 2))
    arrays, rest = eqx.partition(stack, eqx.is_array)
    row = draw_row(0, "float32")
    row = {name: row[name] for name in ("inputs", "gaps", "real")}

    def through(arrays, inputs):
        def body(x, one):
            layer = eqx.combine(one, rest)
            return x + layer(x, row["gaps"], real=row["real"]), None

        return jnp.sum(jax.lax.scan(body, inputs, arrays)[0] ** 2)

    value, slopes = quick_jit(jax.value_and_grad(through))(arrays, jnp.asarray(row["inputs"]))

    def one_by_one(arrays, x):
        for n in range(2):
            layer = eqx.combine(jax.tree.map(lambda a, n=n: a[n], arrays), rest)
            x = x + layer(x, row["gaps"], real=row["real"])
        return jnp.sum(x**2)

    expected, expected_slopes = quick_jit(jax.value_and_grad(one_by_one))(arrays, row["inputs"])
    np.testing.assert_allclose(value, expected, rtol=1e-5)
    for ours, theirs in zip(*map(jax.tree.leaves, (slopes, expected_slopes)), strict=True):
        assert error(ours, theirs) < 1e-5


def _like(layer, key):
    leaves, tree = jax.tree.flatten(layer)
    keys = jax.random.split(key, len(leaves))
    moved = [a + 0.1 * jax.random.normal(k, a.shape) for a, k in zip(leaves, keys, strict=True)]
    return jax.tree.unflatten(tree, moved)


@pytest.mark.parametrize("scan", ["associative", "blocked"])
def test_it_compiles_for_an_nvidia_gpu(scan):
    layer, row = draw_layer("zoh", bidirectional=True, scan=scan), draw_row(0, "float32")
    # The check of the gaps calls back to the host, which an exported function cannot.
    with nan_for_errors():
        gradient = jax.jit(jax.grad(lambda row, layer: jnp.sum(layer(**row) ** 2), allow_int=True))
        exported = jax.export.export(gradient, platforms=["cuda"])(
            {k: v for k, v in row.items() if v.dtype.kind == "f"}, layer
        )
    assert exported.platforms == ("cuda",)


def test_an_accelerator_gets_the_tree(monkeypatch):
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    assert _choice.choose("auto") == SCANS["associative"]
    monkeypatch.setitem(_choice._AVAILABLE, "gpu", ("associative",))
    with pytest.raises(ValueError, match=r"'blocked' does not run .*\(gpu\).*here: associative"):
        _choice.choose("blocked")
