"""A model's arrays under readable names, for files."""

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import numpy as np
from jaxtyping import PyTree


def named_arrays(tree: PyTree) -> dict[str, np.ndarray]:
    """Every array of a tree by its path, as `blocks.0.mixer.rate_real`."""
    return {name: np.asarray(leaf) for name, leaf in _named(tree).items()}


def with_named_arrays(tree: PyTree, arrays: dict[str, np.ndarray]) -> PyTree:
    """A copy of a tree that holds these arrays in place of its own.

    Of its own only shapes and dtypes matter: `eqx.filter_eval_shape` makes a tree without values.

    Raises:
        ValueError: Names, shapes or dtypes that are not those of the tree.
    """
    own = _named(tree)
    if missing := sorted(set(own) - set(arrays)):
        raise ValueError(
            f"The file lacks {len(missing)} arrays of this model, first {missing[0]!r}."
        )
    if extra := sorted(set(arrays) - set(own)):
        raise ValueError(
            f"The file holds {len(extra)} arrays this model has no place for, first {extra[0]!r}."
        )
    for name, array in own.items():
        found = arrays[name]
        if found.shape != array.shape or found.dtype != array.dtype:
            raise ValueError(
                f"Array {name!r} is {found.dtype}{list(found.shape)} in the file and "
                f"{array.dtype}{list(array.shape)} in the model."
            )

    def replaced(path, leaf):
        return jax.numpy.asarray(arrays[_name(path)]) if _is_array(leaf) else leaf

    return jax.tree_util.tree_map_with_path(replaced, tree)


def named_parts(trees: Mapping[str, PyTree]) -> dict[str, np.ndarray]:
    """The arrays of several trees, as `model/blocks.0.mixer.rate_real`."""
    return {
        f"{part}/{name}": array
        for part, tree in trees.items()
        for name, array in named_arrays(eqx.filter(tree, eqx.is_array)).items()
    }


def with_named_parts(
    trees: Mapping[str, PyTree], arrays: Mapping[str, np.ndarray]
) -> dict[str, PyTree]:
    """Copies of several trees that hold the arrays `named_parts` gave.

    Raises:
        ValueError: As `with_named_arrays`.
    """
    return {
        part: with_named_arrays(
            tree,
            {n.removeprefix(f"{part}/"): a for n, a in arrays.items() if n.startswith(f"{part}/")},
        )
        for part, tree in trees.items()
    }


def _named(tree: PyTree) -> dict[str, Any]:
    leaves, _ = jax.tree_util.tree_flatten_with_path(tree)
    return {_name(path): leaf for path, leaf in leaves if _is_array(leaf)}


def _is_array(leaf) -> bool:
    return eqx.is_array(leaf) or isinstance(leaf, jax.ShapeDtypeStruct)


def _name(path) -> str:
    return ".".join(str(getattr(k, "name", getattr(k, "idx", getattr(k, "key", k)))) for k in path)
