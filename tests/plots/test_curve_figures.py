"""Curves over corruptions, and one series in several states."""

import itertools
import re
import xml.etree.ElementTree as ET

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from ct_s5.plots import colours, figure_to_svg, plot_curves, plot_samples

RATES = [0.0, 0.3, 0.5]


def lines(n):
    return {f"model {k}": (RATES, [0.9 - k / 50, 0.7, 0.4], [0.02, 0.03, 0.01]) for k in range(n)}


def drawn(axes):
    return [line for line in axes.lines if line.get_marker() not in ("None", "")]


def across(line):
    return np.asarray(line.get_xdata(), float)


def up(line):
    return np.asarray(line.get_ydata(), float)


def texts(svg):
    return ["".join(node.itertext()) for node in ET.fromstring(svg).iter() if "text" in node.tag]


def test_a_curve_goes_through_its_means_with_a_band_of_one_deviation():
    figure = plot_curves(lines(2), rate="drop", score="test accuracy", chance=0.25, title="$s_5$")
    (axes,) = figure.axes
    for line, (rates, means, _) in zip(drawn(axes), lines(2).values(), strict=True):
        assert across(line).tolist() == rates
        assert up(line).tolist() == means
    band = np.asarray(axes.collections[0].get_paths()[0].vertices)
    at = band[band[:, 0] == 0.3, 1]
    assert (at.min(), at.max()) == pytest.approx((0.67, 0.73))
    assert any(up(line).tolist() == [0.25, 0.25] for line in axes.lines)
    words = texts(figure_to_svg(figure, "curves"))
    assert {"drop", "test accuracy", "$s_5$", "model 0", "model 1", "0.3"} <= set(words)


def test_one_line_has_no_legend():
    assert not plot_curves(lines(1)).legends


@pytest.mark.parametrize("n", [10, 14, 20])
def test_no_two_of_many_lines_look_the_same(n):
    (axes,) = plot_curves(lines(n)).axes
    looks = [(to_hex(x.get_color()), x.get_marker(), x.get_linestyle()) for x in drawn(axes)]
    assert len(set(looks)) == len(looks) == n
    assert len(axes.collections) == 1  # the band of the first


def test_a_name_keeps_the_colour_it_is_given():
    colour = colours(["true", "equal", "shuffled"])
    curve = lines(1)["model 0"]
    (axes,) = plot_curves({"shuffled": curve, "equal": curve}, colour=colour).axes
    assert [to_hex(x.get_color()) for x in drawn(axes)] == [colour["shuffled"], colour["equal"]]


def test_what_is_not_known_breaks_line_and_band():
    gap = (RATES, [0.9, np.nan, 0.4], [np.nan, np.nan, np.nan])
    figure = plot_curves({"a": gap})
    (axes,) = figure.axes
    assert np.isnan(up(drawn(axes)[0])[1])
    figure_to_svg(figure, "a gap")


@pytest.mark.parametrize("rates", [[0, 0.01, 0.02, 0.03, 1], [0, 0.5, 0.97, 0.98, 0.99], [0.0]])
def test_numbers_of_the_rates_do_not_collide(rates):
    figure = plot_curves({"a": (rates, rates, rates)})
    figure.draw_without_rendering()
    (axes,) = figure.axes
    boxes = [label.get_window_extent() for label in axes.get_xticklabels()]
    assert all(a.x1 < b.x0 for a, b in itertools.pairwise(boxes))
    ticks = list(axes.get_xticks())
    assert (ticks[0], ticks[-1]) == (rates[0], rates[-1])


@pytest.mark.parametrize("n", [3, 10, 14])
def test_nothing_lies_beyond_the_edge_of_the_figure(n):
    named = {f"resample-linear+equal {k}": v for k, v in enumerate(lines(n).values())}
    figure = plot_curves(named, rate="drop", title="title")
    figure.draw_without_rendering()
    legend = figure.legends[0].get_window_extent()
    (axes,) = figure.axes
    assert legend.x0 >= 0
    assert legend.x1 <= figure.bbox.x1
    whole = axes.get_tightbbox()
    assert whole is not None
    assert legend.y1 <= whole.y0
    assert axes.get_window_extent().height > 1.5 * figure.dpi


def test_curves_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="lines is empty"):
        plot_curves({})
    with pytest.raises(ValueError, match="The line 'a' has 2, 1, 2 rates, means and standard"):
        plot_curves({"a": ([0, 1], [0], [0, 1])})


TIMES = np.array([0, 10, 25, 60, 61]) * np.timedelta64(1, "s")
VALUES = [1.0, 2.0, np.nan, 4.0, 5.0]


@pytest.mark.parametrize(
    "times",
    [
        TIMES,
        TIMES + np.datetime64("2024-03-01", "s"),
        pd.Series(pd.to_timedelta(TIMES)) + pd.Timestamp("2024-03-30", tz="Europe/Berlin"),
        [0.0, 10.0, 25.0, 60.0, 61.0],
    ],
)
def test_each_state_stands_before_what_it_was(times):
    kept = [0, 3]
    states = {"as they are": (times, VALUES), "drop=$0.5$": (pd.Series(times)[kept], [1.0, 4.0])}
    figure = plot_samples(states)
    first, second = figure.axes
    (whole,) = first.lines
    before, after = second.lines
    assert np.array_equal(before.get_xydata(), whole.get_xydata(), equal_nan=True)
    assert np.array_equal(across(after), across(whole)[kept])
    assert first.get_xlim() == second.get_xlim()
    words = texts(figure_to_svg(figure, "states"))
    assert "as they are: 4 readings" in words
    assert "drop=$0.5$: 2 readings" in words


def test_states_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="There are 0 states to draw: give 1 to 12"):
        plot_samples({})
    with pytest.raises(ValueError, match=re.escape("'a' has 2 times and 1 values")):
        plot_samples({"a": ([0, 1], [1.0])})
