"""Pictures of sets whose files were not at hand: of files made here, and the title says so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from _card_panels import PALETTE, bare, dots, few_ticks, image, legend, sheet

from ct_s5.plots._style import INK

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_NOTE = "Made here, no real data"


def human_activity(data: Any) -> Figure:
    """Height of four tags, one at a time, coloured by activity."""
    times = (data.frame["ds"] / pd.Timedelta("1s")).to_numpy()
    doing = {"walking": (0, PALETTE[0]), "falling": (1, PALETTE[3]), "lying": (3, PALETTE[2])}
    tags = {"chest": "chest, m", "belt": "belt, m", "ankle_left": "left ankle, m"}
    with sheet(f"{_NOTE}: height of three of four tags", 3, 2.9, sharex=True) as (figure, panels):
        for axes, (tag, heading) in zip(panels, tags.items(), strict=True):
            for code, colour in doing.values():
                on = data.frame["activity"].to_numpy() == code
                dots(axes, times[on], data.frame[f"{tag}_z"][on], colour, 2.4)
            axes.set_title(heading, pad=3)
            axes.margins(y=0.15)
        few_ticks(panels)
        panels[-1].set_xlabel("seconds")
        legend(figure, {word: colour for word, (_, colour) in doing.items()})
    return figure


def pam(data: Any) -> Figure:
    """One window: two accelerations at every row, the heart rate now and then."""
    frame = data.frame(data.labels.index[:1])
    shown = {
        "heart_rate": "heart rate, beats/min",
        "hand_acceleration_x": "hand, m/s²",
        "ankle_acceleration_x": "ankle, m/s²",
    }
    title = f"{_NOTE}: 3 of 52 channels of a window"
    # Every second row is drawn, to keep the file small.
    return _channels(frame.iloc[::2], shown, title, pd.Timedelta("1s"), "seconds", 1.6)


def mimic(data: Any) -> Figure:
    """A stay: two channels charted at the bed, two from the laboratory."""
    shown = {
        "HR": "heart rate, beats/min",
        "SpO2": "oxygen saturation, %",
        "Lactate": "lactate, mmol/L",
        "Creatinine": "creatinine, mg/dL",
    }
    title = f"{_NOTE}: 4 of 26 channels of a stay"
    return _channels(data.frame, shown, title, pd.Timedelta("1h"), "hours", 3.0)


def _channels(
    frame: Any, shown: Mapping[str, str], title: str, unit: Any, word: str, size: float
) -> Figure:
    times = (frame["ds"] / unit).to_numpy()
    height = 0.56 * len(shown) + 0.75
    with sheet(title, len(shown), height, sharex=True) as (figure, panels):
        for k, (axes, (channel, heading)) in enumerate(zip(panels, shown.items(), strict=True)):
            dots(axes, times, frame[channel], PALETTE[k], size)
            axes.set_title(heading, pad=3)
            axes.margins(y=0.15)
        few_ticks(panels)
        panels[-1].set_xlabel(word)
    return figure


def cifar10(data: Any) -> Figure:
    """A picture, and its three colours as 1024 steps."""
    picture = data.images[0].transpose(1, 2, 0)
    return _pixels(picture, data.pixels([0])[0].T, ("red", "green", "blue"))


def lra_image(data: Any) -> Figure:
    """A picture in grey, and the same as 1024 steps."""
    return _pixels(data.images[0], data.pixels([0]), ("grey",))


def _pixels(picture: np.ndarray, rows: np.ndarray, names: tuple[str, ...]) -> Figure:
    ratios = [3, *([1] * len(names))]
    title = f"{_NOTE}: a picture, and below it as 1024 steps"
    with sheet(title, len(ratios), 1.4 + 0.32 * len(names), height_ratios=ratios) as (
        figure,
        panels,
    ):
        image(panels[0], picture)
        bare(panels[0])
        for axes, pixels, name in zip(panels[1:], rows, names, strict=True):
            image(axes, pixels[None], (0, 1024, 0, 40), aspect="auto")
            bare(axes)
            axes.set_title(name, pad=2)
    return figure


def lra_text(data: Any) -> Figure:
    """A review as characters, and as their numbers."""
    return _characters({"a good review": data.series("train/pos/0_10")}, data.vocabulary)


def lra_retrieval(pairs: Any) -> Figure:
    """The two texts of a pair, character by character."""
    texts = {"first text": pairs.first.series(0), "second text": pairs.second.series(0)}
    return _characters(texts, pairs.first.vocabulary)


def _characters(texts: Mapping[str, np.ndarray], vocabulary: tuple[str, ...]) -> Figure:
    height = 0.95 * len(texts) + 0.8
    title = f"{_NOTE}: characters, and the number of each"
    with sheet(title, len(texts), height, sharex=True) as (figure, panels):
        for axes, (name, tokens) in zip(panels, texts.items(), strict=True):
            dots(axes, range(len(tokens)), tokens, PALETTE[0], 3.4)
            top = 1.3 * max(tokens)
            for k, token in enumerate(tokens):
                letter = vocabulary[token]
                shown = "␣" if letter == " " else "end" if letter == "<eos>" else letter
                axes.text(k, top, shown, ha="center", va="center", color=INK, fontsize=7)
            axes.set_title(f"{name}: {len(tokens)} tokens", pad=3)
            axes.set_ylim(0, 1.5 * max(tokens))
        few_ticks(panels)
        panels[-1].set_xlabel("number of the character")
    return figure
