"""The archives' two formats, what is refused, and which readings NeuralCDE's dropping takes."""

import zipfile

import numpy as np
import pandas as pd
import pytest

import ct_s5_datasets
from ct_s5_datasets._uea import PROTOCOLS, load
from ct_s5_datasets._uea_drop import dropped_rows, neuralcde_split

# Sets made here are too small for a series of each class.
pytestmark = pytest.mark.filterwarnings("ignore:Toy_T.* has no series of the class")

HEAD = [
    "# a description: with @data in it",
    "@problemName Toy",
    "@timeStamps false",
    "@univariate false",
    "@dimensions 2",
    "@equalLength false",
    "@classLabel true yes no",
    "@data",
]


def write(folder, train, test=("1:2:no",), head=HEAD, ending="ts", name="Toy"):
    folder.mkdir(exist_ok=True, parents=True)
    for half, lines in (("TRAIN", train), ("TEST", test)):
        (folder / f"{name}_{half}.{ending}").write_text("\n".join([*head, *lines]) + "\n")
    return folder.parent


def seconds(frame):
    return (frame["ds"] / pd.Timedelta("1s")).to_list()


@pytest.mark.parametrize("inside", [True, False])
def test_a_small_ts_set_cell_by_cell(tmp_path, inside):
    root = write(tmp_path / "Toy", ["1,?,3:4,?,-6e-1:yes", "", "7.5, 8 :?,?:no", "?:?:no"])
    data = load(root if inside else root / "Toy")
    frame = data.frame
    assert list(frame.columns) == ["unique_id", "ds", "channel_0", "channel_1"]
    assert frame["unique_id"].to_list() == [0, 0, 1, 1, 3]
    assert seconds(frame) == [0, 2, 0, 1, 0]  # the reading without any channel is left out
    nan = np.nan
    expected = [[1, 4], [3, -0.6], [7.5, nan], [8, nan], [1, 2]]
    np.testing.assert_array_equal(frame.iloc[:, 2:].to_numpy(), expected)
    assert data.labels is not None
    assert data.labels.to_dict() == {0: "yes", 1: "no", 2: "no", 3: "no"}
    assert data.splits["provider"]["train"].tolist() == [0, 1, 2]
    assert data.splits["provider"]["test"].tolist() == [3]
    assert set(data.schema) == {*frame.columns, "class"}
    assert "without any channel, left out: 2\n" in data.card
    assert "series without any row: 1\n" in data.card
    assert not set(PROTOCOLS) & set(data.splits)


@pytest.mark.parametrize("inside", ["Toy/", ""])
def test_the_archives_own_zip_is_read_as_it_is(tmp_path, inside):
    root = write(tmp_path / "plain" / "Toy", ["1,2:3,4:yes"], ["5:6:no"])
    (tmp_path / "packed").mkdir()
    with zipfile.ZipFile(tmp_path / "packed" / "Toy.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in (root / "Toy").iterdir():
            archive.write(path, inside + path.name)
        archive.writestr(f"{inside}Toy.txt", "about it")
    for part in (None, "Toy"):
        packed = load(tmp_path / "packed", part)
        pd.testing.assert_frame_equal(packed.frame, load(root).frame)
    plain, packed = (
        ct_s5_datasets.load("uea", root=folder, part="Toy")
        for folder in (root, tmp_path / "packed")
    )
    assert plain.cite() == packed.cite()
    (tmp_path / "packed" / "Toy.zip").write_bytes(b"<!DOCTYPE html>log in")
    with pytest.raises(ValueError, match=r"Toy\.zip is an HTML page, not an archive"):
        load(tmp_path / "packed")


def test_times_of_its_own_join_the_channels(tmp_path):
    head = [line.replace("Stamps false", "Stamps true") for line in HEAD]
    train = ["(0,1.5),(2.25,2):(1,3),( 0.000001 , 4 ),(2.25,?):yes"]
    data = load(write(tmp_path / "Toy", train, ["(0,1):(0,2):no"], head))
    assert data.frame["unique_id"].to_list() == [0, 0, 0, 0, 1]
    assert seconds(data.frame) == [0, 0.000001, 1, 2.25, 0]
    nan = np.nan
    expected = [[1.5, nan], [nan, 4], [nan, 3], [2, nan], [1, 2]]
    np.testing.assert_array_equal(data.frame.iloc[:, 2:].to_numpy(), expected)


def test_univariate_series_with_a_number_to_predict(tmp_path):
    head = [
        "@univariate true",
        "@targetlabel true",
        "@equalLength true",
        "@seriesLength 2",
        "@data",
    ]
    data = load(write(tmp_path / "Toy", ["1,2:0.5"], ["3,4:-1"], head))
    assert data.labels is not None
    assert data.labels.to_dict() == {0: 0.5, 1: -1}
    assert data.labels.name == "target"
    unlabelled = ["@univariate true", "@data"]
    assert load(write(tmp_path / "Toy", ["1,2"], ["3"], unlabelled)).labels is None


ARFF = [
    "% a comment",
    "@relation Toy",
    "",
    "@attribute Toy relational",
    "  @attribute t0 numeric",
    "  @attribute t1 numeric",
    "@end Toy",
    "@attribute class {yes,'no'}",
    "@DATA",
]


@pytest.mark.parametrize("quote", ["'", '"'])
def test_a_multivariate_arff_set(tmp_path, quote):
    train = [rf"{quote}1,2\n3,?{quote},yes", "% between", rf"{quote}4,?\n5,?{quote},no"]
    root = write(tmp_path / "Toy", train, [rf"{quote}6,7\n8,9{quote},'no'"], ARFF, "arff")
    data = load(root, "Toy")
    assert data.frame["unique_id"].to_list() == [0, 0, 1, 2, 2]
    nan = np.nan
    expected = [[1, 3], [2, nan], [4, 5], [6, 8], [7, 9]]
    np.testing.assert_array_equal(data.frame.iloc[:, 2:].to_numpy(), expected)
    assert data.labels is not None
    assert data.labels.to_list() == ["yes", "no", "no"]


def test_a_univariate_arff_set_and_ts_goes_first(tmp_path):
    head = ["@relation T", *(f"@attribute a{i} numeric" for i in range(3))]
    head += ["@attribute target {1,2}", "@data"]
    root = write(tmp_path / "Toy", ["1,2,3,2"], ["4,5,?,1"], head, "arff")
    data = load(root)
    assert data.frame["channel_0"].to_list() == [1, 2, 3, 4, 5]
    assert data.labels is not None
    assert data.labels.to_list() == ["2", "1"]
    write(tmp_path / "Toy", ["9:9:yes"])
    assert load(root).frame["channel_0"].to_list() == [9, 1]


TIMED = [line.replace("Stamps false", "Stamps true") for line in HEAD]
EQUAL = ["@univariate true", "@equalLength true", "@seriesLength 2", "@classLabel true 1", "@data"]


@pytest.mark.parametrize(
    ("line", "head", "message"),
    [
        ("1,x:2,3:yes", HEAD, r"Toy_TRAIN.ts, line 9: 'x' is no number. Get the set from"),
        ("1,:2,3:yes", HEAD, r"line 9: '' is no number"),
        ("1,inf:2,3:yes", HEAD, r"line 9: 'inf' is no finite number"),
        ("1,2:3:yes", HEAD, r"line 9: a series of 1 readings where 2 are expected"),
        ("1,2:yes", HEAD, r"line 9: 1 channel\(s\), not 2"),
        ("1:2:3:yes", HEAD, r"line 9: 3 channel\(s\), not 2"),
        ("1:2:maybe", HEAD, r"line 9: the class 'maybe' is not among those of the header"),
        ("1:2", HEAD, r"line 9: the class '2' is not among"),
        ("1:1", EQUAL, r"line 6: a series of 1 readings where 2 are expected"),
        ("(0,1:(0,2):yes", TIMED, r"line 9: '\(0,1' is not a list of \(time,value\)"),
        ("(0,1),(0,2):(0,2):yes", TIMED, r"line 9: a time is missing, beyond 1e9, or there twice"),
        ("(?,1):(0,2):yes", TIMED, r"line 9: a time is missing"),
        ("(0,1),(0.0000001,2):(0,2):yes", TIMED, r"series 0 has two readings within the micro"),
        ("1:2:yes", HEAD[:-1], r"line 8: '1:2:yes' comes before @data and is no tag"),
        ("", HEAD[:-1], r"Toy_TRAIN.ts has no @data"),
        ("1:2:yes", [*HEAD[:4], "@dimensions two", "@data"], r"a tag has 'two' where a count"),
        ("1:?", ["@univariate true", "@targetlabel true", "@data"], r"the target is missing"),
    ],
)
def test_damaged_ts_files_are_refused(tmp_path, line, head, message):
    test = ["(0,1):(0,2):no"] if head is TIMED else ["1:2:no"]
    with pytest.raises(ValueError, match=message):
        load(write(tmp_path / "Toy", [line], test, head))


@pytest.mark.parametrize(
    ("line", "head", "message"),
    [
        (
            r"1,2\n3,4,yes",
            ARFF,
            r"Toy_TRAIN.arff, line 10: '1,2.*does not begin with a series in q",
        ),
        (r"'1,2\n3,4,yes", ARFF, r"does not begin with a series in quotes"),
        (r"'1,2\n3',yes", ARFF, r"a series of 1 readings where 2"),
        (r"'1,2\n3,4',maybe", ARFF, r"the class 'maybe' is not among"),
        ("1,2,yes", [*ARFF[:-2], "@data"], r"the last @attribute is no class such as \{1,2,3\}"),
        ("1,2,3,1", ["@attribute a numeric", "@attribute c {1}", "@data"], r"a series of 1 read"),
    ],
)
def test_damaged_arff_files_are_refused(tmp_path, line, head, message):
    with pytest.raises(ValueError, match=message):
        load(write(tmp_path / "Toy", [line], [line], head, "arff"))


def test_absent_and_ill_matched_files_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"No <name>_TRAIN.ts.*timeseriesclassification"):
        load(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"Neither Other_TRAIN.ts nor .arff is in"):
        load(tmp_path, "Other")
    write(tmp_path / "Toy", ["1:2:yes"])
    for part in ("../Toy", "Toy/drop-0", "Toy/drop-100", "Toy/lose-30", ""):
        with pytest.raises(
            ValueError, match=r"name a set of the archive, such as 'JapaneseVowels'"
        ):
            load(tmp_path, part)
    write(tmp_path / "Two", ["1:2:yes"], name="Two")
    with pytest.raises(ValueError, match=r"holds Toy, Two: name one as part"):
        load(tmp_path)
    other = [line.replace("yes no", "no yes") for line in HEAD]
    (tmp_path / "Toy" / "Toy_TEST.ts").write_text("\n".join([*other, "1:2:no"]))
    with pytest.raises(ValueError, match=r"Toy_TRAIN and Toy_TEST have other channels, classes"):
        load(tmp_path, "Toy")
    (tmp_path / "Toy" / "Toy_TEST.ts").write_text("<html>")
    with pytest.raises(ValueError, match=r"HTML page"):
        load(tmp_path, "Toy")


@pytest.mark.parametrize(
    ("seed", "order"),
    [  # what torch.randperm(10) gives after manual_seed(seed), as users of it have printed
        (0, [4, 1, 7, 5, 3, 9, 0, 8, 6, 2]),
        (1, [5, 6, 1, 2, 0, 8, 9, 3, 7, 4]),
        (42, [2, 6, 1, 8, 4, 5, 0, 9, 3, 7]),
    ],
)
def test_the_readings_that_go_are_the_first_of_pytorchs_order(seed, order):
    for n in range(10):
        gone = dropped_rows([10], n / 10, seed=seed)
        assert np.flatnonzero(gone).tolist() == sorted(order[:n])


def test_the_stream_runs_on_and_padding_is_cut_off():
    both = dropped_rows([10, 20], 0.5)
    assert both[:10].sum() == 5
    assert both[10:].sum() == 10
    np.testing.assert_array_equal(dropped_rows([10], 0.5), both[:10])
    padded = dropped_rows([10, 20, 0], 0.5, padded_to=20).tolist()
    whole = dropped_rows([20, 20, 20], 0.5).tolist()
    assert padded == whole[:10] + whole[20:40]
    assert not dropped_rows([3, 0, 1], 0.3).any()
    assert len(dropped_rows([], 0.3)) == 0
    for wrong in ({"rate": 1.0}, {"rate": -0.1}, {"rate": 0.5, "padded_to": 9}):
        with pytest.raises(ValueError, match=r"drop a share from 0 to below 1.*longest has 10"):
            dropped_rows([10], **wrong)


def test_the_split_keeps_the_classes_in_proportion():
    labels = ["b"] * 40 + ["a"] * 60
    parts = neuralcde_split(labels)
    assert {part: len(ids) for part, ids in parts.items()} == {
        "train": 70,
        "validation": 15,
        "test": 15,
    }
    assert sum(labels[i] == "b" for i in parts["train"]) == 28
    assert sorted(np.concatenate(list(parts.values()))) == list(range(100))


@pytest.mark.parametrize("share", [30, 50, 70])
def test_character_trajectories_are_padded_before_they_lose_readings(tmp_path, share):
    head = ["@univariate true", "@classLabel true a b", "@data"]
    rows = [f"{','.join('123456789'[: 1 + i % 9])}:{'ab'[i % 2]}" for i in range(2858)]
    name = "CharacterTrajectories"
    write(tmp_path / name, rows[:1422], rows[1422:], head, name=name)
    protocol = f"character-trajectories-neuralcde-{share}@1"
    data = load(tmp_path, PROTOCOLS[protocol])
    parts = data.splits[protocol]
    assert [len(parts[part]) for part in ("train", "validation", "test")] == [2000, 429, 429]
    lengths = [1 + i % 9 for i in range(2858)]
    gone = dropped_rows(lengths, share / 100, padded_to=9)
    assert len(data.frame) == sum(lengths) - gone.sum()
    ids = np.repeat(np.arange(2858), lengths)
    assert data.frame["unique_id"].to_list() == ids[~gone].tolist()
    assert protocol not in load(tmp_path, name).splits


def test_a_file_cut_at_the_end_of_a_line_is_told_where_it_can_be(tmp_path):
    head = ["@univariate true", "@classLabel true a b", "@data"]
    whole, cut = ["1,2:a", "2,3:a", "3,4:b"], ["1,2:a", "2,3:a"]
    write(tmp_path / "Some", cut, whole, head, name="Some")
    with pytest.warns(UserWarning, match=r"Some_TRAIN in .* has no series of the class 'b', which"):
        load(tmp_path, "Some")
    write(tmp_path / "JapaneseVowels", whole, whole, head, name="JapaneseVowels")
    with pytest.raises(ValueError, match=r"_TRAIN in .* has 3 series, not the 270 of the archive"):
        load(tmp_path, "JapaneseVowels")


@pytest.fixture(scope="module")
def root(real):
    return real("uea")


def slow_reading(root):
    """Every cell of JapaneseVowels, by plain splitting."""
    cells, labels = {}, []
    for half in ("TRAIN", "TEST"):
        text = (root / "JapaneseVowels" / f"JapaneseVowels_{half}.ts").read_text()
        for line in text.partition("@data\n")[2].splitlines():
            *channels, label = line.split(":")
            for channel, field in enumerate(channels):
                for when, value in enumerate(field.split(",")):
                    cells[len(labels), when, f"channel_{channel}"] = float(value)
            labels.append(label)
    return cells, labels


def test_the_real_vowels_against_a_slow_reading(root):
    data = load(root)
    cells, labels = slow_reading(root)
    assert data.labels is not None
    assert data.labels.to_list() == labels
    assert [len(data.splits["provider"][part]) for part in ("train", "test")] == [270, 370]
    assert data.labels.nunique() == 9
    sizes = data.frame.groupby("unique_id").size()
    assert (len(sizes), sizes.min(), sizes.max()) == (640, 7, 29)
    assert data.frame.shape[1] == 2 + 12
    when = data.frame["ds"].dt.total_seconds().astype(int)
    mine = data.frame.assign(ds=when).melt(["unique_id", "ds"])
    keys = ["unique_id", "ds", "variable"]
    assert mine.set_index(keys)["value"].to_dict() == cells


@pytest.mark.parametrize("share", [30, 50, 70])
def test_the_real_vowels_with_readings_dropped(root, share):
    whole = load(root).frame
    data = load(root, PROTOCOLS[f"japanese-vowels-drop-{share}@1"])
    split = data.splits[f"japanese-vowels-drop-{share}@1"]
    assert [len(split[part]) for part in ("train", "validation", "test")] == [448, 96, 96]
    before, after = (f.groupby("unique_id").size() for f in (whole, data.frame))
    assert (before - after == (before * (share / 100)).astype(int)).all()
    merged = data.frame.merge(whole, how="left")  # on all columns: what stays is unchanged
    assert len(merged) == len(data.frame)
    pd.testing.assert_frame_equal(merged, data.frame)
    assert not set(load(root, f"JapaneseVowels/neuralcde-{share}").splits) & set(PROTOCOLS)
