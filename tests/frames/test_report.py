import numpy as np
import pandas as pd

from ct_s5.frames import gap_report


def test_the_report_counts_readings_and_measures_gaps(ward):
    report = gap_report(ward)
    assert (report.n_series, report.n_rows) == (3, 6)
    assert (report.empty_series, report.single_series) == (0, 1)
    assert list(report.table.index) == ["any channel", "hr", "temp"]
    assert report.table["readings"].tolist() == [5, 4, 3]
    assert report.table["missing"].tolist() == ["16.7%", "33.3%", "50.0%"]
    # any channel: 2 h (b) and 4.5 h (a); hr: 2 h (b); temp: 4.5 h (a).
    assert report.table.loc["any channel", "gap 50%"] == "0 days 03:15:00"
    assert report.table["gap longest"].tolist() == [
        "0 days 04:30:00",
        "0 days 02:00:00",
        "0 days 04:30:00",
    ]
    assert report.time_unit == "0 days 03:15:00"


def test_the_longest_silences_say_where_they_are(ward):
    silence = gap_report(ward).silences.iloc[0]
    assert silence["series"] == "a"
    assert (silence["from"], silence["to"]) == (ward["ds"].iloc[1], ward["ds"].iloc[3])
    assert silence["length"] == "0 days 04:30:00"


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
    assert "6 rows of 3 series; 0 without a reading, 1 with one." in str(report)
    assert "0 days 04:30:00" in str(report)
    assert "&lt;hr&gt;" in report._repr_html_()
    assert "<hr>" not in report._repr_html_()


def test_a_frame_without_any_gap_is_reported_too():
    frame = pd.DataFrame({"unique_id": [1, 2], "ds": [0.0, 0.0], "v": [1.0, np.nan]})
    report = gap_report(frame)
    assert report.empty_series == 1
    assert report.time_unit == "none, name one"
    assert report.table.loc["v", "gap 50%"] == "-"
    assert "Longest silences\nnone" in str(report)
