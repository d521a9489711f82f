"""Lay dashed paths into a square: two that start close together, and short ones around them.

Lengths are pixels, angles radians, points (x, y) with the pixel centres at halves. A dash is the
segment from its tail to its head; the next dash of a path begins two margins on, and turns about
the middle of that gap.
"""

import math
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

import numpy as np


class Dash(NamedTuple):
    """One segment and its direction."""

    tail: tuple[float, float]
    head: tuple[float, float]
    angle: float


@dataclass(frozen=True)
class Style:
    """What the images of one side and difficulty have in common.

    Attributes:
        side: Of the square.
        margins: The gap in a path is twice one of these; one is drawn for each image.
        dash: Length of a dash.
        thickness: Of a dash.
        dot: Radius of the two dots.
        apart: How far from each other the two long paths start.
        continuity: A turn t has the weight cos(continuity * t) squared; greater is straighter.
        path: Dashes of each of the two long paths.
        short: Dashes of a short path.
        n_short: How many short paths are tried.
        path_light: Brightness of the long paths' dashes before scaling.
        short_light: Brightness of the short paths' dashes before scaling; dots have 1.

    """

    side: int
    margins: tuple[int, ...]
    dash: float
    thickness: float
    dot: float
    apart: float
    continuity: float
    path: int
    short: int
    n_short: int
    path_light: float
    short_light: float


class Scene(NamedTuple):
    """Where everything of one image lies, before a label is drawn."""

    margin: int
    paths: tuple[list[Dash], list[Dash]]
    short: list[Dash]


_CELLS = 2  # of the grid of taken places, to a pixel, along each axis
_TURNS = 25
_MOST_STEPS_BACK = 60  # in one image, before it is begun anew
_STEP_BACK = 3  # dashes


def lay(style: Style, random: Random) -> Scene:
    """Draw the paths of one image; begins anew until both long ones have all their dashes.

    Both long paths are always laid, by the same rule, so that the label, which says whose ends get
    the dots, can be drawn afterwards and leaves no trace in the dashes.
    """
    while True:
        margin = style.margins[int(len(style.margins) * random.random())]
        ground = _Ground(style, margin, random)
        paths = ground.two_paths()
        if paths is None or not _ends_apart(paths, 2 * style.dot + 1):
            continue
        short: list[Dash] = []
        for _ in range(style.n_short):
            short += ground.short_path()
        return Scene(margin, paths, short)


def _ends_apart(paths: tuple[list[Dash], list[Dash]], least: float) -> bool:
    """Whether no dot could touch another, whichever two ends the label chooses."""
    return all(math.dist(one[0].tail, other[-1].head) >= least for one in paths for other in paths)


class _Ground:
    """The square and the places in it that are taken, on a grid finer than the pixels."""

    def __init__(self, style: Style, margin: int, random: Random):
        self.style, self.margin, self.random = style, margin, random
        self.period = style.dash + 2 * margin
        self.pad = math.ceil(2.5 * self.period) + 2
        self.width = _CELLS * (style.side + 2 * self.pad)
        taken = np.ones((self.width, self.width), dtype=np.uint8)
        edge = math.ceil(style.thickness / 2 + 0.5)
        inside = slice(_CELLS * (self.pad + edge), -_CELLS * (self.pad + edge))
        taken[inside, inside] = 0
        self.taken = taken.ravel()
        reach = math.ceil(_CELLS * (margin + style.thickness))
        y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
        near = x * x + y * y <= (_CELLS * (margin + style.thickness)) ** 2
        self.disk = (y * self.width + x)[near]
        # Points as complex numbers in cells: a turn of the whole is then one product.
        along = np.linspace(0, style.dash, math.ceil(_CELLS * style.dash) + 1)
        self.dash = _CELLS * along
        # Seen from the pivot: the dashes that may follow, one row each, and behind each the heads
        # of three dashes after it, which show whether the path could go on from there.
        widest = math.pi / 2 / style.continuity
        turns = np.linspace(-1, 1, _TURNS + 2)[1:-1] * widest
        ahead = self.period + (margin + style.dash) * np.exp(1j * widest * np.array([-0.7, 0, 0.7]))
        rows = np.concatenate([margin + along, ahead])
        self.following = _CELLS * np.exp(1j * turns)[:, None] * rows
        self.weights = np.cos(style.continuity * turns) ** 2
        self.turns, self.between = turns, turns[1] - turns[0]

    def two_paths(self) -> tuple[list[Dash], list[Dash]] | None:
        """Two long paths whose tails are `apart`, laid dash by dash in turn; None where stuck."""
        style, random = self.style, self.random
        inner = max(style.side - 4 * style.apart, 0.1 * style.side)
        low = (style.side - inner) / 2
        start = (low + inner * random.random(), low + inner * random.random())
        beside = _moved(start, math.tau * random.random(), style.apart)
        paths: list[list[Dash]] = []
        cells: list[list[np.ndarray]] = []
        for tail in (start, beside):
            dash = self._first(tail)
            if dash is None:
                return None
            paths.append([dash])
            cells.append([self._take(dash)])
        steps_back = 0
        while min(map(len, paths)) < style.path:
            mine = len(paths[0]) > len(paths[1])  # the shorter one goes on
            path, its = paths[mine], cells[mine]
            dash = self._next(path[-1], its[-1])
            if dash is not None:
                path.append(dash)
                its.append(self._take(dash))
                continue
            steps_back += 1
            if len(path) == 1 or steps_back > _MOST_STEPS_BACK:
                return None
            for _ in range(min(_STEP_BACK, len(path) - 1)):
                path.pop()
                self.taken[its.pop()] -= 1
        return paths[0], paths[1]

    def short_path(self) -> list[Dash]:
        """As many dashes of a short path as find room."""
        side, random = self.style.side, self.random
        for _ in range(2 * _TURNS):
            dash = self._first((side * random.random(), side * random.random()))
            if dash is not None:
                break
        else:
            return []
        path, cells = [dash], self._take(dash)
        while len(path) < self.style.short:
            dash = self._next(path[-1], cells)
            if dash is None:
                break
            cells = self._take(dash)
            path.append(dash)
        return path

    def _first(self, tail: tuple[float, float]) -> Dash | None:
        angle = math.tau * self.random.random()
        dash = Dash(tail, _moved(tail, angle, self.style.dash), angle)
        return None if self.taken[self._cells(dash)].any() else dash

    def _next(self, last: Dash, its_cells: np.ndarray) -> Dash | None:
        """A dash that goes on from the last one, on free ground and not into a dead end."""
        pivot = _moved(last.head, last.angle, self.margin)
        way = last.angle + self.between * (self.random.random() - 0.5)
        cells = self._at(pivot, self.following * complex(math.cos(way), math.sin(way)))
        self.taken[its_cells] -= 1  # the gap to one's own last dash is as it should be
        taken = self.taken[cells] > 0
        self.taken[its_cells] += 1
        blocked = taken[:, : len(self.dash)].any(axis=1) | taken[:, len(self.dash) :].all(axis=1)
        summed = np.cumsum(self.weights * ~blocked)
        if summed[-1] < 1e-4:
            return None
        chosen = int(np.searchsorted(summed, summed[-1] * self.random.random(), side="right"))
        angle = way + float(self.turns[min(chosen, _TURNS - 1)])
        tail = _moved(pivot, angle, self.margin)
        return Dash(tail, _moved(tail, angle, self.style.dash), angle)

    def _take(self, dash: Dash) -> np.ndarray:
        cells = (self._cells(dash)[:, None] + self.disk).ravel()
        self.taken[cells] += 1  # once a cell, however often the cell is in the list
        return cells

    def _cells(self, dash: Dash) -> np.ndarray:
        turn = complex(math.cos(dash.angle), math.sin(dash.angle))
        return self._at(dash.tail, self.dash * turn)

    def _at(self, origin: tuple[float, float], steps: np.ndarray) -> np.ndarray:
        """The cells of the grid these steps from a point lead to, as places in the flat array."""
        x, y = (_CELLS * (value + self.pad) for value in origin)
        line, column = (np.imag(steps) + y).astype(np.int64), (np.real(steps) + x).astype(np.int64)
        return line * self.width + column


def _moved(point: tuple[float, float], angle: float, by: float) -> tuple[float, float]:
    return point[0] + by * math.cos(angle), point[1] + by * math.sin(angle)
