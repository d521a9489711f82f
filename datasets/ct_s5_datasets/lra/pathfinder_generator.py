"""Make Pathfinder images in the layout of Long Range Arena: `generate(folder, side=32)`.

Two long dashed paths and several short ones; two dots. The label is 1 where the dots lie at the
two ends of one path, 0 where each lies at an end of its own. `python -m
ct_s5_datasets.lra.pathfinder_generator FOLDER --side 128` makes Path-X.
"""

import argparse
import math
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from random import Random

import numpy as np

from .._whole import refuse_existing, whole_folder
from ._command import run
from ._paths import Dash, Scene, Style, lay
from ._places import MADE
from .pathfinder import FOLDERS, LENGTHS

# At 32 pixels a dash is half a pixel thin: its light is doubled, and the long paths keep 3/4 of it.
_STYLES = {
    32: Style(32, (1,), 2, 0.5, 1.5, 7, 1.0, 14, 4, 5, 1.5, 2.0),
    64: Style(64, (1,), 5, 1.0, 2.5, 12, 1.8, 14, 4, 5, 0.8, 0.8),
    128: Style(128, (2, 3), 5, 1.5, 3.0, 20, 1.8, 14, 4, 8, 0.9, 0.9),
    256: Style(256, (3,), 5, 2.0, 5.0, 27, 1.8, 14, 4, 7, 1.0, 1.0),
}
_SHORT_DASHES = {32: 20, 64: 22, 128: 35, 256: 30}  # of all short paths together
_IN_A_BATCH = 1000
_IN_A_TASK = 50


def style_of(side: int, difficulty: str = "hard") -> Style:
    """What images of this side and difficulty have in common.

    Raises:
        ValueError: The side or the difficulty is unknown.

    """
    if side not in _STYLES or difficulty not in LENGTHS:
        raise ValueError(
            f"side={side!r}, difficulty={difficulty!r}: sides are {', '.join(map(str, _STYLES))}, "
            f"difficulties {', '.join(LENGTHS)}."
        )
    path = LENGTHS[difficulty]
    short = path // 3
    return replace(_STYLES[side], path=path, short=short, n_short=_SHORT_DASHES[side] // short)


def generate(
    folder: str | Path,
    *,
    side: int = 32,
    difficulty: str = "hard",
    n_images: int = 200_000,
    seed: int = 0,
    processes: int = 1,
) -> Path:
    """Write `pathfinder<side>/<difficulty>/imgs` and `metadata` below a folder.

    The folder of the difficulty appears when it is complete; an interrupted run leaves none. A file
    in it says that the images are not the release's: under a protocol they count as rebuilt. The
    bytes depend on the seed and the version of Pillow, not on the number of processes. A script
    that asks for more than one process needs `if __name__ == "__main__":`.

    Args:
        folder: Made where it is absent.
        side: 32, 64, 128 (Path-X) or 256 pixels.
        difficulty: "easy", "intermediate" or "hard": paths of 6, 9 or 14 dashes.
        n_images: 1000 of them a batch.
        seed: 0 or above.
        processes: Started anew, without this one's memory.

    Returns:
        `folder/pathfinder<side>`, which `pathfinder.load` reads.

    Raises:
        FileExistsError: The difficulty's folder is there already.
        ImportError: Pillow is absent.
        ValueError: A number is out of range.

    """
    style = style_of(side, difficulty)
    if seed < 0 or processes < 1 or n_images < 1:
        raise ValueError(
            f"seed={seed}, processes={processes}, n_images={n_images}: a seed is 0 or above, "
            "processes and images are 1 or above."
        )
    _pillow()
    target = Path(folder) / f"pathfinder{side}" / FOLDERS[difficulty]
    refuse_existing(target)
    starts = range(0, n_images, _IN_A_TASK)
    with whole_folder(target) as temporary:
        (temporary / MADE).write_text(
            f"Images made by ct_s5_datasets.lra.pathfinder_generator with seed {seed}. Not Long "
            "Range Arena's.\n"
        )
        for batch in range(-(-n_images // _IN_A_BATCH)):
            (temporary / "imgs" / str(batch)).mkdir(parents=True)
        work = partial(_draw_task, temporary, style, f"{seed} {side} {difficulty}", n_images)
        if processes == 1:
            _write_metadata(map(work, starts), temporary)
        else:
            with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
                try:
                    _write_metadata(pool.map(work, starts), temporary)
                finally:
                    pool.shutdown(wait=True, cancel_futures=True)
    return target.parent


def draw(style: Style, random: Random) -> tuple[np.ndarray, int, Scene]:
    """One image as uint8 (side, side), its label, and what lies where."""
    scene = lay(style, random)
    label = int(random.random() < 0.5)
    first = int(random.random() < 0.5)
    last = first if label else 1 - first
    light = np.zeros((style.side, style.side))
    long = scene.paths[0] + scene.paths[1]
    brightness = [style.path_light] * len(long) + [style.short_light] * len(scene.short)
    _draw_dashes(light, [*long, *scene.short], np.array(brightness), style)
    for centre in (scene.paths[first][0].tail, scene.paths[last][-1].head):
        _draw_dot(light, centre, style.dot)
    return np.rint(light * (255 / light.max())).astype(np.uint8), label, scene


def _draw_dashes(
    light: np.ndarray, dashes: list[Dash], brightness: np.ndarray, style: Style
) -> None:
    """Brighten each pixel by the share of it that a dash covers, taken along and across."""
    table = np.array([(*dash.tail, *dash.head, dash.angle) for dash in dashes])
    half = style.thickness / 2
    width = math.ceil(style.dash + 2 * half) + 3  # a window about each dash, whatever its angle
    corner = np.floor((table[:, 0:2] + table[:, 2:4] - width) / 2).astype(np.int64)
    column, line = (corner[:, at, None] + np.arange(width) for at in (0, 1))
    x = (column + 0.5 - table[:, 0, None])[:, None, :]
    y = (line + 0.5 - table[:, 1, None])[:, :, None]
    cosine, sine = (f(table[:, 4])[:, None, None] for f in (np.cos, np.sin))
    along, across = x * cosine + y * sine, y * cosine - x * sine
    covered = np.minimum(across + 0.5, half) - np.maximum(across - 0.5, -half)
    ends = np.minimum(along + 0.5, style.dash) - np.maximum(along - 0.5, 0)
    shone = np.maximum(covered, 0) * np.maximum(ends, 0) * brightness[:, None, None]
    side = style.side
    inside = ((line >= 0) & (line < side))[:, :, None] & ((column >= 0) & (column < side))[:, None]
    pixel = line[:, :, None] * side + column[:, None]
    np.maximum.at(light.reshape(-1), pixel[inside], shone[inside])


def _draw_dot(light: np.ndarray, centre: tuple[float, float], radius: float) -> None:
    side = len(light)
    left, right = _span(centre[0] - radius - 1, centre[0] + radius + 1, side)
    low, high = _span(centre[1] - radius - 1, centre[1] + radius + 1, side)
    x = np.arange(left, right) + (0.5 - centre[0])
    y = np.arange(low, high)[:, None] + (0.5 - centre[1])
    window = light[low:high, left:right]
    np.maximum(window, np.clip(radius + 0.5 - np.hypot(x, y), 0, 1), out=window)


def _span(low: float, high: float, side: int) -> tuple[int, int]:
    return max(math.floor(low), 0), min(math.ceil(high), side)


def _draw_task(folder: Path, style: Style, key: str, n_images: int, start: int) -> list[str]:
    image_of = _pillow()
    told = []
    for number in range(start, min(start + _IN_A_TASK, n_images)):
        # A text seeds by its SHA-512, so neighbouring images share nothing.
        pixels, label, scene = draw(style, Random(f"ct_s5 pathfinder {key} {number}"))
        batch, at = divmod(number, _IN_A_BATCH)
        name = f"sample_{at}.png"
        image_of(pixels).save(folder / "imgs" / str(batch) / name)
        told.append(
            f"imgs/{batch} {name} {at} {label} {style.continuity} {style.path} {style.short} "
            f"{style.dash:g} {style.thickness} {scene.margin} 1\n"
        )
    return told


def _write_metadata(tasks: Iterable[list[str]], folder: Path) -> None:
    (folder / "metadata").mkdir()
    lines = (line for task in tasks for line in task)
    for batch, part in enumerate(_chunks(lines, _IN_A_BATCH)):
        (folder / "metadata" / f"{batch}.npy").write_text("".join(part), newline="")


def _chunks(lines: Iterator[str], size: int) -> Iterator[list[str]]:
    held: list[str] = []
    for line in lines:
        held.append(line)
        if len(held) == size:
            yield held
            held = []
    if held:
        yield held


def _pillow():
    try:
        from PIL import Image
    except ImportError as error:
        raise ImportError(
            "Pathfinder's images are png files, which need Pillow: pip install 'ct-s5[data]'."
        ) from error
    return Image.fromarray


def main() -> None:
    """Run `generate` from the command line."""
    told = argparse.ArgumentParser(description="Write pathfinder<side>/ below a folder.")
    told.add_argument("folder")
    told.add_argument("--side", type=int, default=32, choices=list(_STYLES))
    told.add_argument("--difficulty", default="hard", choices=list(LENGTHS))
    told.add_argument("--images", type=int, default=200_000)
    told.add_argument("--seed", type=int, default=0)
    told.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    asked = told.parse_args()
    options = {
        "side": asked.side,
        "difficulty": asked.difficulty,
        "n_images": asked.images,
        "seed": asked.seed,
        "processes": asked.processes,
    }
    run(partial(generate, asked.folder, **options), asked.folder)


if __name__ == "__main__":
    main()
