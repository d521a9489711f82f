import re
import subprocess
import sys
import xml.etree.ElementTree as ET

import numpy as np
import pandas as pd
import pytest
from matplotlib.dates import date2num
from matplotlib.figure import Figure

from ct_s5.plots import (
    colours,
    duration,
    figure_to_svg,
    plot_comparison,
    plot_curves,
    plot_gaps,
    plot_history,
    plot_scaling,
    plot_series,
)
from ct_s5.plots._units import duration_ticks

RECORDS = [
    {"model": model, "treatment": treatment, "seed": seed, "accuracy": score + seed / 100}
    for model, treatment, score in [
        ("s5", "true", 0.9),
        ("s5", "equal", 0.4),
        ("gru", "true", 0.5),
        ("gru", "equal", 0.45),
    ]
    for seed in range(3)
]
HISTORY = pd.DataFrame({"loss": [3.0, 2.0, 1.0], "validation_loss": [3.0, 2.5, 2.7]})
FRAME = pd.DataFrame(
    {
        "unique_id": ["a"] * 5 + ["b"] * 3,
        "ds": pd.to_timedelta([0, 1, 2, 4, 600, 0, 30, 60], unit="s"),
        "x": [1.0, 2, np.nan, 4, 5, 6, 7, 8],
    }
)


def figures():
    times = np.array([0, 1, 2, 3, 40]) * np.timedelta64(1, "h")
    values = np.array([[1.0, np.nan], [np.nan, 2], [3, 4], [4, 5], [5, 6]])
    history = HISTORY.set_index(pd.RangeIndex(1, 4, name="epoch"))
    return {
        "gaps": plot_gaps(np.geomspace(0.1, 1e6, 500)),
        "gaps of a frame": plot_gaps(FRAME),
        "counted gaps": plot_gaps([1, 10, 100.0], counts=[3, 9], numbers=True, median=20),
        "one gap": plot_gaps([60.0]),
        "comparison": plot_comparison(RECORDS, chance=0.33),
        "diverged": plot_comparison([*RECORDS[:6], {**RECORDS[0], "accuracy": None, "seed": 9}]),
        "one seed": plot_comparison(RECORDS[::3]),
        "history": plot_history(history),
        "histories": plot_history({"true": [HISTORY, HISTORY], "equal": HISTORY[["loss"]]}),
        "series": plot_series(times, values, channels=["a$b$", "体温 <b>"], title="$x_1$"),
        "dates": plot_series(np.datetime64("2024-03-01", "s") + times, values),
        "numbers": plot_series(np.arange(5.0), values[:, 0]),
        "no reading": plot_series(np.arange(5.0), np.full(5, np.nan)),
    }


@pytest.fixture(scope="module")
def drawn():
    return {name: figure_to_svg(figure, name) for name, figure in figures().items()}


def texts(svg):
    return ["".join(node.itertext()) for node in ET.fromstring(svg).iter() if "text" in node.tag]


def test_every_figure_is_an_svg_that_stands_alone(drawn):
    for name, svg in drawn.items():
        root = ET.fromstring(svg)
        assert root.get("viewBox"), name
        assert root.get("width") is None, name
        assert root.get("aria-label") == name
        assert "currentColor" in svg
        assert "<metadata" not in svg
        assert "<image" not in svg
        assert all(link.startswith("#") for link in re.findall(r'href="([^"]*)"', svg)), name


def test_the_same_figure_is_the_same_text(drawn):
    for name, figure in figures().items():
        assert figure_to_svg(figure, name) == drawn[name]


def test_nothing_white_is_painted_behind(drawn):
    for name, svg in drawn.items():
        assert "#ffffff" not in svg, name


def test_ids_differ_between_figures(drawn):
    ids = [found for svg in drawn.values() for found in set(re.findall(r' id="([^"]*)"', svg))]
    assert len(ids) == len(set(ids))


def test_names_are_text_and_no_formulas(drawn):
    assert {"a$b$", "体温 <b>", "$x_1$"} <= set(texts(drawn["series"]))


def test_a_comparison_shows_every_seed_and_the_mean():
    figure = plot_comparison(RECORDS)
    s5, gru = figure.axes
    assert [axes.get_title(loc="left") for axes in (s5, gru)] == ["s5", "gru"]
    points = [line.get_xdata() for line in s5.lines if line.get_marker() == "o"]
    np.testing.assert_allclose(points, [[0.9, 0.91, 0.92], [0.4, 0.41, 0.42]])
    assert [text.get_text() for text in s5.texts] == ["0.91 ± 0.01", "0.41 ± 0.01"]


def test_a_run_without_a_score_is_said(drawn):
    assert any("1 diverged" in text for text in texts(drawn["diverged"]))


def test_one_epoch_is_a_point_at_a_whole_number():
    one, several = {"loss": [1.0]}, {"loss": [1.0, 0.5]}
    (axes,) = plot_history({"true": one, "equal": one}).axes
    assert [line.get_marker() for line in axes.lines] == ["o", "o"]
    low, high = axes.get_xlim()
    assert [tick for tick in axes.get_xticks() if low <= tick <= high] == [1]
    (axes,) = plot_history({"true": several}).axes
    assert axes.lines[0].get_marker() == "None"


def test_silences_are_shaded():
    times = np.array([0.0, 1, 2, 3, 4, 5, 30, 31])
    named = pd.DataFrame({"pulse": np.ones(8), "temp": np.ones(8)})
    assert [a.get_title("left") for a in plot_series(times, named).axes] == ["pulse", "temp"]
    (axes,) = plot_series(times, np.ones(8)).axes
    (span,) = axes.patches
    ends = span.get_x(), span.get_x() + span.get_width()
    np.testing.assert_allclose(ends, (5, 30), atol=0.1)


@pytest.mark.parametrize("start", [0, np.datetime64("2024-03-01", "D")])
def test_a_reading_between_two_silences_stands_in_neither(start):
    days = np.array([0, 1, 2, 3, 4, 5, 6, 7, 40, 70, 71])
    lone = start + days[8] if start == 0 else date2num(start + days[8])
    (axes,) = plot_series(start + days, np.ones(11)).axes
    one, two = axes.patches
    assert one.get_x() + one.get_width() < lone < two.get_x()
    assert two.get_x() - one.get_x() - one.get_width() < 0.5


def test_a_reading_of_a_channel_that_is_not_drawn_ends_a_silence():
    times = np.arange(40.0)
    values = np.full((40, 2), np.nan)
    values[[*range(5), *range(30, 40)], 0] = 1
    (lone,) = plot_series(times, values[:, :1]).axes
    assert len(lone.patches) == 1
    values[5:30, 1] = 1
    (axes,) = plot_series(times, values, most=1).axes
    assert not axes.patches


def test_gaps_of_a_frame_are_those_between_readings():
    (axes,) = plot_gaps(FRAME).axes
    assert sum(bar.get_height() for bar in axes.patches) == 5  # the row without a reading is none
    assert axes.get_title() == "median 30 s"


@pytest.mark.parametrize(
    ("seconds", "word"),
    [
        (3e-9, "3 ns"),
        (0.0822, "82.2 ms"),
        (1, "1 s"),
        (90, "1.5 min"),
        (86400, "1 d"),
        (4e7, "1.27 y"),
    ],
)
def test_durations_are_words(seconds, word):
    assert duration(seconds) == word


@pytest.mark.parametrize(("low", "high"), [(1e-9, 1e9), (0.01, 5), (60, 61), (3600, 1e6)])
def test_ticks_are_few_and_inside(low, high):
    ticks, words = duration_ticks(low, high)
    assert 2 <= len(ticks) == len(words) <= 7
    assert low <= min(ticks) < max(ticks) <= high * (1 + 1e-9)


def test_colours_are_given_in_order():
    assert list(colours(["a", "b"])) == ["a", "b"]
    assert len(set(colours(list("abcdefgh")).values())) == 8


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: plot_gaps([0.0, np.nan]), "no positive gap"),
        (lambda: plot_gaps([1.0, 2.0], counts=[0]), "no positive gap"),
        (lambda: plot_comparison([]), "no record"),
        (lambda: plot_history({}), "no history"),
        (lambda: plot_history(pd.DataFrame({"a": [1]})), "no history"),
        (lambda: plot_series([1, 2], [[1.0]]), "one time a row"),
    ],
)
def test_nothing_to_show_is_an_error(draw, message):
    with pytest.raises(ValueError, match=message):
        draw()


@pytest.mark.parametrize("draw", [lambda: plot_gaps([1.0]), lambda: figure_to_svg(Figure())])
def test_without_matplotlib_the_way_out_is_named(monkeypatch, draw):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"pip install 'ct-s5\[plots\]'"):
        draw()


def test_no_window_and_no_global_state():
    code = (
        "import sys, ct_s5.plots as p; assert 'matplotlib' not in sys.modules\n"
        "import matplotlib\n"
        # Asking for the backend would choose one, and load pyplot.
        "names = set(matplotlib.rcParams) - {'backend'}\n"
        "def now(): return {name: matplotlib.rcParams[name] for name in names}\n"
        "before = now()\n"
        "p.figure_to_svg(p.plot_gaps([1.0, 2.0]))\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
        "assert now() == before"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_cost_against_size_is_a_line_a_name_on_logarithmic_axes():
    figure = plot_scaling({"ours": [(100, 2.0), (10, 1.0)], "other": [(10, 3.0)]}, cost="ms")
    (axes,) = figure.axes
    assert [line.get_label() for line in axes.lines] == ["ours", "other"]
    assert axes.lines[0].get_xdata().tolist() == [10, 100]
    assert (axes.get_xscale(), axes.get_yscale(), axes.get_ylabel()) == ("log", "log", "ms")
    assert axes.lines[0].get_linewidth() > axes.lines[1].get_linewidth()
    assert [text.get_text() for text in axes.get_xticklabels()] == ["10", "100"]
    with pytest.raises(ValueError, match="above 0; 'ours' has"):
        plot_scaling({"ours": [(0, 1.0)]})
    with pytest.raises(ValueError, match="nothing to show"):
        plot_scaling({})


def test_the_epoch_marked_is_the_one_that_the_monitored_score_chose():
    history = pd.DataFrame(
        {
            "loss": [1.0, 0.9, 0.8, 0.7],
            "validation_loss": [0.9, 0.8, 0.85, 0.9],
            "validation_auroc": [0.6, 0.7, 0.8, 0.9],
        }
    )
    for columns, epoch in ((list(history), 4), (["loss", "validation_loss"], 2)):
        lines = plot_history(history[columns]).axes[0].lines
        dots = [line for line in lines if line.get_marker() == "o"]
        assert [list(line.get_xdata()) for line in dots] == [[epoch]]


def test_models_and_treatments_need_not_be_words():
    records = [{"model": 1, "treatment": 2, "seed": s, "score": 0.5 + s / 10} for s in range(3)]
    axes = plot_comparison(records, score="score").axes[0]
    assert any(line.get_marker() == "o" and len(line.get_xdata()) == 3 for line in axes.lines)


def test_gaps_without_a_frame_name_no_column():
    drawn = plot_gaps([1, 10, 100.0], counts=[3, 9], numbers=True, median=20)
    assert drawn.axes[0].get_xlabel() == "gap between readings, in their own unit"
    frame = FRAME.assign(ds=FRAME["ds"].dt.total_seconds())
    assert plot_gaps(frame).axes[0].get_xlabel() == "gap between readings, in units of ds"


@pytest.mark.parametrize("draw", [plot_scaling, plot_curves])
def test_a_line_without_a_point_is_an_error(draw):
    with pytest.raises(ValueError, match="nothing to show of 'a': it has no point"):
        draw({"a": [] if draw is plot_scaling else ([], [], [])})
