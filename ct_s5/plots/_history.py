"""plot_history: how training went, epoch by epoch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ct_s5.plots._style import colours, look, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_WORDS = {"loss": "training", "validation_loss": "validation"}


def plot_history(history, *, colour: Mapping[str, str] | None = None) -> Figure:
    """Loss by epoch.

    Args:
        history: The `history_` of an estimator (columns loss and validation_loss, a row an epoch):
            both are drawn, the best validated epoch is marked. Or a dict of such frames, or of
            lists of them (one a seed), by name: the validated loss of each is drawn, or the
            training loss where nothing was validated.
        colour: Of each name; by their order when left out.

    Raises:
        ValueError: No history, or one without a loss.
        ImportError: matplotlib is not installed.
    """
    lines: list[tuple[str, pd.Series]] = []
    if isinstance(history, Mapping) and "loss" not in history:
        for name, runs in history.items():
            for run in [runs] if isinstance(runs, pd.DataFrame | Mapping) else runs:
                frame = pd.DataFrame(run)
                key = "validation_loss" if "validation_loss" in frame else "loss"
                lines.append((str(name), _curve(frame, key)))
        label, best = "validated loss", None
    else:
        frame = pd.DataFrame(history)
        lines = [(word, _curve(frame, key)) for key, word in _WORDS.items() if key in frame]
        label, best = "loss", _best(frame) if "validation_loss" in frame else None
    if not lines or not any(len(line) for _, line in lines):
        raise ValueError("There is no history to show: it needs a column loss.")
    names = list(dict.fromkeys(name for name, _ in lines))
    colour = colours(names) if colour is None else colour
    several = len(lines) > len(names)
    with look():
        figure, (axes,) = new_figure(2.3)
        for name, line in lines:
            first = name not in axes.get_legend_handles_labels()[1]
            axes.plot(
                line.index,
                line,
                color=colour[name],
                linewidth=1.3,
                marker="o" if line.count() == 1 else None,  # where there is no line to see
                markersize=3,
                alpha=0.75 if several else 1,
                label=name if first else None,
            )
            if name == "validation" and best is not None:
                axes.plot(line.index[best], line.iloc[best], "o", color=colour[name], ms=4.5)
        axes.set_xlabel("epoch")
        axes.set_ylabel(label)
        axes.locator_params(axis="x", integer=True, min_n_ticks=1)
        axes.margins(x=0.02)
        figure.legend(loc="outside upper left", ncols=4, handlelength=1.2, columnspacing=1.2)
    return figure


def _best(frame: pd.DataFrame) -> int | None:
    """The epoch that validation chose: by the score that `fit` monitored, or by the loss."""
    scores = [c for c in frame if c.startswith("validation_") and c != "validation_loss"]
    chosen = -frame[scores[0]] if scores else frame["validation_loss"]
    chosen = chosen.to_numpy(np.float64)
    return int(np.nanargmin(chosen)) if np.isfinite(chosen).any() else None


def _curve(frame: pd.DataFrame, key: str) -> pd.Series:
    if key not in frame:
        raise ValueError(f"A history has the column loss; this one has {', '.join(frame.columns)}.")
    values = frame[key].to_numpy(np.float64)
    counted = frame.index.name == "epoch"
    return pd.Series(values, index=frame.index if counted else np.arange(1, len(values) + 1))
