"""Make ListOps files as Long Range Arena's were made: `generate(folder)`, or this file as a module.

A tree is drawn from the root: a node is a digit with three chances in four, and always at the
greatest depth; otherwise an operator with 2 to 10 nodes below it. Only trees of more than 500 and
fewer than 2000 tokens are kept, one draw in twelve, and no tree twice.
"""

import argparse
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from hashlib import blake2b
from itertools import count
from multiprocessing import get_context
from pathlib import Path
from random import Random

from .._whole import refuse_existing, whole_files
from ._command import run
from ._places import MADE
from .listops import FILES, OPERATORS

SIZES = (96_000, 2_000, 2_000)

_HEADER = b"Source\tTarget\n"
_MOST_DEPTH = 10
_MOST_NODES = 10
_DIGIT_SHARE = 0.75
_IN_A_TASK = 200  # of it depends which expressions a seed gives: it never changes


class _TooLong(Exception):
    pass


def generate(
    folder: str | Path,
    *,
    seed: int = 0,
    sizes: tuple[int, int, int] = SIZES,
    lengths: tuple[int, int] = (500, 2000),
    processes: int = 1,
) -> Path:
    """Write `listops-1000/basic_{train,val,test}.tsv` below a folder.

    The files appear when all of them are complete; an interrupted run leaves none. Beside the three
    lies one that says they are not the release's: under a protocol they count as rebuilt. The bytes
    depend on seed, sizes and lengths, not on the number of processes. A script that asks for more
    than one process needs `if __name__ == "__main__":`, as always with `multiprocessing`.

    Args:
        folder: Made where it is absent.
        seed: 0 or above.
        sizes: Expressions for training, validation and test.
        lengths: An expression has more tokens than the first and fewer than the second;
            parentheses are no tokens.
        processes: Started anew, without this one's memory.

    Returns:
        The folder to give to `listops.load`: `folder/listops-1000`.

    Raises:
        FileExistsError: One of the files is there already.
        ValueError: A number is out of range.

    """
    low, high = lengths
    if not 20 <= low < low + 20 <= high:
        raise ValueError(
            f"lengths={lengths}: shorter expressions would run out. Give a first of 20 or more "
            "and a second at least 20 above it."
        )
    if seed < 0 or processes < 1 or min(sizes) < 1:
        raise ValueError(
            f"seed={seed}, processes={processes}, sizes={sizes}: a seed is 0 or above, "
            "processes and sizes are 1 or above."
        )
    target = Path(folder) / "listops-1000"
    paths = [target / name for name in (*FILES.values(), MADE)]
    for path in paths:
        refuse_existing(path)
    draw = partial(_draw_task, seed, low, high)
    with whole_files(paths) as (*streams, made):
        made.write(
            f"Expressions made by ct_s5_datasets.lra.listops_generator with seed {seed}, sizes "
            f"{sizes} and lengths {lengths}. Not Long Range Arena's.\n".encode()
        )
        if processes == 1:
            _write(map(draw, count()), streams, sizes)
        else:
            with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
                try:
                    _write(_in_order(pool, draw, 2 * processes), streams, sizes)
                finally:
                    pool.shutdown(wait=False, cancel_futures=True)
    return target


def expression(random: Random, most: int) -> tuple[str, int, int] | None:
    """Draw one expression: its text, its number of tokens, its value; None where too long."""
    try:
        return _node(random, 1, most)
    except _TooLong:
        return None


def _node(random: Random, depth: int, most: int) -> tuple[str, int, int]:
    if depth == _MOST_DEPTH or random.random() >= 1 - _DIGIT_SHARE:
        digit = int(10 * random.random())
        return str(digit), 1, digit
    n_nodes = 2 + int((_MOST_NODES - 1) * random.random())
    operator = OPERATORS[int(len(OPERATORS) * random.random())]
    length = 2
    if length + n_nodes > most:
        raise _TooLong
    texts, values = [], []
    for at in range(n_nodes):
        # Every node still to come takes at least one token.
        text, tokens, value = _node(random, depth + 1, most - length - (n_nodes - at - 1))
        length += tokens
        texts.append(text)
        values.append(value)
    if length > most:
        raise _TooLong
    joined = " ) ".join(texts)
    return f"{'( ' * (n_nodes + 1)}[{operator} {joined} ) ] )", length, _value(operator, values)


def _value(operator: str, values: list[int]) -> int:
    if operator == "MAX":
        return max(values)
    if operator == "MIN":
        return min(values)
    if operator == "SM":
        return sum(values) % 10
    values.sort()
    middle = len(values) // 2
    return values[middle] if len(values) % 2 else (values[middle - 1] + values[middle]) // 2


def _draw_task(seed: int, low: int, high: int, number: int) -> list[bytes]:
    # A text seeds by its SHA-512, so neighbouring tasks share nothing.
    random = Random(f"ct_s5 listops {seed} {number}")
    lines: list[bytes] = []
    while len(lines) < _IN_A_TASK:
        drawn = expression(random, high - 1)
        if drawn is not None and drawn[1] > low:
            lines.append(f"{drawn[0]}\t{drawn[2]}\n".encode())
    return lines


def _in_order(pool, draw, n_ahead: int) -> Iterator[list[bytes]]:
    """Results in the order of their numbers, a few tasks ahead of the one that is written."""
    running = [pool.submit(draw, number) for number in range(n_ahead)]
    for number in count():
        yield running.pop(0).result()
        running.append(pool.submit(draw, number + n_ahead))


def _write(tasks: Iterable[list[bytes]], streams, sizes: tuple[int, ...]) -> None:
    fresh = _each_once(tasks)
    for stream, size in zip(streams, sizes, strict=True):
        stream.write(_HEADER)
        for _ in range(size):
            stream.write(next(fresh))


def _each_once(tasks: Iterable[list[bytes]]) -> Iterator[bytes]:
    seen: set[bytes] = set()
    for lines in tasks:
        for line in lines:
            key = blake2b(line, digest_size=16).digest()
            if key not in seen:
                seen.add(key)
                yield line


def main() -> None:
    """Run `generate` from the command line."""
    told = argparse.ArgumentParser(description="Write listops-1000/ below a folder.")
    told.add_argument("folder")
    told.add_argument("--seed", type=int, default=0)
    told.add_argument("--sizes", type=int, nargs=3, default=SIZES, metavar="N")
    told.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    asked = told.parse_args()
    options = {"seed": asked.seed, "sizes": tuple(asked.sizes), "processes": asked.processes}
    run(partial(generate, asked.folder, **options), asked.folder)


if __name__ == "__main__":
    main()
