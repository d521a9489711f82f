"""A file becomes a frame, or is refused in words that say what is wrong with it."""

import gzip

import pandas as pd
import pytest

from ct_s5.frames import read_frame, read_table

BAD_FILES = {
    "a name twice": (
        "t.csv",
        "who,pulse,when,pulse\na,1,2,3\n",
        r"t.csv has more than one column named 'pulse'. Rename one of each.",
    ),
    "a name twice in tabs": ("t.tsv", "who\twho\na\tb\n", "more than one column named 'who'"),
    "semicolons": (
        "t.csv",
        "who;when;pulse\na;1;62,5\nb;2;7,5,5\n",
        r"t.csv seems to be separated by semicolons \(;\), not by commas: its header is "
        r"'who;when;pulse'. Save it with commas as .csv, and with points in its numbers.",
    ),
    "tabs": ("t.csv", "who\twhen\na\t1\n", "separated by tabs, not by commas"),
    "commas": ("t.tsv", "who,when\na,1\n", "separated by commas, not by tabs"),
    "nothing": ("t.csv", "", "t.csv cannot be read as a table: No columns"),
    "rows of two lengths": ("t.csv", "a,b\n1,2\n1,2,3\n", "t.csv cannot be read as a table: Err"),
    "a cell without a name": (
        "t.csv",
        "who,when\na,1,\nb,2,\n",
        "t.csv has more cells in its rows than the 2 names in its header. Name every column",
    ),
    "row numbers without a name": (
        "t.csv",
        ",who,when\n0,a,1\n1,b,2\n",
        r"t.csv has no name above its column 1. Name it, .* frame.to_csv\(path, index=False\)",
    ),
    "a comma at the end of each line": (
        "t.csv",
        "who,when,\na,1,\nb,2,\n",
        "t.csv has no name above its column 3. Name it, or leave it out",
    ),
    "no UTF-8": (
        "t.csv",
        "who,gr\xf6\xdfe\na,1\n",
        r"t.csv is no text in UTF-8 \(byte 0xf6\). Save it as UTF-8, or read it by pd.read_csv",
    ),
    "no parquet": ("t.parquet", "a,b\n1,2\n", "t.parquet cannot be read as a table: .*Parquet"),
    "another kind": ("t.txt", "a,b\n", "t.txt is neither .csv"),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_a_file_that_would_be_read_wrongly_is_refused(tmp_path, case):
    name, text, message = BAD_FILES[case]
    (tmp_path / name).write_text(text, encoding="latin-1")
    with pytest.raises(ValueError, match=message):
        read_table(tmp_path / name)
    with pytest.raises(ValueError, match=message):
        read_frame(tmp_path / name, time_col="when")


def test_names_that_only_look_doubled_are_taken(tmp_path):
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(b'who,"a;b",pulse,pulse.1\na,1,2,3\n'))
    assert list(read_table(path).columns) == ["who", "a;b", "pulse", "pulse.1"]


def test_a_folder_is_called_a_folder_and_a_missing_file_missing(tmp_path):
    with pytest.raises(IsADirectoryError, match=r"' is a folder. Name a file in it."):
        read_table(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"There is no file '.*gone.csv'"):
        read_table(tmp_path / "gone.csv")


def test_words_for_today_are_no_times(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("who,when,pulse\na,2026-11-01,1\na,now,2\n")
    assert read_frame(path, time_col="when")["when"].tolist() == ["2026-11-01", "now"]


def test_ids_and_labels_keep_their_words_and_channels_their_marks(tmp_path):
    path = tmp_path / "t.tsv"
    path.write_text("who\tis\tpulse\nNA\tNone\t1\nnull\tyes\tNA\n\t\t\n")
    told = read_table(path, id_col="who", words=("is", "elsewhere"))
    assert told["who"].tolist()[:2] == ["NA", "null"]
    assert told["is"].tolist()[:2] == ["None", "yes"]
    assert told["pulse"].dtype == float
    # An empty cell is no word.
    assert told.isna().to_numpy().tolist() == [[False] * 3, [False, False, True], [True] * 3]


@pytest.mark.parametrize(("cell", "known"), {"1": 1.0, "0.5": 0.5, "True": True}.items())
def test_labels_that_are_no_words_can_be_missing(tmp_path, cell, known):
    path = tmp_path / "t.csv"
    path.write_text(f"who,is\na,{cell}\nb,NA\n")
    labels = read_table(path, id_col="who", words=("is",))["is"]
    assert labels[0] == known
    assert labels.isna().tolist() == [False, True]


IDS = {
    "whole numbers": [7, 10],
    "small ones": pd.array([7, 10], dtype="UInt8"),
    "one missing": pd.array([7, None], dtype="Int64"),
    "text": ["007", "NA"],
    "no text": ["007", ""],
    "categories": pd.Categorical([7, 10]),
}


@pytest.mark.parametrize("ids", IDS.values(), ids=IDS)
def test_ids_of_a_parquet_file_are_those_of_a_csv(tmp_path, ids):
    table = pd.DataFrame({"who": ids, "pulse": [1.5, 2.5]})
    table.to_csv(tmp_path / "t.csv", index=False)
    wanted = read_table(tmp_path / "t.csv", id_col="who")
    for whole in (table, table.dropna().set_index("who")):
        whole.to_parquet(tmp_path / "t.parquet")
        told = read_table(tmp_path / "t.parquet", id_col="who")
        pd.testing.assert_frame_equal(told, wanted.head(len(whole)))


@pytest.mark.parametrize("one", [7.0, True, pd.Timestamp("2026-01-31"), b"7"])
def test_ids_that_files_write_in_several_ways_are_refused(tmp_path, one):
    path = tmp_path / "t.parquet"
    pd.DataFrame({"who": [None, one], "pulse": 1.5}).to_parquet(path)
    with pytest.raises(ValueError, match=r"Column 'who' of .*t.parquet .* text or whole numbers"):
        read_table(path, id_col="who")
    assert list(read_table(path)["who"].dropna()) == [one]


@pytest.mark.parametrize(
    "times",
    [
        ["02.03.2026 01:00", "02.03.2026 02:00"],
        ["1.2.2026", "2.2.2026"],
        ["17", "18"],
        ["02/03/2026 01:00:00", "02/03/2026 02:00:00"],
    ],
)
def test_dates_of_other_forms_are_no_lengths_of_time(tmp_path, times):
    path = tmp_path / "t.csv"
    pd.DataFrame({"who": "a", "when": [f" {t}" for t in times]}).to_csv(path, index=False)
    found = read_frame(path, time_col="when")["when"]
    assert pd.api.types.is_string_dtype(found) or pd.api.types.is_integer_dtype(found)


LENGTHS = ["1 days 02:00:00", "-1 days +23:00:00", "02:00:07.5", "90 min", "1h 30min", "PT5M", "3h"]
# As Python and pandas write them, and as people do.
LENGTHS += ["1 day, 2:00:00", "-1 day, 23:00:00", "P-1DT23H0M0S", "1 h, 5 min", "1:2:3", "1.5 h"]


@pytest.mark.parametrize("text", LENGTHS)
def test_lengths_of_every_form_are_lengths(tmp_path, text):
    path = tmp_path / "t.csv"
    pd.DataFrame({"who": ["a", "b"], "when": [text, None]}).to_csv(path, index=False)
    found = read_frame(path, time_col="when")["when"]
    assert found[0] == pd.Timedelta(text)
    assert found.isna().tolist() == [False, True]


def test_numbers_stay_numbers(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("who,when\na,20260131\na,20260201\n")
    assert read_frame(path, time_col="when")["when"].tolist() == [20260131, 20260201]
