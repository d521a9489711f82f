"""Compiled programs are given back before a process holds more of them than the system allows.

XLA on a CPU keeps each program in some hundred memory maps, and Linux grants a process 65,530 of
them. Networks of many shapes in one process, a comparison of models or a search over settings, use
these up: thirty trainings did, and the process then died of a segmentation fault inside XLA.
"""

import gc
import pathlib

import jax

_MAPS, _LIMIT = pathlib.Path("/proc/self/maps"), pathlib.Path("/proc/sys/vm/max_map_count")

# Of the maps that the system grants: a training takes two thousand, and whatever is given back has
# to be compiled anew when it is asked for again.
_MOST = 0.8


def give_back_programs() -> None:
    """Let JAX forget all that it compiled, where few maps are left. No number changes."""
    if not (_MAPS.exists() and _LIMIT.exists()):
        return
    if _MAPS.read_bytes().count(b"\n") > _MOST * int(_LIMIT.read_text()):
        jax.clear_caches()
        gc.collect()
