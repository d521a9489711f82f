"""Compiled programs that a long process forgets before the system runs out of room for them."""

import pathlib

import jax
import jax.numpy as jnp
import pytest

from ct_s5.training import fit
from ct_s5.training._programs import give_back_programs

MAPS = pathlib.Path("/proc/self/maps")


def n_maps():
    return len(MAPS.read_text().splitlines())


def compiled(n):
    """Programs of n sizes, each of which its function remembers."""
    function = jax.jit(lambda x: jnp.sin(x) @ jnp.cos(x).T)
    for size in range(1, n + 1):
        function(jnp.ones((size, size)))
    return function


@pytest.mark.skipif(not MAPS.exists(), reason="memory maps are told by Linux alone")
def test_few_maps_left_and_programs_are_given_back():
    function = compiled(30)
    before = n_maps()
    give_back_programs()
    assert function._cache_size() == 30  # far from the limit nothing is forgotten

    give_back_programs(0.0)
    assert function._cache_size() == 0
    assert n_maps() < before
    assert function(jnp.ones((2, 2))).shape == (2, 2)


def test_fit_looks_before_it_compiles(monkeypatch):
    def look():
        raise RuntimeError("looked")

    monkeypatch.setattr("ct_s5.training._fit.give_back_programs", look)
    with pytest.raises(RuntimeError, match="looked"):
        fit(None, None, None, loss="class")
