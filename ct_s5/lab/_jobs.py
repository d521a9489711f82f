"""Where runs take place: here one after the other, or several at a time in processes."""

import concurrent.futures
import contextlib
import multiprocessing
import multiprocessing.connection
import os
import shutil
import signal
import tempfile
import threading
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

import jax
import numpy as np
from tqdm import tqdm

Tag = TypeVar("Tag")
Spoken = list[tuple[Warning | str, type[Warning], str, int]]


def each_done(
    calls: Iterable[tuple[Tag, tuple]], fn: Callable, jobs: int
) -> Generator[tuple[Tag, Any], None, None]:
    """What `fn` makes of each call, as soon as it is there.

    More than one job at a time go to processes of their own. Those begin anew rather than as copies
    of this one, whose threads of XLA a copy would lack. What one of them compiles the others find,
    as if the caller had told JAX to keep it (docs/training.md). When the iterator is closed, or
    anything ends it early, or this process ends in whatever way, they end at once.

    Args:
        calls: A tag for each, to know it by, and what `fn` is given. One is taken when there is a
            place for it, so that it may depend on what came out before.
        fn: What to do; a function that a process can import by its name.
        jobs: How many at a time.

    Yields:
        The tag, and what came out. Warnings of a process are spoken here afterwards.

    Raises:
        ChildProcessError: A process was ended from outside.
    """
    if jobs == 1:
        for tag, given in calls:
            yield tag, fn(*given)
        return
    context = multiprocessing.get_context("spawn")
    places = context.SimpleQueue()
    for place in range(jobs):
        places.put(place)
    line, end = context.Pipe(duplex=False)
    shared = tempfile.TemporaryDirectory(prefix="ct-s5-compiled-", ignore_cleanup_errors=True)
    double = jax.numpy.result_type(float) == np.float64
    cache = jax.config.jax_compilation_cache_dir  # pyright: ignore
    told = (places, jobs, line, double, cache, shared.name)
    pool = concurrent.futures.ProcessPoolExecutor(jobs, context, _settle, told)
    under_way: dict[concurrent.futures.Future, Tag] = {}
    with shared, line, end, pool:
        try:
            for tag, given in calls:
                with _ctrl_c_for_us_alone():
                    under_way[pool.submit(_quietly, fn, *given)] = tag
                if len(under_way) == jobs:
                    yield from _first_done(under_way)
            while under_way:
                yield from _first_done(under_way)
        except BrokenProcessPool:
            raise ChildProcessError(
                f"One of {jobs} processes ended in the middle of a run, mostly because memory ran "
                "out: each takes its own, so ask for fewer jobs. A script must call `compare` "
                'under `if __name__ == "__main__":`, as each process reads it anew.'
            ) from None
        except BaseException:
            end.close()
            raise


def _first_done(
    under_way: dict[concurrent.futures.Future, Tag],
) -> Iterator[tuple[Tag, Any]]:
    """Wait until at least one is done. What failed comes last, as it ends everything."""
    done = concurrent.futures.wait(under_way, return_when="FIRST_COMPLETED").done
    for future in sorted(done, key=lambda future: future.exception() is not None):
        out, spoken = future.result()
        yield under_way.pop(future), out
        for warning in spoken:
            warnings.warn_explicit(*warning)


def _quietly(fn: Callable, *args) -> tuple[Any, Spoken]:
    """What comes out, and the warnings on the way, which a process of its own could not show."""
    with warnings.catch_warnings(record=True) as spoken:
        warnings.simplefilter("always")
        # One process may read what another one is still writing, and then compiles for itself.
        warnings.filterwarnings("ignore", "Error (reading|writing) persistent compilation cache")
        out = fn(*args)
    return out, [(w.message, w.category, w.filename, w.lineno) for w in spoken]


def _settle(
    places: multiprocessing.SimpleQueue,
    jobs: int,
    line: multiprocessing.connection.Connection,
    double: bool,
    kept: str | None,
    shared: str,
) -> None:
    """End with the caller, reckon in its precision, and share programs, and cores where it can.

    What is compiled goes where the caller keeps such things, or else to the shared folder.
    """
    jax.config.update("jax_enable_x64", double)
    jax.config.update("jax_compilation_cache_dir", kept or shared)
    if not kept:
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
    threading.Thread(target=_end_with, args=(line, shared), daemon=True).start()
    # The lock that bars hold between processes would outlive one that ends at once.
    tqdm.set_lock(threading.RLock())
    if hasattr(os, "sched_setaffinity"):
        cores, place = sorted(os.sched_getaffinity(0)), places.get()
        os.sched_setaffinity(0, cores[place::jobs] or cores)


def _end_with(line: multiprocessing.connection.Connection, shared: str) -> None:
    """Nothing is ever sent: the wait is over when nobody holds the other end any more."""
    with contextlib.suppress(EOFError):
        line.recv()
    shutil.rmtree(shared, ignore_errors=True)  # a caller that was killed could not
    os._exit(1)


@contextlib.contextmanager
def _ctrl_c_for_us_alone() -> Iterator[None]:
    """Processes that begin in here never hear of Ctrl-C, which a terminal tells to all."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
