"""Sets by name, their splits, and a package that needs nothing of ct_s5."""

import ast
import importlib
import pathlib
import subprocess
import sys

import numpy as np
import pytest
from official_layout import record, write_set

import ct_s5_datasets
from ct_s5_datasets._physionet2012_splits import SPLITS, mtan_classif_split, protocol_splits
from ct_s5_datasets._splits import seeded_splits

PACKAGE = pathlib.Path(ct_s5_datasets.__file__).parent


def test_every_set_is_listed_with_its_protocols():
    known = ct_s5_datasets.names()
    assert known[:2] == ["physionet2012", "physionet2012/mtan-classif@1"]
    assert len(known) == len(set(known))


@pytest.mark.parametrize("entry", ct_s5_datasets.describe())
def test_what_is_told_of_a_set_is_what_its_module_offers(entry):
    told = ct_s5_datasets.describe()[entry]
    module = importlib.import_module(f"ct_s5_datasets.{told.module}")
    for key, part in getattr(module, "PROTOCOLS", {}).items():
        assert told.protocols[key].asks == ({} if part is None else {"part": part})
    assert callable(module.load)
    assert told.licence
    assert told.title


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("physionet212", "Did you mean 'physionet2012'"),
        ("physionet2012/mtan-classif", "Did you mean 'physionet2012/mtan-classif@1'"),
        ("zzz", r"No data set 'zzz'\. Sets are physionet2012, physionet2019, .*names\(\) lists"),
    ],
)
def test_unknown_names_are_told_the_nearest(name, said):
    with pytest.raises(ValueError, match=said) as told:
        ct_s5_datasets.load(name)
    assert len(str(told.value)) < 500
    with pytest.raises(ValueError, match=said):
        ct_s5_datasets.card(name)


def test_a_name_that_is_no_string_is_told():
    with pytest.raises(TypeError, match="told by its name, such as 'physionet2012'; got 3"):
        ct_s5_datasets.load(3)  # type: ignore[arg-type]


FRAMES_OF_FILES = [
    name for name, told in ct_s5_datasets.describe().items() if not (told.simulated or told.arrays)
]


@pytest.mark.parametrize("entry", FRAMES_OF_FILES)
def test_a_folder_that_is_not_there_is_told_apart_from_an_empty_one(tmp_path, entry):
    with pytest.raises(FileNotFoundError, match=r"nowhere is not a folder.*Get"):
        ct_s5_datasets.load(entry, root=tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match=rf"in {tmp_path}.*Get"):
        ct_s5_datasets.load(entry, root=tmp_path)


def test_the_folder_comes_from_root_or_from_the_environment(tmp_path, monkeypatch):
    monkeypatch.delenv("CT_S5_DATA", raising=False)
    with pytest.raises(
        FileNotFoundError, match=r"Give root=, .* CT_S5_DATA .* holds physionet2012/; or have them"
    ):
        ct_s5_datasets.load("physionet2012")
    monkeypatch.setenv("CT_S5_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="physionet2012 is not a folder"):
        ct_s5_datasets.load("physionet2012")
    (tmp_path / "physionet2012").mkdir()
    write_set(tmp_path / "physionet2012", {5: record(5)})
    assert ct_s5_datasets.load("physionet2012").labels.to_dict() == {5: 0}


def test_a_protocol_is_not_played_on_other_data(tmp_path):
    write_set(tmp_path, {5: record(5)})
    name = "physionet2012/mtan-classif@1"
    with pytest.raises(ValueError, match=r"needs the whole part 'a'; 1 series are there"):
        ct_s5_datasets.load(name, root=tmp_path)
    with pytest.raises(ValueError, match=r"is defined on part 'a', not on part='b'"):
        ct_s5_datasets.load(name, root=tmp_path, part="b")
    assert "mtan-classif@1" not in ct_s5_datasets.load("physionet2012", root=tmp_path).splits


def test_mtan_split_depends_on_the_ids_alone():
    ids = np.random.default_rng(0).permutation(np.arange(10_000))[:4000]
    split = mtan_classif_split(ids)
    assert {part: len(rows) for part, rows in split.items()} == {
        "train": 2560,
        "validation": 640,
        "test": 800,
    }
    # scikit-learn's train_test_split, written out: the test part is the permutation's head.
    ordered = np.sort(ids)
    first = np.random.RandomState(42).permutation(4000)
    second = np.random.RandomState(11).permutation(3200)
    seen = ordered[first[800:]]
    np.testing.assert_array_equal(split["test"], np.sort(ordered[first[:800]]))
    np.testing.assert_array_equal(split["validation"], np.sort(seen[second[:640]]))
    np.testing.assert_array_equal(split["train"], np.sort(seen[second[640:]]))


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("mtan-classif@1", {"train": 2560, "validation": 640, "test": 800}),
        ("latent-ode-interp@1", {"train": 6400, "test": 1600}),
        ("cru-interp@1", {"train": 4800, "validation": 1600, "test": 1600}),
        ("tpatchgnn-forecast@1", {"train": 7200, "validation": 2400, "test": 2400}),
    ],
)
def test_the_published_splits_have_the_published_sizes(name, sizes):
    parts = tuple(SPLITS[name][0])
    ids = np.random.default_rng(0).permutation(200_000)[: 4000 * len(parts)]
    split = protocol_splits(parts, ids)[name]
    assert {part: len(members) for part, members in split.items()} == sizes
    np.testing.assert_array_equal(np.sort(np.concatenate(list(split.values()))), np.sort(ids))
    again = protocol_splits(parts, np.sort(ids))[name]
    for part, members in split.items():
        np.testing.assert_array_equal(members, again[part])
    assert protocol_splits(parts, ids[1:]) == {}


@pytest.mark.parametrize("n_ids", [5, 11, 4000])
def test_seeded_splits_use_every_id_once(n_ids):
    ids = np.random.default_rng(1).permutation(np.arange(n_ids) * 3)
    splits = seeded_splits(ids)
    assert list(splits) == [f"seeded-{seed}" for seed in range(5)]
    for split in splits.values():
        together = np.concatenate(list(split.values()))
        np.testing.assert_array_equal(np.sort(together), np.sort(ids))
    again = seeded_splits(np.sort(ids), n=2)
    for part in ("train", "validation", "test"):
        np.testing.assert_array_equal(splits["seeded-1"][part], again["seeded-1"][part])
    assert not np.array_equal(splits["seeded-0"]["test"], splits["seeded-1"]["test"])
    if n_ids == 4000:
        sizes = [len(rows) for rows in splits["seeded-0"].values()]
        assert sizes == [2560, 640, 800]


@pytest.mark.parametrize("split", [mtan_classif_split, seeded_splits])
def test_repeated_ids_are_not_split(split):
    with pytest.raises(ValueError, match=r"Id 7 appears more than once .* labels\.index"):
        split([1, 7, 2, 7, 3])


def test_the_loaders_need_neither_ct_s5_nor_jax():
    foreign = {}
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            for name in names:
                foreign.setdefault(name.split(".")[0], path.name)
    outside = set(foreign) - set(sys.stdlib_module_names)
    usual = {"numpy", "pandas", "sklearn", "pyarrow", "PIL"}
    assert outside <= usual | {"pooch", "requests", "tqdm"}, foreign  # these to fetch


def test_listing_names_loads_no_pandas():
    code = "import sys, ct_s5_datasets as d; d.names(); print('pandas' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize("name", ct_s5_datasets.names())
def test_every_set_has_a_card(name):
    text = ct_s5_datasets.card(name)
    assert text.startswith("# ")
    assert "came without" not in text
    assert "licence" in text.lower()


def test_options_of_a_set_reach_its_loader_and_its_key(shared_data):
    root = shared_data / "mnist"
    plain = ct_s5_datasets.load("mnist", root, part="test")
    mixed = ct_s5_datasets.load("mnist", root, part="test", order="permuted")
    assert sorted(mixed.pixels([0])[0]) == sorted(plain.pixels([0])[0])
    assert (mixed.pixels([0]) != plain.pixels([0])).any()
    with pytest.raises(ValueError, match="mnist has no option 'colour'; it takes part, order"):
        ct_s5_datasets.load("mnist", root, colour=True)
    with pytest.raises(ValueError, match="lra/image has no option 'part'"):
        ct_s5_datasets.load("lra/image", root, part="hard")
    few = ct_s5_datasets.load("oscillators", n_series=12)
    assert len(few) == 12
