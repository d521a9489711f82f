"""Where runs take place: here one after the other, or several at a time in processes."""

import concurrent.futures
import multiprocessing
import os
import warnings
from collections.abc import Callable
from typing import Any


class Here(concurrent.futures.Executor):
    """Does each job in this process, before `submit` returns."""

    def submit(self, fn: Callable, /, *args, **kwargs) -> concurrent.futures.Future:
        """A future that is done."""
        future: concurrent.futures.Future = concurrent.futures.Future()
        future.set_result(fn(*args, **kwargs))
        return future


def executor(jobs: int) -> concurrent.futures.Executor:
    """For so many jobs at a time; more than one go to processes of their own.

    Those begin anew rather than as copies of this one, whose threads of XLA a copy would lack.
    """
    if jobs == 1:
        return Here()
    context = multiprocessing.get_context("spawn")
    places = context.SimpleQueue()
    for place in range(jobs):
        places.put(place)
    return concurrent.futures.ProcessPoolExecutor(jobs, context, _take_cores, (places, jobs))


def _take_cores(places: multiprocessing.SimpleQueue, jobs: int) -> None:
    """Keep to a share of the cores, where the system lets a process choose."""
    if hasattr(os, "sched_setaffinity"):
        cores, place = sorted(os.sched_getaffinity(0)), places.get()
        os.sched_setaffinity(0, cores[place::jobs] or cores)


def quietly(fn: Callable, *args) -> tuple[Any, list[tuple[Warning, type[Warning], str, int]]]:
    """What comes out, and the warnings on the way, which a process of its own could not show."""
    with warnings.catch_warnings(record=True) as spoken:
        warnings.simplefilter("always")
        out = fn(*args)
    # A message is an instance of its category.
    return out, [(w.message, w.category, w.filename, w.lineno) for w in spoken]  # pyright: ignore
