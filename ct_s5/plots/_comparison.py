"""plot_comparison: every seed of every treatment, and what pairs them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ct_s5.plots._style import INK, colours, look, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_comparison(
    records: Sequence[Mapping[str, Any]],
    score: str = "accuracy",
    *,
    chance: float | None = None,
    label: str | None = None,
    colour: Mapping[str, str] | None = None,
) -> Figure:
    """Scores by treatment: a point a seed, the mean with one standard deviation, seeds joined.

    The faint lines join runs of one seed, which share split and weights: where all of them lean one
    way, the treatments differ whatever the spread. Each model has a panel of its own.

    Args:
        records: Dicts with model, treatment, seed and the score; the score may be missing or None,
            and `status` ("diverged" when left out) then says why, beside the treatment.
        score: Which entry to show.
        chance: What knowing nothing would score: a dashed line.
        label: Name of the axis; the score's own when left out.
        colour: Of each treatment; by their order when left out.

    Raises:
        ValueError: No record.
        ImportError: matplotlib is not installed.
    """
    if not records:
        raise ValueError("There is no record to show.")
    models = list(dict.fromkeys(str(r["model"]) for r in records))
    treatments = list(dict.fromkeys(str(r["treatment"]) for r in records))
    colour = colours(treatments) if colour is None else colour
    with look():
        height = len(models) * (0.34 * len(treatments) + 0.3) + 0.5
        figure, panels = new_figure(height, len(models), sharex=True)
        for axes, model in zip(panels, models, strict=True):
            runs = [r for r in records if str(r["model"]) == model]
            rows = [[r for r in runs if str(r["treatment"]) == t] for t in treatments]
            known = [{r["seed"]: r[score] for r in row if r.get(score) is not None} for row in rows]
            for seed in dict.fromkeys(r["seed"] for r in runs):
                # A run without a score breaks the line rather than being skipped over.
                path = [scores.get(seed, np.nan) for scores in known]
                axes.plot(path, range(len(path)), color=INK, linewidth=0.7, alpha=0.45, zorder=1)
            for y, (treatment, row, scores) in enumerate(zip(treatments, rows, known, strict=True)):
                found = np.array(list(scores.values()), np.float64)
                lost = Counter(r.get("status", "diverged") for r in row if r.get(score) is None)
                words = [_mean_and_sd(found)] if len(found) else []
                words += [f"{n} {status}" for status, n in lost.items()]
                axes.annotate(
                    "\n".join(words),
                    (1.02, y),
                    xycoords=("axes fraction", "data"),
                    va="center",
                    annotation_clip=False,
                )
                if not len(found):
                    continue
                axes.plot(found, [y] * len(found), "o", color=colour[treatment], ms=5, alpha=0.55)
                if len(found) > 1:
                    ends = found.mean() + np.array([-1, 1]) * found.std(ddof=1)
                    axes.plot(ends, [y, y], color=colour[treatment], lw=2, solid_capstyle="butt")
                axes.plot(found.mean(), y, "|", color=colour[treatment], ms=15, mew=2.5)
            if chance is not None:
                axes.axvline(chance, color=INK, linewidth=0.8, linestyle=(0, (4, 3)), zorder=0)
            axes.set_yticks(range(len(treatments)), treatments)
            axes.set_ylim(len(treatments) - 0.5, -0.5)
            axes.tick_params(axis="y", length=0)
            axes.spines["left"].set_visible(False)
            axes.margins(x=0.04)
            axes.locator_params(axis="x", nbins=5)
            if len(models) > 1:
                axes.set_title(model)
        panels[-1].set_xlabel(score if label is None else label)
    return figure


def _mean_and_sd(found) -> str:
    if len(found) < 2:
        return f"{found[0]:.2f}"
    return f"{found.mean():.2f} ± {found.std(ddof=1):.2f}"
