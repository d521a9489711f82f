"""S5Layer inside a model of your own: Equinox, Optax, `jax.vmap`.

Learn to tell, at every reading, how long ago the last pulse was. Without the gaps there is no way.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import optax

from ct_s5 import S5Layer


class Stopwatch(eqx.Module):
    """One S5 layer and a small network on top."""

    layer: S5Layer
    head: eqx.nn.MLP

    def __init__(self, key):
        """Args: the seed."""
        layer_key, head_key = jax.random.split(key)
        self.layer = S5Layer(1, 16, timescale=(0.01, 1.0), hold="impulse", key=layer_key)
        self.head = eqx.nn.MLP(1, 1, 16, 1, key=head_key)

    def __call__(self, pulses, gaps):
        """Args: (L, 1) and (L,). Returns (L, 1)."""
        return jax.vmap(self.head)(self.layer(pulses, gaps))


def draw(key, n_series=64, n_steps=40):
    """Pulses at random moments, and the time since the last of them."""
    gap_key, pulse_key = jax.random.split(key)
    gaps = jax.random.exponential(gap_key, (n_series, n_steps))
    pulses = jax.random.bernoulli(pulse_key, 0.2, (n_series, n_steps)).at[:, 0].set(True)

    def tick(since, step):
        gap, pulse = step
        since = jnp.where(pulse, 0.0, since + gap)
        return since, since

    since = jax.vmap(lambda g, p: jax.lax.scan(tick, 0.0, (g, p))[1])(gaps, pulses)
    return pulses.astype(jnp.float32)[..., None], gaps, jnp.log1p(since)[..., None]


@eqx.filter_jit
def step(model, state, key):
    """One step of Adam on fresh series."""
    pulses, gaps, target = draw(key)

    def loss(model):
        return jnp.mean((jax.vmap(model)(pulses, gaps) - target) ** 2)

    value, gradients = eqx.filter_value_and_grad(loss)(model)
    updates, state = optimiser.update(gradients, state)
    return eqx.apply_updates(model, updates), state, value


optimiser = optax.adam(1e-2)
model = Stopwatch(jax.random.key(0))
state = optimiser.init(eqx.filter(model, eqx.is_array))
losses = []
for k in range(200):
    model, state, value = step(model, state, jax.random.key(k))
    losses.append(float(value))
print(f"mean squared error: {losses[0]:.3f} at first, {losses[-1]:.3f} after {len(losses)} steps")
assert losses[-1] < 0.5 * losses[0]
