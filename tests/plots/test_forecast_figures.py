"""What the figures of forecasts, filled series and time constants draw: the artists' own data."""

import sys

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.dates import date2num

from ct_s5.estimators import TimeConstants
from ct_s5.plots import (
    figure_to_svg,
    plot_forecast,
    plot_imputation,
    plot_series,
    plot_time_constants,
)

ZONE = "Europe/Zurich"


def readings(name="a", hours=(0, 1, 2, 3, 20, 21), start="2024-03-30 12:00"):
    """Two channels; `temp` is missing in every second row."""
    when = pd.Timestamp(start, tz=ZONE) + pd.to_timedelta(list(hours), unit="h")
    pulse = 60.0 + np.arange(len(when))
    temp = np.where(np.arange(len(when)) % 2, np.nan, 37.0)
    return pd.DataFrame({"unique_id": name, "ds": when, "pulse": pulse, "temp": temp})


def answers(frame, *levels):
    """A forecast at the times of a frame."""
    told = frame.assign(temp=36.5)
    for level in levels:
        told[f"pulse-lo-{level}"] = told["pulse"] - level / 10
        told[f"pulse-hi-{level}"] = told["pulse"] + level / 10
    return told


HISTORY = readings()
AHEAD = readings(hours=(22, 24, 27))


def line(axes, label):
    (found,) = (drawn for drawn in axes.lines if drawn.get_label() == label)
    return np.array(found.get_xdata()), np.array(found.get_ydata())


def labels(figure):
    (legend,) = figure.legends
    return [text.get_text() for text in legend.get_texts()]


def days(frame):
    return date2num(frame["ds"].dt.tz_convert("UTC").dt.tz_localize(None))


def band(collection):
    """The corners of an interval as (times, low, high)."""
    corners = collection.get_paths()[0].vertices
    times = np.unique(corners[:, 0])
    ends = [corners[corners[:, 0] == time, 1] for time in times]
    return times, [e.min() for e in ends], [e.max() for e in ends]


def test_a_forecast_shows_what_came_before_and_what_is_expected():
    figure = plot_forecast(HISTORY, answers(AHEAD, 50, 90), actual=AHEAD, past=np.inf, title="A $1")
    pulse, temp = figure.axes
    assert [axes.get_title(loc="left") for axes in (pulse, temp)] == ["pulse", "temp"]
    np.testing.assert_allclose(line(pulse, "readings"), [days(HISTORY), HISTORY["pulse"]])
    np.testing.assert_allclose(line(pulse, "forecast"), [days(AHEAD), AHEAD["pulse"]])
    np.testing.assert_allclose(line(pulse, "what came"), [days(AHEAD), AHEAD["pulse"]])
    assert len(line(temp, "readings")[0]) == 3  # the cells that were read
    outer, inner = map(band, pulse.collections)
    np.testing.assert_allclose(outer, [days(AHEAD), AHEAD["pulse"] - 9, AHEAD["pulse"] + 9])
    np.testing.assert_allclose(inner, [days(AHEAD), AHEAD["pulse"] - 5, AHEAD["pulse"] + 5])
    assert not temp.collections
    assert labels(figure) == ["readings", "forecast", "50/90% interval", "what came"]
    assert figure.legends[0].get_title().get_text() == "A $1"
    (now,) = (drawn for drawn in pulse.lines if drawn.get_linestyle() == "--")
    assert now.get_xdata()[0] == days(HISTORY).max()


def test_the_order_of_rows_does_not_matter():
    shuffled = [part.sample(frac=1, random_state=1) for part in (HISTORY, answers(AHEAD, 90))]
    ours, theirs = plot_forecast(*shuffled), plot_forecast(HISTORY, answers(AHEAD, 90))
    assert figure_to_svg(ours) == figure_to_svg(theirs)


def test_only_the_near_past_is_shown_but_some_readings_always():
    long = readings(hours=range(-200, 22))
    (pulse, _) = plot_forecast(long, answers(AHEAD), past=3).axes
    shown, _ = line(pulse, "readings")
    assert shown.min() == pytest.approx(days(AHEAD).max() - 3 * 6 / 24 - 6 / 24)
    (_, temp) = plot_forecast(long, answers(AHEAD), past=0).axes
    assert len(line(temp, "readings")[0]) == 8
    (pulse, _) = plot_forecast(long, answers(AHEAD), past=np.inf).axes
    assert len(line(pulse, "readings")[0]) == 222


def test_silences_of_the_history_are_shaded():
    pulse, temp = plot_forecast(HISTORY, answers(AHEAD), past=np.inf).axes
    for axes in (pulse, temp):
        (span,) = axes.patches
        ends = span.get_x(), span.get_x() + span.get_width()
        np.testing.assert_allclose(ends, days(HISTORY)[3:5], atol=0.01)


def test_gaps_too_narrow_to_be_seen_are_not_shaded():
    seconds = np.arange(5000.0)
    seconds[2500:] += 10  # ten mean gaps, and a five-hundredth of the axis
    (axes,) = plot_series(seconds, np.ones(5000)).axes
    assert not axes.patches


def test_dates_are_labelled_in_the_zone_of_the_frame():
    """Noon in summer time is ten o'clock in UTC, where the axis is."""
    day = readings(hours=range(3), start="2024-07-01 11:00")
    figure = plot_forecast(day, answers(readings(hours=(3, 4), start="2024-07-01 11:00")))
    figure.draw_without_rendering()
    axes = figure.axes[-1]
    noon = date2num(np.datetime64("2024-07-01T10:00"))
    assert dict(zip(axes.get_xticks(), axes.get_xticklabels(), strict=True))[noon].get_text() in (
        "12:00",
        "Jul-01",
    )


def test_series_have_panels_and_times_of_their_own():
    other = readings("b", start="2025-01-01")
    ahead = pd.concat([answers(AHEAD, 90), answers(other.tail(2), 90)])
    history = pd.concat([HISTORY, other.head(4)])
    figure = plot_forecast(history, ahead)
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["a, pulse", "a, temp", "b, pulse", "b, temp"]
    one, two, three, _ = figure.axes
    assert one.get_xlim() == two.get_xlim() != three.get_xlim()
    only = plot_forecast(history, ahead, series="b", channels="pulse")
    assert [axes.get_title(loc="left") for axes in only.axes] == ["pulse"]
    both = plot_forecast(history, ahead, series=pd.Index(["b", "a"]), channels=["temp"])
    assert [axes.get_title(loc="left") for axes in both.axes] == ["b, temp", "a, temp"]


def test_a_series_without_history_and_a_channel_without_readings_are_drawn():
    (pulse, temp) = plot_forecast(readings("z"), answers(AHEAD)).axes
    assert [drawn.get_label() for drawn in pulse.lines] == ["forecast"]
    (pulse, temp) = plot_forecast(HISTORY.drop(columns="temp"), answers(AHEAD), past=np.inf).axes
    assert "readings" not in [drawn.get_label() for drawn in temp.lines]


def test_filled_cells_join_the_readings_and_intervals_close_on_them():
    filled = answers(HISTORY, 90).assign(temp=HISTORY["temp"].fillna(36.0))
    filled["temp-lo-90"], filled["temp-hi-90"] = filled["temp"] - 1, filled["temp"] + 1
    figure = plot_imputation(HISTORY, filled, actual=HISTORY.assign(temp=38.0))
    _, temp = figure.axes
    np.testing.assert_allclose(line(temp, "filled in"), [days(HISTORY), [37.0, 36] * 3])
    np.testing.assert_allclose(line(temp, "readings"), [days(HISTORY)[::2], [37.0] * 3])
    np.testing.assert_allclose(line(temp, "hidden"), [days(HISTORY)[1::2], [38.0] * 3])
    (drawn,) = temp.collections
    times, low, high = band(drawn)
    np.testing.assert_allclose([times, low, high], [days(HISTORY), [37, 35] * 3, [37.0, 37] * 3])
    assert labels(figure) == ["readings", "filled in", "90% interval", "hidden"]


def test_new_rows_of_a_filled_frame_are_drawn_too():
    more = pd.concat([HISTORY, readings(hours=(10,)).assign(pulse=50.0)])
    pulse, _ = plot_imputation(HISTORY, more.assign(temp=37.0)).axes
    assert 50.0 in line(pulse, "filled in")[1]
    assert 50.0 not in line(pulse, "readings")[1]


def test_many_readings_are_small_and_many_truths_lie_below_the_line():
    def figure(n):
        ahead = readings(hours=np.arange(n) / 100 + 22)
        return plot_forecast(HISTORY, answers(ahead), actual=ahead).axes[0]

    def drawn(axes, label):
        return next(d for d in axes.lines if d.get_label() == label)

    few, many = figure(10), figure(500)
    assert drawn(few, "what came").get_markersize() > drawn(many, "what came").get_markersize()
    assert drawn(few, "what came").get_zorder() > drawn(few, "forecast").get_zorder()
    assert drawn(many, "what came").get_zorder() < drawn(many, "forecast").get_zorder()


@pytest.mark.parametrize("kind", ["timedeltas", "numbers"])
def test_other_kinds_of_time(kind):
    def told(frame):
        times = frame["ds"] - HISTORY["ds"].iloc[0]
        return frame.assign(ds=times if kind == "timedeltas" else times / pd.Timedelta("1h"))

    figure = plot_forecast(told(HISTORY), told(answers(AHEAD, 90)), past=np.inf)
    np.testing.assert_allclose(line(figure.axes[0], "forecast")[0], [22, 24, 27])
    assert figure.axes[-1].get_xlabel() == ("time, h" if kind == "timedeltas" else "ds")
    assert figure.axes[0].get_xlabel() == ""


def test_other_names_of_columns_and_polars():
    polars = pytest.importorskip("polars")
    names = {"unique_id": "bed", "ds": "when"}
    frames = [
        polars.from_pandas(part.rename(columns=names).assign(when=lambda f: days_of(f)))
        for part in (HISTORY, answers(AHEAD, 90))
    ]
    figure = plot_forecast(*frames, id_col="bed", time_col="when")
    assert len(figure.axes) == 2


def days_of(frame):
    return frame["when"].dt.tz_convert("UTC").dt.tz_localize(None)


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"series": "q"}, r"no series 'q' to draw. There are: 'a'."),
        ({"channels": ["pulse", "q"]}, r"no channel 'q' to draw. There are: 'pulse', 'temp'."),
        ({"channels": []}, "0 panels"),
        ({"actual": HISTORY.assign(ds=1.0)}, "times of several kinds: datetime, number"),
    ],
)
def test_what_cannot_be_drawn_is_said(keywords, message):
    with pytest.raises(ValueError, match=message):
        plot_forecast(HISTORY, answers(AHEAD), **keywords)


def test_too_many_panels_are_refused():
    wide = HISTORY.assign(**{f"c{k}": 1.0 for k in range(12)})
    with pytest.raises(ValueError, match="14 panels: name 1 to 12 of them with series="):
        plot_imputation(wide, wide)


def test_half_lives_lie_over_the_gaps():
    gaps = np.concatenate([np.arange(1.0, 101), [0.0]])
    lives = {"block 0": [50.0, 200.0, 800.0], "block 1": [10.0]}
    (axes,) = plot_time_constants(lives, gaps).axes
    nine_in_ten, half = axes.patches
    for span, shares in ((nine_in_ten, [0.05, 0.95]), (half, [0.25, 0.75])):
        ends = span.get_x(), span.get_x() + span.get_width()
        np.testing.assert_allclose(ends, np.quantile(gaps[gaps > 0], shares))
    dots = [d for d in axes.lines if d.get_marker() == "o"]
    assert [sorted(d.get_xdata()) for d in dots] == [[50, 200, 800], [10]]
    assert [np.round(d.get_ydata()).tolist() for d in dots] == [[0, 0, 0], [1]]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["block 0", "block 1"]
    assert axes.get_title() == "median gap 50.5 s"
    low, high = axes.get_xlim()
    assert low < 5 < 800 < high
    assert len({to_hex(d.get_color()) for d in dots}) == 2


def test_what_an_estimator_found_is_drawn_as_it_is():
    table = pd.DataFrame({"block": [0, 0, 1], "half_life": [50.0, 200.0, 10.0]})
    found = TimeConstants(table, np.arange(1.0, 101), 1e3, False)
    (ours,) = plot_time_constants(found).axes
    (wanted,) = plot_time_constants({"block 0": [50, 200], "block 1": [10]}, found.gaps).axes
    assert ours.get_title() == wanted.get_title()
    for line, other in zip(ours.lines, wanted.lines, strict=True):
        np.testing.assert_array_equal(line.get_xdata(), other.get_xdata())

    with pytest.raises(ValueError, match="brings its gaps along: leave gaps= out"):
        plot_time_constants(found, [1.0])
    figure = plot_time_constants(pd.DataFrame({"block 0": [50.0, 200.0]}))
    assert figure.axes[0].get_yticklabels()[0].get_text() == "block 0"


def test_half_lives_in_numbers_and_alone():
    figure = plot_time_constants({"block 0": [3.0]}, numbers=True)
    figure.draw_without_rendering()
    (axes,) = figure.axes
    low, high = axes.get_xlim()
    ticks = [t.get_text() for t in axes.get_xticklabels() if low <= t.get_position()[0] <= high]
    assert ticks == ["1", "2", "5"]
    assert not axes.patches
    for nothing in ({}, {"block 0": [0.0]}, {"block 0": [np.nan]}):
        with pytest.raises(ValueError, match="no half-life to show"):
            plot_time_constants(nothing)


def test_every_figure_stands_alone_as_svg():
    drawn = {
        "forecast": plot_forecast(HISTORY, answers(AHEAD, 90), actual=AHEAD),
        "imputation": plot_imputation(HISTORY, answers(HISTORY, 90)),
        "constants": plot_time_constants({"block 0": [3.0, 9.0]}, [1.0, 2.0]),
    }
    for name, figure in drawn.items():
        svg = figure_to_svg(figure, name)
        assert "currentColor" in svg
        assert "#ffffff" not in svg
        assert "<image" not in svg


def test_without_matplotlib_the_way_out_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    for draw in (
        lambda: plot_forecast(HISTORY, answers(AHEAD)),
        lambda: plot_imputation(HISTORY, HISTORY),
        lambda: plot_time_constants({"block 0": [1.0]}),
    ):
        with pytest.raises(ImportError, match=r"pip install 'ct-s5\[plots\]'"):
            draw()


def test_a_channel_that_is_rarely_read_shows_its_readings_too():
    long = readings(hours=range(200))
    long["temp"] = np.where(np.arange(200) % 50 == 0, 37.0, np.nan)
    pulse, temp = plot_forecast(long, answers(readings(hours=(200,)))).axes
    assert len(line(temp, "readings")[0]) == 4
    assert len(line(pulse, "readings")[0]) == 200  # the two share their axis
    (pulse,) = plot_forecast(long, answers(readings(hours=(200,))), channels="pulse").axes
    assert len(line(pulse, "readings")[0]) == 8


def test_a_half_life_without_end_is_refused():
    with pytest.raises(ValueError, match="each must be above 0 and finite"):
        plot_time_constants({"block 1": [1.0, np.inf]})
