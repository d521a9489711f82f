import re

import numpy as np
import pandas as pd
import pytest

from ct_s5.frames import duration, gap_report


def test_the_report_counts_readings_and_measures_gaps(ward):
    report = gap_report(ward)
    assert (report.n_series, report.n_rows) == (3, 6)
    assert (report.empty_series, report.single_series) == (0, 1)
    assert list(report.table.index) == ["any channel", "hr", "temp"]
    assert report.table["readings"].tolist() == [5, 4, 3]
    assert report.table["missing"].tolist() == ["16.7%", "33.3%", "50.0%"]
    # any channel: 2 h (b) and 4.5 h (a); hr: 2 h (b); temp: 4.5 h (a).
    assert report.table.loc["any channel", "gap 50%"] == "3.25 h"
    assert report.table["gap longest"].tolist() == ["4.5 h", "2 h", "4.5 h"]
    assert report.time_unit == "3.25 h"


def test_the_longest_silences_say_where_they_are(ward):
    silence = gap_report(ward).silences.iloc[0]
    assert silence["series"] == "a"
    assert (silence["from"], silence["to"]) == (ward["ds"].iloc[1], ward["ds"].iloc[3])
    assert silence["length"] == "4.5 h"


@pytest.mark.parametrize(
    ("typical", "told", "first"),
    [
        ("93ms", "ms", r"2026-01-01 00:00:\d\d\.\d{3}"),
        ("12min", "min", r"2026-01-0\d \d\d:\d\d:\d\d"),
    ],
)
def test_the_report_is_narrow_and_has_no_nanoseconds(typical, told, first):
    rng = np.random.default_rng(0)
    gaps = rng.exponential(pd.Timedelta(typical).value, 600).astype("timedelta64[ns]")
    times = (
        pd.Timestamp("2026-01-01") + pd.Series(gaps).groupby(np.arange(600) // 200).cumsum()
    ).array
    values = {f"channel_{c}": np.where(rng.random(600) < 0.5, 1.0, np.nan) for c in range(3)}
    frame = pd.DataFrame(
        {"unique_id": np.repeat(["ICU-0-A", "b", "c"], 200), "ds": times, **values}
    )
    for ds in (frame["ds"], frame["ds"].dt.tz_localize("Europe/Berlin")):
        report = str(gap_report(frame.assign(ds=ds)))
        assert max(map(len, report.splitlines())) < 100
        assert f" {told}" in report
        assert "days" not in report
        assert re.search(rf" {first}(\+01:00)? 2026", report), report
        assert re.search(r"\.\d{4}", report) is None, report
    lengths = str(gap_report(frame.assign(ds=frame["ds"] - frame["ds"].iloc[0])))
    assert re.search(r"\.\d{7}", lengths) is None, lengths


@pytest.mark.parametrize(
    ("seconds", "word"),
    [
        (0.0, "0 s"),
        (0.0934435, "93.4 ms"),
        (0.9999, "1000 ms"),
        (726.0, "12.1 min"),
        (9e9, "285 y"),
    ],
)
def test_a_length_of_time_is_three_digits_and_a_unit(seconds, word):
    assert duration(seconds) == word


def test_duplicates_and_disorder_are_counted_not_refused():
    frame = pd.DataFrame(
        {"unique_id": list("aaabbb"), "ds": [0, 0, 1, 5, 5, 2], "v": [1.0, 2.0, 3.0, 4.0, 4.0, 5.0]}
    )
    report = gap_report(frame)
    assert (report.merged_rows, report.conflicting_times, report.unsorted_series) == (2, 1, 1)
    assert "2 rows repeat a series and time; at 1 times they disagree" in str(report)
    assert "1 series are not sorted by time, see sort=True" in str(report)
    assert report.time_unit == "2"  # gaps 1 and 3


def test_the_report_reads_as_text_and_as_html(ward):
    report = gap_report(ward.rename(columns={"hr": "<hr>"}))
    assert "6 rows of 3 series; none without a reading, 1 with only one." in str(report)
    typical = "Typical gap between readings (the time unit, unless you name one): 3.25 h."
    assert typical in str(report)
    assert "4.5 h" in str(report)
    assert "&lt;hr&gt;" in report._repr_html_()
    assert "<hr>" not in report._repr_html_()


def test_a_channel_may_be_called_what_the_first_row_is_called(ward):
    table = gap_report(ward.rename(columns={"hr": "any channel"})).table
    assert table.index.tolist() == ["any channel", "any channel", "temp"]
    assert table["readings"].iloc[0] > table["readings"].iloc[1]


def test_a_frame_without_any_gap_is_reported_too():
    frame = pd.DataFrame({"unique_id": [1, 2], "ds": [0.0, 0.0], "v": [1.0, np.nan]})
    report = gap_report(frame)
    assert report.empty_series == 1
    assert report.time_unit == "none, name one"
    assert report.table.loc["v", "gap 50%"] == "-"
    assert "Longest silences\nnone" in str(report)
