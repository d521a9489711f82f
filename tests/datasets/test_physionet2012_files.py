"""Small sets in the official layout: what is read, what is averaged, what is refused."""

import numpy as np
import pandas as pd
import pytest
from official_layout import HEADER, outcomes, record, write_set, write_tar

from ct_s5_datasets import load
from ct_s5_datasets._physionet2012_text import CHANNELS

FORMS = pytest.mark.parametrize("form", ["tar", "folder"])


def read(root, **options):
    return load("physionet2012", root=root, **options)


@FORMS
def test_a_small_set_cell_by_cell(tmp_path, form):
    texts = {
        12: record(12, "00:07,HR,73", "00:07,Temp,35.1", "47:59,HR,60", "48:00,Weight,81.5"),
        7: record(7, Gender=-1, Height=-1, Weight=-1, ICUType=2),
        9: record(9, "03:00,pH,7.4", Age=33, Gender=0),
    }
    data = read(write_set(tmp_path, texts, deaths={9: 1, 12: 0, 7: 1}, form=form))
    frame = data.frame
    names = [channel.name for channel in CHANNELS]
    assert list(frame.columns) == ["unique_id", "ds", *names]
    assert names == sorted(names)
    assert len(names) == 37
    assert frame["unique_id"].to_list() == [9, 9, 12, 12, 12, 12]
    minutes = [0, 180, 0, 7, 47 * 60 + 59, 48 * 60]
    assert (frame["ds"] == pd.to_timedelta(minutes, unit="min")).all()
    assert frame["ds"].dtype.kind == "m"
    assert (frame[names].dtypes == np.float64).all()
    expected = pd.DataFrame(np.nan, index=range(6), columns=names)
    expected.loc[[0, 2, 5], "Weight"] = [80, 80, 81.5]
    expected.loc[1, "pH"] = 7.4
    expected.loc[[3, 4], "HR"] = [73, 60]
    expected.loc[3, "Temp"] = 35.1
    pd.testing.assert_frame_equal(frame[names], expected)
    assert data.labels.to_dict() == {7: 1, 9: 1, 12: 0}
    assert data.labels.name == "In-hospital_death"
    assert data.static is not None
    assert list(data.static.columns) == ["Age", "Gender", "Height", "ICUType", "Weight"]
    assert data.static["ICUType"].to_dict() == {7: "2", 9: "3", 12: "3"}
    assert list(data.static["ICUType"].cat.categories) == ["1", "2", "3", "4"]
    assert data.static.loc[7, ["Gender", "Height", "Weight"]].isna().all()
    assert data.static.loc[9, ["Age", "Gender"]].to_list() == [33, 0]
    assert set(data.schema) == {*frame.columns, *data.static.columns, "In-hospital_death"}
    assert "3 series, 6 rows, 37 channels" in repr(data)


def test_repeats_become_their_mean_without_the_missing_codes(tmp_path):
    lines = ["01:00,MAP,80", "01:00,MAP,90", "01:00,MAP,100", "01:00,DiasABP,-1"]
    lines += ["01:00,DiasABP,70", "02:00,NIDiasABP,-1", "03:00,Temp,-17.8", "03:00,HR,0"]
    lines += ["04:00,HCO3,-1", "00:00,Weight,90"]
    data = read(write_set(tmp_path, {5: record(5, *lines, Weight=-1)}))
    frame = data.frame.set_index("ds")
    assert list(frame.index / pd.Timedelta("1h")) == [0, 1, 3, 4]  # 02:00 had a -1 alone
    hour = frame.index / pd.Timedelta("1h")
    assert frame.loc[hour == 1, ["MAP", "DiasABP"]].to_numpy().tolist() == [[90, 70]]
    assert frame.loc[hour == 3, ["Temp", "HR"]].to_numpy().tolist() == [[-17.8, 0]]
    assert frame.loc[hour == 4, "HCO3"].item() == -1
    assert frame.loc[hour == 0, "Weight"].item() == 90
    assert data.static is not None
    assert np.isnan(data.static.loc[5, "Weight"])  # on admission it was not known
    assert "given more than once, averaged: 1\n" in data.card
    assert "-1 codes dropped: 3\n" in data.card


def test_the_admission_weight_is_the_first_at_the_start(tmp_path):
    text = record(5, "00:00,Weight,84", "09:00,Weight,99", Weight=80)
    data = read(write_set(tmp_path, {5: text}))
    assert data.static is not None
    assert data.static.loc[5, "Weight"] == 80
    assert data.frame["Weight"].to_list() == [82, 99]


def test_lines_without_a_parameter_name_are_dropped_and_counted(tmp_path):
    text = record(5, "01:00,,7", ",,", "03:00,HR,70", "00:00,Age,60")
    data = read(write_set(tmp_path, {5: text}))
    assert "lines without a parameter name dropped: 2\n" in data.card
    assert data.frame["HR"].to_list()[1:] == [70]


def test_order_of_lines_files_and_line_ends_do_not_matter(tmp_path):
    rng = np.random.default_rng(0)
    lines = [f"{h:02d}:30,{name},{rng.integers(99)}" for h in range(9) for name in ("HR", "K")]
    texts = {number: record(number, *lines) for number in (3, 1, 2)}
    head, *rest = record(1, *lines).splitlines()
    shuffled = {number: texts[number] for number in (2, 3)}
    shuffled[1] = "\r\n".join([head, *rng.permutation(rest)]) + "\r\n\r\n"
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    one = read(write_set(tmp_path / "one", texts))
    two = read(write_set(tmp_path / "two", shuffled, form="folder"))
    pd.testing.assert_frame_equal(one.frame, two.frame)
    pd.testing.assert_frame_equal(one.static, two.static)


def test_parts_together_are_the_parts_one_after_another(tmp_path):
    write_set(tmp_path, {1: record(1, "01:00,HR,1"), 4: record(4)}, part="a")
    write_set(tmp_path, {3: record(3, "01:00,HR,3")}, part="b", deaths={3: 1}, form="folder")
    both = read(tmp_path, part=("b", "a"))
    assert both.labels.to_dict() == {1: 0, 3: 1, 4: 0}
    assert both.frame["unique_id"].to_list() == [1, 1, 3, 3, 4]
    alone = pd.concat([read(tmp_path).frame, read(tmp_path, part="b").frame])
    again = alone.sort_values(["unique_id", "ds"], ignore_index=True)
    pd.testing.assert_frame_equal(both.frame, again)
    assert {name: ids.tolist() for name, ids in both.splits["sets"].items()} == {
        "set-a": [1, 4],
        "set-b": [3],
    }


@FORMS
@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("01:00,HR", r"line 9: '01:00,HR' is not Time,Parameter,Value"),
        ("01:00,HR,7,8", "line 9: .* is not Time,Parameter,Value"),
        ("", "line 9: '' is not Time,Parameter,Value"),
        ("01:00,HR,7O", "line 9: '01:00,HR,7O' is without a finite value"),
        ("01:00,HR,", "line 9: .* is without a finite value"),
        ("01:00,HR,1e400", "line 9: .* is without a finite value"),
        ("01:00,HR,nan", "line 9: .* is without a finite value"),
        ("1:00,HR,7", "line 9: .* is without a time HH:MM"),
        ("01:60,HR,7", "line 9: .* is without a time HH:MM"),
        ("-1:30,HR,7", "line 9: .* is without a time HH:MM"),
        (",HR,7", "line 9: .* is without a time HH:MM"),
        ("99:10,HR,7", "line 9: '99:10,HR,7' is later than the 48 hours of the challenge"),
        ("48:01,HR,7", "line 9: .* is later than the 48 hours of the challenge"),
        ("99999:00,HR,7", "line 9: .* is later than the 48 hours of the challenge"),
        ("01:00,Heart,7", "line 9: .* is of a parameter that the challenge does not have"),
        ("01:00,h\xe9art,7", "line 9: .* is of a parameter that the challenge does not have"),
        ('01:00,"HR",7', "line 9: .* is of a parameter that the challenge does not have"),
        ("01:00,Age,7", "line 9: .* is a second Age of this record"),
        ("00:00,RecordID,7", "line 9: .* is a second RecordID of this record, another than"),
    ],
)
def test_malformed_lines_name_record_and_line(tmp_path, line, said, form):
    texts = {5: record(5), 6: record(6, "00:30,HR,70", line, "02:00,HR,71"), 8: record(8)}
    write_set(tmp_path, texts, form=form)
    with pytest.raises(ValueError, match=rf"^Record 6 \(set-a.*6\.txt\), {said}"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (record(7), "line 2: '00:00,RecordID,7' is another RecordID than the file"),
        (record(6, ICUType=9), "line 6: '00:00,ICUType,9' is an ICUType that the challenge"),
        (record(6).replace("00:00,RecordID,6\n", ""), "no line 00:00,RecordID,6: .* cut short"),
        (HEADER + "\n", "no line 00:00,RecordID,6: .* empty or cut short"),
        ("", "does not begin with the line Time,Parameter,Value but with ''"),
        ("<html>404</html>", "does not begin with the line .* but with '<html>404</html>'"),
    ],
)
def test_records_that_are_not_what_they_say(tmp_path, text, said):
    write_set(tmp_path, {5: record(5), 6: text})
    with pytest.raises(ValueError, match=rf"Record 6 \(set-a\.tar\.gz: set-a/6\.txt\).*{said}"):
        read(tmp_path)


def test_a_record_that_is_there_twice(tmp_path):
    write_set(tmp_path, {5: record(5)})
    members = [("set-a/5.txt", record(5)), ("backup/5.txt", record(5))]
    write_tar(tmp_path / "set-a.tar.gz", members)
    with pytest.raises(ValueError, match=r"Record 5 is there twice: .*backup/5.* and .*set-a/5"):
        read(tmp_path)
    write_set(tmp_path, {5: record(5)})
    write_set(tmp_path, {5: record(5)}, part="b")
    with pytest.raises(ValueError, match=r"Record 5 is there twice: set-a.* and set-b"):
        read(tmp_path, part=("a", "b"))


def test_outcomes_and_records_must_belong_together(tmp_path):
    write_set(tmp_path, {5: record(5)}, deaths={5: 0, 6: 1, 9: 0})
    with pytest.raises(
        ValueError, match=r"2 .* of Outcomes-a\.txt are not in set-a\.tar\.gz: 6, 9"
    ):
        read(tmp_path)
    write_set(tmp_path, {number: record(number) for number in range(1, 9)}, deaths={1: 0})
    with pytest.raises(
        ValueError,
        match=r"7 .* of set-a\.tar\.gz are not in Outcomes-a\.txt: 2, 3, 4, 5, 6, \.\.\.",
    ):
        read(tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<html>" + "x" * 200_000, "does not begin with the header .* but with '<html>xx"),
        ("", "does not begin with the header .* but with ''"),
        (outcomes({5: 2}), "line 2: '5,6,1,5,-1,2' is not RecordID"),
        (outcomes({5: 0, "x": 0}), "line 3: 'x,6,1,5,-1,0' is not RecordID"),
        (outcomes({5: 0}) + "6,1\n", "line 3: '6,1' is not RecordID"),
        (outcomes({5: 0}) + "5,6,1,5,-1,1\n", "line 3: RecordID 5 comes twice"),
    ],
)
def test_a_damaged_outcomes_file_names_the_line(tmp_path, text, said):
    write_set(tmp_path, {5: record(5)})
    (tmp_path / "Outcomes-a.txt").write_text(text)
    with pytest.raises(ValueError, match=rf"Outcomes-a\.txt.*{said}.*challenge-2012 v1\.0\.0"):
        read(tmp_path)


def test_absent_files_are_named_with_their_source(tmp_path):
    where = r".*challenge-2012 v1\.0\.0.*ODC-BY 1\.0"
    with pytest.raises(FileNotFoundError, match="nowhere is not a folder" + where):
        read(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match=r"^Outcomes-b\.txt is not in" + where):
        read(tmp_path, part="b")
    write_set(tmp_path, {5: record(5)})
    (tmp_path / "set-a.tar.gz").unlink()
    with pytest.raises(FileNotFoundError, match=r"Neither set-a\.tar\.gz nor the folder" + where):
        read(tmp_path)
    (tmp_path / "set-a").mkdir()
    with pytest.raises(ValueError, match="set-a holds no record" + where):
        read(tmp_path)
    (tmp_path / "set-a.tar.gz").write_bytes(b"<!doctype html>")
    with pytest.raises(ValueError, match=r"set-a\.tar\.gz is an HTML page" + where):
        read(tmp_path)


@pytest.mark.parametrize("part", ["d", "ab", "", (), ("a", "a"), ("a", "x")])
def test_unknown_parts_are_refused(tmp_path, part):
    with pytest.raises(ValueError, match="physionet2012 has the parts 'a', 'b' and 'c'"):
        read(tmp_path, part=part)
