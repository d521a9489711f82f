"""Series under `vmap` are each by themselves, whatever else is done; their gradient is one."""

import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from drawn import H, P, draw_layer, draw_row, error, quick_jit
from jax.extend.core import jaxprs_in_params

from ct_s5.ssm import nan_for_errors

N = 4


def _one(layer, row):
    return jnp.sum(layer(**row) ** 2)


def _in_twos(batch):
    return jax.tree.map(lambda part: part.reshape(2, N // 2, *part.shape[1:]), batch)


def _scanned(layer, row):
    # What a stack of layers does, with a stack of one.
    moving, fixed = eqx.partition(layer, eqx.is_array)
    stack = jax.tree.map(lambda part: part[None], moving)
    rest = {name: part for name, part in row.items() if name != "inputs"}

    def step(x, moving):
        return eqx.combine(moving, fixed)(x, **rest), None

    return jnp.sum(jax.lax.scan(step, row["inputs"], stack)[0] ** 2)


def _over(function, layer, batch):
    return jax.vmap(function, (None, 0))(layer, batch)


WAYS = {
    "vmap": functools.partial(_over, _one),
    "jit in vmap": functools.partial(_over, jax.jit(_one)),
    "vmap in jit": jax.jit(functools.partial(_over, _one)),
    "vmap twice": lambda layer, batch: _over(
        functools.partial(_over, _one), layer, _in_twos(batch)
    ),
    "checkpoint": functools.partial(_over, jax.checkpoint(_one)),
    "scan in vmap": functools.partial(_over, _scanned),
    "vmap in scan": lambda layer, batch: jax.lax.map(
        lambda two: _over(_one, layer, two), _in_twos(batch)
    ),
}


def _draw(hold, bidirectional, scan):
    layer = draw_layer(hold, bidirectional, scan=scan)
    rows = [draw_row(n, "float64") for n in range(N)]
    return jax.tree.map(jnp.asarray, (layer, {k: np.stack([r[k] for r in rows]) for k in rows[0]}))


@functools.cache
def _by_themselves(hold, bidirectional, scan):
    """Answers, and gradients by the layer and by the inputs, of one series after the other."""
    layer, batch = _draw(hold, bidirectional, scan)

    def answer(layer, inputs, row):
        return _one(layer, row | {"inputs": inputs})

    each = quick_jit(jax.value_and_grad(answer, argnums=(0, 1)))
    rows = [jax.tree.map(lambda part, n=n: part[n], batch) for n in range(N)]
    found = [each(layer, row["inputs"], row) for row in rows]
    return jax.tree.map(lambda *parts: jnp.stack(parts), *found)


def _agree(found, expected):
    for ours, theirs in zip(*map(jax.tree.leaves, (found, expected)), strict=True):
        assert error(ours, theirs) < 1e-12


@pytest.mark.parametrize(
    ("way", "hold", "bidirectional", "scan"),
    [
        *((way, "zoh_forward", False, "blocked") for way in WAYS),
        ("vmap", "foh", True, "blocked"),
        ("vmap twice", "zoh", True, "blocked"),
        ("vmap", "zoh_forward", True, "associative"),
    ],
)
def test_a_batch_has_the_answers_and_gradients_of_its_series(way, hold, bidirectional, scan):
    with jax.enable_x64(True):
        layer, batch = _draw(hold, bidirectional, scan)

        def of_batch(layer, inputs):
            answers = WAYS[way](layer, batch | {"inputs": inputs}).reshape(-1)
            return jnp.sum(answers), answers

        gradient = quick_jit(jax.grad(of_batch, argnums=(0, 1), has_aux=True))
        (of_layer, of_inputs), answers = gradient(layer, batch["inputs"])
        expected, (each_layer, each_inputs) = _by_themselves(hold, bidirectional, scan)
        _agree((answers, of_inputs), (expected, each_inputs))
        _agree(of_layer, jax.tree.map(lambda part: jnp.sum(part, axis=0), each_layer))


def test_each_series_has_a_gradient_of_its_own_when_asked_for():
    with jax.enable_x64(True):
        what = ("zoh_forward", False, "blocked")
        layer, batch = _draw(*what)
        expected, (each_layer, _) = _by_themselves(*what)
        _agree(
            quick_jit(_over, static_argnums=0)(jax.value_and_grad(_one), layer, batch),
            (expected, each_layer),
        )
        jacobian = quick_jit(jax.jacrev(lambda layer: WAYS["vmap"](layer, batch)))
        _agree(jacobian(layer), each_layer)


@pytest.mark.parametrize("first", ["layers", "series"])
def test_a_batch_of_layers_goes_over_a_batch_of_series(first):
    with jax.enable_x64(True):
        layer, batch = _draw("zoh_forward", False, "blocked")
        layers = jax.tree.map(lambda part: jnp.stack([0.9 * part, 1.1 * part]), layer)
        outer, inner = ((0, None), (None, 0)) if first == "layers" else ((None, 0), (0, None))
        each = jax.vmap(jax.vmap(_one, inner), outer)
        found = quick_jit(jax.grad(lambda layers: jnp.sum(each(layers, batch))))(layers)
        alone = quick_jit(jax.grad(lambda layer: jnp.sum(WAYS["vmap"](layer, batch))))
        for k in range(2):
            of_layer, layer = (jax.tree.map(lambda p, k=k: p[k], tree) for tree in (found, layers))
            _agree(of_layer, alone(layer))


def test_series_may_share_their_times():
    with jax.enable_x64(True):
        layer, batch = _draw("zoh_forward", False, "blocked")

        def of_batch(gaps):
            return jnp.sum(jax.vmap(layer, (0, None))(batch["inputs"], gaps) ** 2)

        def of_each(gaps):
            return sum(jnp.sum(layer(inputs, gaps) ** 2) for inputs in batch["inputs"])

        gaps = batch["gaps"][0]
        _agree(quick_jit(jax.grad(of_batch))(gaps), quick_jit(jax.grad(of_each))(gaps))


@pytest.mark.parametrize("n_steps", [3, 300])
def test_a_batch_may_be_empty(n_steps):
    layer = draw_layer("zoh", scan="blocked")
    inputs, gaps = jnp.ones((0, n_steps, H)), jnp.ones((0, n_steps))
    assert jax.vmap(layer)(inputs, gaps).shape == inputs.shape
    gradient = jax.grad(lambda layer: jnp.sum(jax.vmap(layer)(inputs, gaps)))(layer)
    assert all(not part.any() for part in jax.tree.leaves(gradient))


def test_a_series_that_a_batch_does_not_touch_is_gone_through_once():
    layer, batch = _draw("zoh", False, "blocked")
    row = jax.tree.map(lambda part: part[0], batch)

    def beside(factor):
        return factor * layer(row["inputs"], row["gaps"])

    made = {
        variable.aval.shape
        for equation in jax.make_jaxpr(jax.vmap(beside))(jnp.ones(N)).jaxpr.eqns
        if equation.primitive.name == "ct_s5_series"
        for variable in equation.outvars
    }
    assert (1, *row["inputs"].shape) in made
    assert {shape[0] for shape in made} == {1}


@pytest.mark.parametrize("way", list(WAYS))
def test_the_gradient_of_shared_parameters_is_made_once_for_all_series(way):
    layer, batch = _draw("zoh", False, "blocked")
    gradient = jax.grad(lambda layer: jnp.sum(WAYS[way](layer, batch)))
    todo, made = [jax.make_jaxpr(gradient)(layer).jaxpr], set()
    while todo:
        for equation in todo.pop().eqns:
            made |= {variable.aval.shape for variable in equation.outvars}
            todo += jaxprs_in_params(equation.params)
    assert (P, H) in made
    assert not {(n, *shape) for n in (2, N) for shape in ((P, H), (2, P // 2, H))} & made


@pytest.mark.parametrize("graded", [False, True], ids=["", "gradient"])
def test_a_layer_called_again_without_jit_compiles_nothing(caplog, graded):
    layer, batch = _draw("impulse", False, "blocked")

    def compiled(row):
        def answer(layer):
            return jnp.sum(layer(batch["inputs"][row], batch["gaps"][row]))

        caplog.clear()
        with jax.log_compiles():
            (jax.grad(answer) if graded else answer)(layer)
        return [said for said in caplog.messages if said.startswith("Finished XLA compilation")]

    assert compiled(0)
    assert not compiled(1)


def test_a_gradient_of_series_on_an_explicit_mesh_is_that_without_one():
    layer = draw_layer("zoh")
    rows = jax.vmap(lambda k: jax.random.normal(k, (300, H)))(
        jax.random.split(jax.random.key(0), N)
    )
    gaps = jnp.ones((N, 300))
    moving, fixed = eqx.partition(layer, eqx.is_array)

    def loss(moving, rows, gaps):
        return jnp.sum(jax.vmap(eqx.combine(moving, fixed))(rows, gaps) ** 2)

    slope = jax.jit(jax.grad(loss))
    expected = slope(moving, rows, gaps)
    mesh = jax.make_mesh((1,), ("series",), axis_types=(jax.sharding.AxisType.Explicit,))
    by_series = jax.NamedSharding(mesh, jax.P("series"))
    with nan_for_errors(), jax.set_mesh(mesh):
        found = slope(moving, *jax.device_put((rows, gaps), by_series))
    for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5 * float(jnp.abs(other).max()))
