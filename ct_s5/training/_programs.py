"""Compiled programs are given back before a process holds more of them than the system allows.

XLA on a CPU keeps each program in some hundred memory maps, and Linux grants a process 65,530 of
them. Networks of many shapes in one process, a comparison of models or a search over settings, use
these up: thirty trainings did, and the process then died of a segmentation fault inside XLA.
"""

import gc
import pathlib

import jax

_MAPS, _LIMIT = pathlib.Path("/proc/self/maps"), pathlib.Path("/proc/sys/vm/max_map_count")


def give_back_programs(most: float = 0.8) -> None:
    """Let JAX forget all that it compiled, where few maps are left. No number changes.

    A training takes two thousand maps; what is given back has to be compiled anew when it is asked
    for again.

    Args:
        most: Share of the maps that the system grants, above which it does.
    """
    if not (_MAPS.exists() and _LIMIT.exists()):
        return
    if _MAPS.read_bytes().count(b"\n") > most * int(_LIMIT.read_text()):
        jax.clear_caches()
        gc.collect()
