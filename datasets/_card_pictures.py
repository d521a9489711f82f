"""One picture a card: a few series as they are, in their own time and with their gaps.

Each function takes the parts that the card counts, by name, and gives a figure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from _card_panels import PALETTE, bare, dots, few_ticks, image, legend, sheet, silences, strokes

from ct_s5.plots._style import INK

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Parts = Mapping[str, Any]
BLUE, ORANGE, VIOLET, ROSE = PALETTE[:4]


def channels(
    data: Any,
    unique_id: object,
    shown: Mapping[str, str],
    title: str,
    unit: str,
    *,
    label: str | None = None,
) -> Figure:
    """One series, a panel for each of some channels.

    Args:
        data: A `Dataset`.
        unique_id: Of the series.
        shown: Channel -> heading of its panel.
        title: Above all.
        unit: Of time, as pandas abbreviates it, such as "h".
        label: A column of 0 and 1 that is a label a reading: where it is 1, rows are underlined.
    """
    rows = data.frame[data.frame["unique_id"] == unique_id]
    times = _since(rows["ds"], pd.Timedelta(0), unit)
    readings = rows.drop(columns=["unique_id", "ds", *([label] if label else [])])
    with sheet(title, len(shown), 0.56 * len(shown) + 0.75, sharex=True) as (figure, panels):
        for k, (axes, (channel, heading)) in enumerate(zip(panels, shown.items(), strict=True)):
            silences(axes, times[readings.notna().any(axis=1)])
            dots(axes, times, rows[channel], PALETTE[k])
            axes.set_title(heading, pad=3)
            axes.margins(y=0.15)
            if label is not None:
                on = times[rows[label] == 1]
                axes.plot(
                    [on.min() - 0.5, on.max() + 0.5],
                    [0, 0],
                    color=ROSE,
                    linewidth=3,
                    transform=axes.get_xaxis_transform(),
                    solid_capstyle="butt",
                )
        few_ticks(panels)
        panels[-1].set_xlabel(_WORDS[unit])
    return figure


_WORDS = {"s": "seconds", "min": "minutes", "h": "hours", "D": "days"}


def _since(times: Any, start: Any, unit: str) -> np.ndarray:
    return ((times - start) / pd.Timedelta(1, unit)).to_numpy(float)  # pyright: ignore


def _one(data: Any, unique_id: object) -> Any:
    return data.frame[data.frame["unique_id"] == unique_id]


def physionet2012(parts: Parts) -> Figure:
    """A stay of 48 hours, four channels read at four paces."""
    shown = {
        "HR": "heart rate, beats/min",
        "Temp": "temperature, °C",
        "Lactate": "lactate, mmol/L",
        "Urine": "urine, mL",
    }
    return channels(parts["a"], 132939, shown, "Stay 132939: 4 of 37 channels", "h")


def physionet2019(parts: Parts) -> Figure:
    """A stay until its sepsis; the hours with label 1 are underlined."""
    shown = {
        "HR": "heart rate, 1/min",
        "Temp": "temperature, °C",
        "Lactate": "lactate",
        "WBC": "white blood cells, 1000/µL",
    }
    title = "Stay 100838: 4 of 34 channels; red: SepsisLabel is 1"
    return channels(parts[""], 100838, shown, title, "h", label="SepsisLabel")


def ushcn(parts: Parts) -> Figure:
    """A station's winter, with a month that nobody reported."""
    rows = _one(parts["1996-2000"], "USC00107264")
    rows = rows[rows["ds"].between("1996-10-01", "1997-05-31")]
    times = _since(rows["ds"], pd.Timestamp("1996-10-01"), "D")
    with sheet("Station USC00107264, day by day", 3, 2.6, sharex=True) as (figure, panels):
        for axes in panels:
            silences(axes, times)
        dots(panels[0], times, rows["TMAX"], ORANGE, 2.4)
        dots(panels[0], times, rows["TMIN"], BLUE, 2.4)
        dots(panels[1], times, rows["PRCP"], PALETTE[6], 2.4)
        dots(panels[2], times, rows["SNWD"], VIOLET, 2.4)
        headings = ("highest and lowest temperature, °C", "precipitation, mm", "snow depth, mm")
        for axes, heading in zip(panels, headings, strict=True):
            axes.set_title(heading, pad=3)
            axes.margins(y=0.1)
        few_ticks(panels)
        months = pd.date_range("1996-10-01", "1997-06-01", freq="MS")
        days = (months - months[0]) / pd.Timedelta(1, "D")
        panels[-1].set_xticks(days, [f"{month:%b}" for month in months])
        panels[-1].set_xlabel("1996 to 1997")
    return figure


def wearable(parts: Parts) -> Figure:
    """A trial, its readings coloured by what the person does."""
    rows = _one(parts["S1"], "d1p17F")
    times = _since(rows["ds"], pd.Timedelta(0), "s")
    activities = {"on bed": BLUE, "on chair": ORANGE, "lies": VIOLET, "walks": ROSE}
    axes_shown = {"frontal": "frontal, g", "vertical": "vertical, g", "lateral": "lateral, g"}
    with sheet("Trial d1p17F: acceleration", 3, 2.9, sharex=True) as (figure, panels):
        for axes, (channel, heading) in zip(panels, axes_shown.items(), strict=True):
            silences(axes, times)
            for k, colour in enumerate(activities.values()):
                on = rows["activity"].to_numpy() == k + 1
                dots(axes, times[on], rows[channel][on], colour)
            axes.set_title(heading, pad=3)
            axes.margins(y=0.15)
        few_ticks(panels)
        panels[-1].set_xlabel("seconds")
        legend(figure, activities)
    return figure


def earthquakes(parts: Parts) -> Figure:
    """A month of three networks: where events come in swarms and where one by one."""
    data = parts["network"]
    networks = {"hv": "hv, Hawaii", "nn": "nn, Nevada", "tx": "tx, Texas"}
    start = pd.Timestamp("2023-03-05", tz="UTC")
    title = "Events of three networks: magnitude"
    with sheet(title, 3, 2.5, sharex=True, sharey=True) as (figure, panels):
        for k, (axes, (network, heading)) in enumerate(zip(panels, networks.items(), strict=True)):
            rows = _one(data, network)
            dots(axes, _since(rows["ds"], start, "D"), rows["magnitude"], PALETTE[k], 2.2)
            axes.set_title(f"{heading}: {len(rows)} events", pad=3)
        few_ticks(panels)
        panels[-1].set_xlabel("days since 5 March 2023")
    return figure


def hurdat2(parts: Parts) -> Figure:
    """The longest track there is: wind always, pressure now and then."""
    rows = _one(parts[""], "EP101994")
    times = _since(rows["ds"], rows["ds"].min(), "D")
    title = "EP101994 John: wind at every row, pressure at one in three"
    with sheet(title, 2, 2.1, sharex=True) as (figure, panels):
        dots(panels[0], times, rows["wind"], BLUE)
        dots(panels[1], times, rows["pressure"], ORANGE)
        panels[0].set_title("wind, kt", pad=3)
        panels[1].set_title("pressure, hPa", pad=3)
        few_ticks(panels)
        panels[-1].set_xlabel("days since 11 August 1994")
    return figure


def gps(parts: Parts) -> Figure:
    """How far a bus and a car have come, and where the phone lost them."""
    trips = {13: "track 13, bus", 17: "track 17, car"}
    title = "Ten minutes of two trips: distance from the start, km"
    with sheet(title, 2, 2.1, sharex=True) as (figure, panels):
        for k, (axes, (track, heading)) in enumerate(zip(panels, trips.items(), strict=True)):
            rows = _one(parts[""], track)
            times = _since(rows["ds"], rows["ds"].min(), "min")
            seen = (times >= 10) & (times <= 20)
            silences(axes, times[seen], 5)
            dots(axes, times[seen], _kilometres(rows)[seen], PALETTE[k], 2.4)
            axes.set_title(heading, pad=3)
        few_ticks(panels)
        panels[-1].set_xlabel("minutes")
    return figure


def _kilometres(rows: Any) -> np.ndarray:
    """From the first position of a track, as on a flat map: trips stay within a city."""
    north, east = (np.radians(rows[name].to_numpy()) for name in ("latitude", "longitude"))
    return 6371 * np.hypot(north - north[0], (east - east[0]) * np.cos(north[0]))


def glucose(parts: Parts) -> Figure:
    """Two people for two days: five minutes a reading, until the sensor is out of reach."""
    people = (("PhysioCGM", "c1s02", "2022-03-28"), ("BIGIDEAs", "010", "2020-03-28"))
    with sheet("Glucose, mg/dl", 2, 2.1, sharex=True, sharey=True) as (figure, panels):
        for k, (axes, (part, person, day)) in enumerate(zip(panels, people, strict=True)):
            start = pd.Timestamp(day)
            rows = _one(parts[part], person)
            rows = rows[rows["ds"].between(start, start + pd.Timedelta("2D"))]
            times = _since(rows["ds"], start, "h")
            silences(axes, times)
            dots(axes, times, rows["glucose"], PALETTE[k], 2.0)
            axes.set_title(f"{part}, person {person}", pad=3)
        few_ticks(panels)
        panels[-1].set_xticks(range(0, 49, 12))
        panels[-1].set_xlabel("hours since midnight")
    return figure


def rr_intervals(parts: Parts) -> Figure:
    """Five minutes of two hearts, the third hour of each record."""
    records = {"normal": ("nsr001", "healthy"), "chf": ("chf201", "failing")}
    with sheet("From one beat to the next, ms", 2, 2.1, sharex=True) as (figure, panels):
        for k, (axes, (part, (record, word))) in enumerate(
            zip(panels, records.items(), strict=True)
        ):
            rows = _one(parts[part], record)
            times = _since(rows["ds"], pd.Timedelta("2h"), "min")
            seen = (times >= 0) & (times < 5)
            dots(axes, times[seen], rows["rr"][seen], PALETTE[k], 2.2)
            axes.set_title(f"{record}, {word}: {seen.sum()} beats", pad=3)
        few_ticks(panels)
        panels[-1].set_xlabel("minutes")
    return figure


def oscillators(parts: Parts) -> Figure:
    """One oscillator of each class: bursts, silences, and mostly one channel at a time."""
    data = parts["frequency"]
    words = {"slow": "slow, 0.4 Hz", "medium": "medium, 0.7 Hz", "fast": "fast, 1.2 Hz"}
    with sheet("One of each class", 3, 3.3) as (figure, panels):
        for axes, (kind, heading) in zip(panels, words.items(), strict=True):
            rows = _one(data, data.labels.index[data.labels == kind][0])
            times = _since(rows["ds"], pd.Timedelta(0), "s")
            silences(axes, times)
            dots(axes, times, rows["position"], BLUE)
            dots(axes, times, rows["velocity"], ORANGE)
            axes.set_title(heading, pad=3)
        few_ticks(panels)
        panels[-1].set_xlabel("seconds")
        legend(figure, {"position": BLUE, "velocity": ORANGE})
    return figure


def ornstein_uhlenbeck(parts: Parts) -> Figure:
    """A series, and the best forecast of what comes next at any time between its readings."""
    from ct_s5_datasets import PROCESSES

    rows = _one(parts["noisy"], 7)
    start = pd.Timedelta("100s")
    rows = rows[rows["ds"] < start]
    clock = pd.to_timedelta(np.arange(0, 100, 0.25), unit="s")
    asked = pd.DataFrame({"unique_id": 7, "ds": clock})
    best = PROCESSES["noisy"].forecast(rows, asked)
    mean, spread = best["mean"].to_numpy(), np.sqrt(best["variance"].to_numpy())
    seconds = clock.total_seconds().to_numpy()
    title = "Readings, and the best forecast of the next ± 2 σ"
    with sheet(title, 1, 1.9) as (figure, (axes,)):
        axes.fill_between(
            seconds, mean - 2 * spread, mean + 2 * spread, color=BLUE, alpha=0.22, linewidth=0
        )
        axes.plot(seconds, mean, color=BLUE, linewidth=1)
        dots(axes, _since(rows["ds"], pd.Timedelta(0), "s"), rows["value"], ORANGE, 3.6)
        axes.set_xlabel("seconds")
        axes.margins(x=0.01)
    return figure


def uea(parts: Parts) -> Figure:
    """A word of JapaneseVowels, whole and with half of its readings dropped."""
    longest = parts["JapaneseVowels"].frame.groupby("unique_id").size().idxmax()
    title = f"JapaneseVowels, series {longest}: 3 of 12 channels"
    with sheet(title, 2, 2.1, sharex=True, sharey=True) as (figure, panels):
        for axes, (part, data) in zip(panels, parts.items(), strict=True):
            rows = _one(data, longest)
            times = _since(rows["ds"], pd.Timedelta(0), "s")
            silences(axes, times, 2)
            for k in range(3):
                dots(axes, times, rows[f"channel_{k}"], PALETTE[k], 3.4)
            axes.set_title(f"{part}: {len(rows)} readings", pad=3)
            axes.margins(y=0.1)
        few_ticks(panels)
        panels[-1].set_xlabel("number of the reading, one second each")
    return figure


def pendulum(parts: Parts) -> Figure:
    """A stretch of two films, each frame at its time: noise in one, blank frames in the other."""
    headings = {
        "regression": "regression: what is the angle?",
        "interpolation": "interpolation: what was on the blank frames?",
    }
    with sheet("Twelve frames' time of one film of each task", 2, 2.5) as (figure, panels):
        # Films in which the noise, or the blank, comes and goes within twelve frames.
        films = {"regression": (45, 35), "interpolation": (4, 44)}
        for axes, (part, heading) in zip(panels, headings.items(), strict=True):
            data, (k, first) = parts[part], films[part]
            film = zip(data.times[k], data.images[k], data.observed[k], strict=True)
            for number, frame, shown in film:
                if not first <= number < first + 12:
                    continue
                left, right = number + 0.03, number + 0.97
                if shown:
                    image(axes, frame, (left, right, 0.03, 0.97))
                else:
                    corners = [left, right, right, left], [0.03, 0.03, 0.97, 0.97]
                    axes.fill(*corners, fill=False, edgecolor=INK, linewidth=0.8)
            axes.set_xlim(first, first + 12)
            axes.set_ylim(0, 1)
            axes.set_aspect("equal")
            axes.set_yticks([])
            axes.spines["left"].set_visible(False)
            axes.set_title(heading, pad=3)
            axes.set_xlabel(f"number of the frame, {data.milliseconds} ms each")
    return figure


def mnist(parts: Parts) -> Figure:
    """Ten digits, and the first of them as the 784 steps that a model reads."""
    data = parts["test"]
    firsts = data.labels.groupby(data.labels).head(1).sort_values().index
    orders = {"sequential": data.pixels([firsts[5]])[0]}
    mixed = np.random.default_rng(0).permutation(784)
    orders["permuted"] = orders["sequential"][mixed]
    with sheet(
        "The first of each digit; below, the 5 as 784 steps", 3, 1.75, height_ratios=[3, 1, 1]
    ) as (figure, panels):
        strip = np.concatenate(data.images[data.positions(firsts)], axis=1)
        image(panels[0], strip)
        bare(panels[0])
        for axes, (order, pixels) in zip(panels[1:], orders.items(), strict=True):
            image(axes, pixels[None], (0, 784, 0, 40), aspect="auto")
            bare(axes)
            axes.set_title(order, pad=2)
    return figure


def spoken_digits(parts: Parts) -> Figure:
    """Three recordings of unequal length."""
    return _recordings(
        parts[""], {"7_jackson_32": "seven", "2_george_7": "two", "0_lucas_9": "zero"}
    )


def speech_commands(parts: Parts) -> Figure:
    """Three words of one second each."""
    data = parts["10"]
    words = ("yes", "stop", "go")
    ids = {data.labels.index[data.labels == word][0]: word for word in words}
    return _recordings(data, ids)


def _recordings(data: Any, words: Mapping[str, str]) -> Figure:
    title = f"Amplitude of {len(words)} recordings, {data.rate:,} samples a second"
    with sheet(title, len(words), 2.6, sharex=True, sharey=True) as (figure, panels):
        for k, (axes, (name, word)) in enumerate(zip(panels, words.items(), strict=True)):
            samples = data.series(name)
            # Nobody sees 16,000 samples side by side: a stroke from the least to the largest of 50.
            starts = np.arange(0, len(samples), data.rate // 320)
            low, high = (f.reduceat(samples, starts) / 2.0**15 for f in (np.minimum, np.maximum))
            strokes(axes, starts / data.rate, low, high, PALETTE[k], 0.9)
            axes.set_title(f"{word}: {len(samples):,} samples", pad=3)
        few_ticks(panels)
        panels[-1].set_xlabel("seconds")
    return figure


def lra_listops(parts: Parts) -> Figure:
    """A short expression token by token, and how deep a long one goes."""
    data = parts["original, test"]
    lengths = np.diff(data.offsets)
    short = data.labels.index[lengths == 18][3]
    tokens = [data.vocabulary[token] for token in data.series(short)]
    longest = data.labels.index[lengths.argmax()]
    with sheet("Two expressions of the original test set", 2, 2.4) as (figure, panels):
        depth = 0
        axes = panels[0]
        for k, token in enumerate(tokens):
            depth += token.startswith("[")
            colour = PALETTE[depth - 1] if token[0] in "[]" else INK
            axes.text(
                k, -max(depth, 1), token, ha="center", va="center", color=colour, fontsize=8.5
            )
            depth -= token == "]"
        axes.set_xlim(-0.7, len(tokens) - 0.3)
        axes.set_ylim(-3.6, -0.4)
        bare(axes)
        axes.set_title(f"{len(tokens)} tokens, value {data.labels[short]}", pad=3)
        names = np.array(data.vocabulary)[data.series(longest)]
        steps = np.char.startswith(names, "[").astype(int) - (names == "]")
        open_now = [0, *np.cumsum(steps), 0]
        panels[1].fill([0, *range(len(steps)), len(steps)], open_now, color=BLUE, linewidth=0)
        panels[1].set_title(
            f"{len(steps)} tokens, value {data.labels[longest]}: how many brackets are open", pad=3
        )
        panels[1].set_xlabel("number of the token")
        few_ticks(panels[1:])
    return figure


def lra_pathfinder(parts: Parts) -> Figure:
    """Three images of Path-X: dots that lie on one path, and dots that do not."""
    data = parts["128 x 128"]
    labels = data.labels.iloc[:3]
    strip = np.full((128, 3 * 144 - 16), 255, np.uint8)
    for k, pixels in enumerate(data.images[:3]):
        strip[:, 144 * k : 144 * k + 128] = pixels
    with sheet("Do the two dots lie at the ends of one path?", 1, 1.9) as (figure, (axes,)):
        image(axes, strip)
        bare(axes)
        for k, label in enumerate(labels):
            axes.text(144 * k + 64, -4, "yes" if label else "no", ha="center", fontsize=8.5)
    return figure
