"""Protocols: declared, scaled by numbers worked out anew, hashed; their twins do not leak."""

import json
import pathlib
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import ct_s5_datasets
from ct_s5_datasets import Dataset, Normaliser, Protocol, load, names, protocol
from ct_s5_datasets._recut import under, with_validation
from ct_s5_datasets.protocols import PROTOCOLS

PUBLISHED = {
    "physionet2012/mtan-classif@1": (2560, 640, 800),
    "physionet2012/latent-ode-interp@1": (6400, 1600),
    "physionet2012/cru-interp@1": (4800, 1600, 1600),
    "physionet2012/tpatchgnn-forecast@1": (7200, 2400, 2400),
    "physionet2019/seft-online@1": (25_813, 6454, 8066),
    "ushcn/debrouwer@1": (801, 201, 112),
    "ushcn/tpatchgnn@1": (668, 223, 223),
    "uea/character-trajectories-neuralcde-30@1": (2000, 429, 429),
    "pendulum/s5@1": (2000, 1000, 1000),
    "cifar10/s5@1": (45_000, 5000, 10_000),
    "lra/listops@s5": (96_000, 2000, 2000),
    "lra/text@s5": (25_000, 25_000),
    "lra/image@s5": (45_000, 5000, 10_000),
}
LEAKING = {
    "physionet2012/mtan-classif@1": "statistics",
    "physionet2012/latent-ode-interp@1": "statistics",
    "physionet2012/cru-interp@1": "statistics",
    **{
        f"ushcn/debrouwer{fold}@1": "statistics"
        for fold in ("", *(f"-fold{n}" for n in (1, 2, 3, 4)))
    },
    "ushcn/tpatchgnn@1": "statistics",
    "ushcn/cru@1": "statistics",
    "human_activity/latent-ode@1": "person",
    "human_activity/mtan@1": "person",
    "human_activity/tpatchgnn@1": "person",
    "pam/raindrop@1": "person",
    **{f"pam/raindrop-split{number}@1": "person" for number in (1, 2, 3, 4, 5)},
    "pendulum/cru-interp@1": "epoch on the test part",
    "speech_commands/neuralcde-10@1": "speaker",
    "lra/text@s5": "epoch on the test part",
}


@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_protocol_says_what_it_is(name):
    rules = protocol(name)
    assert rules.name == name in names()
    assert rules.status in ("exact", "rebuilt", "needs-file")
    assert rules.version in ("1", "s5")
    assert "" not in (rules.metric, rules.task, rules.source, rules.split)
    if rules.status != "exact":
        assert rules.differs.endswith(".")
    assert set(rules.sizes) <= {"train", "validation", "test"}
    assert rules.selection in rules.sizes
    assert ct_s5_datasets.describe()[rules.set].protocols[rules.key] == rules
    if name in PUBLISHED:
        assert tuple(rules.sizes.values()) == PUBLISHED[name]


def test_every_leaking_form_is_known_and_has_a_twin_that_does_not():
    twins = {name: rules for name, rules in PROTOCOLS.items() if "-leakfree@" in name}
    leaking = {name: rules for name, rules in PROTOCOLS.items() if rules.leaks}
    assert set(leaking) == set(LEAKING)
    for name, rules in leaking.items():
        assert any(LEAKING[name] in sentence for sentence in rules.leaks)
        # Nobody knows whose the windows of Raindrop's own files are.
        assert rules.can_be_leakfree == ("raindrop-split" not in name)
    expected = {
        "-leakfree@".join(name.rsplit("@", 1)) for name in leaking if "raindrop-split" not in name
    }
    assert set(twins) == expected
    for rules in twins.values():
        assert rules.leaks == ()
        assert (
            rules.normaliser.kind in ("none", "fixed")
            or rules.normaliser.over == ("train",)
            or (rules.set == "human_activity" and rules.normaliser.over == ("train", "validation"))
        )
        assert rules.selection == "validation" in rules.sizes
    with pytest.raises(ValueError, match="does not leak"):
        protocol("pendulum/s5@1").leakfree()


def test_a_set_is_no_protocol():
    with pytest.raises(ValueError, match=r"lra/text is a set.*: lra/text@s5, lra/text-leakfree@s5"):
        protocol("lra/text")
    with pytest.raises(ValueError, match=r"its protocols: none"):
        protocol("gps")
    with pytest.raises(ValueError, match="Did you mean 'lra/image@s5'"):
        load("lra/image@s4")


def test_listing_protocols_opens_neither_pandas_nor_numpy():
    code = "import sys, ct_s5_datasets as d; d.protocol('lra/image@s5').leaks; d.describe(); "
    code += "print({'pandas', 'numpy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.fixture
def made():
    """Ten series of two channels, one of them constant, one partly observed."""
    rng = np.random.default_rng(0)
    ids = np.repeat(np.arange(10), 7)
    frame = pd.DataFrame(
        {
            "unique_id": ids,
            "ds": pd.to_timedelta(np.tile(np.arange(7), 10), unit="h"),
            "pulse": rng.normal(80, 9, 70),
            "on": 1.0,
            "answer": rng.integers(0, 2, 70).astype(float),
        }
    )
    frame.loc[rng.random(70) < 0.3, "pulse"] = np.nan
    split = {"train": np.arange(5), "validation": np.array([5, 6]), "test": np.array([7, 8])}
    return Dataset(frame, None, None, {}, {"ours@1": split}, "# ours")


NOTHING = Normaliser()


def rules(normaliser=NOTHING, **changed):
    told = {"set": "ours", "key": "ours@1", "status": "exact", "task": "t", "metric": "m"}
    return Protocol(
        **(told | {"source": "s", "split": "ours@1", "targets": ("answer",)} | changed),
        normaliser=normaliser,
    )


def by_hand(values, kind, ddof=0, epsilon=0.0):
    if kind == "z-score":
        shift, scale = np.mean(values), np.std(values, ddof=ddof) + epsilon
    else:
        shift = np.min(values)
        scale = np.max(values) - (shift if kind == "min-max" else 0)
    return shift, scale or 1.0


@pytest.mark.parametrize("kind", ["z-score", "min-max", "min-over-max"])
@pytest.mark.parametrize(
    "over", [("train",), ("train", "validation"), ("train", "validation", "test")]
)
def test_scaling_is_what_numpy_says(made, kind, over):
    data = made.with_origin(protocol=rules(Normaliser(kind, over=over, ddof=1, epsilon=1e-5)))
    counted = np.concatenate([data.split[part] for part in over])
    rows = made.frame[np.isin(made.frame["unique_id"], counted)]
    assert list(data.scaling.index) == ["pulse", "on"]
    scaled = data.scaled()
    assert set(scaled["unique_id"]) == set(range(9))  # series 9 is in no part
    kept = made.frame[made.frame["unique_id"] < 9]
    for channel in ("pulse", "on"):
        expected = by_hand(rows[channel].dropna().to_numpy(), kind, 1, 1e-5)
        np.testing.assert_allclose(data.scaling.loc[channel], expected, rtol=1e-12)
        np.testing.assert_allclose(
            scaled[channel], (kept[channel] - expected[0]) / expected[1], rtol=1e-9, atol=1e-12
        )
    pd.testing.assert_frame_equal(
        scaled[["unique_id", "ds", "answer"]],
        kept[["unique_id", "ds", "answer"]].reset_index(drop=True),
    )


def test_each_part_by_its_own_numbers_unobserved_cells_as_zero(made):
    how = Normaliser("min-max", over=("train", "validation", "test"), each=True, zeros=True)
    data = made.with_origin(protocol=rules(how))
    scaled = data.scaled()
    for part, ids in data.split.items():
        own = made.frame[made.frame["unique_id"].isin(ids)]
        filled = own["pulse"].fillna(0.0)
        low, high = filled.min(), filled.max()
        np.testing.assert_array_equal(data.scaling.loc[(part, "pulse")], [low, high - low])
        mine = scaled[scaled["unique_id"].isin(ids)]["pulse"]
        np.testing.assert_allclose(mine, (own["pulse"] - low) / (high - low))
    assert how.looks_at_test
    assert not how.of_training().looks_at_test


def test_fixed_numbers_positive_values_and_nothing_at_all(made):
    fixed = made.with_origin(
        protocol=rules(Normaliser("fixed", shift=(1.0, 2.0), scale=(4.0, 8.0)))
    )
    assert fixed.scaling.to_numpy().tolist() == [[1, 4], [2, 8]]
    pd.testing.assert_frame_equal(
        made.with_origin(protocol=rules()).scaled(), made.frame[made.frame["unique_id"] < 9]
    )
    frame = made.frame.assign(pulse=made.frame["pulse"] - 80)
    table = rules(Normaliser("z-score", positive=True)).scaling(
        made.with_origin(frame=frame), made.splits["ours@1"]
    )
    above = frame.loc[(frame["pulse"] > 0) & (frame["unique_id"] < 5), "pulse"]
    np.testing.assert_allclose(table.loc["pulse"], [above.mean(), above.std(ddof=0)])


def test_a_channel_without_a_reading_is_named(made):
    frame = made.frame.assign(on=np.where(made.frame["unique_id"] < 5, np.nan, 1.0))
    with pytest.raises(ValueError, match=r"Channel 'on' has no reading among the series of train"):
        rules(Normaliser("z-score")).scaling(made.with_origin(frame=frame))


def test_without_a_protocol_there_is_no_scaling_and_no_citation_without_a_name(made):
    with pytest.raises(ValueError, match=r"loaded without a protocol.*protocol\(name\)\.scaling"):
        _ = made.scaling
    with pytest.raises(ValueError, match="not loaded by name"):
        made.cite()


def test_a_fifth_of_training_validates(made):
    split = {"train": np.arange(7), "test": np.array([7, 8])}
    held = with_validation(split)
    assert {part: len(ids) for part, ids in held.items()} == {
        "train": 5,
        "validation": 2,
        "test": 2,
    }
    assert sorted([*held["train"], *held["validation"]]) == list(range(7))
    assert held["test"].tolist() == [7, 8]
    again = with_validation({"train": np.arange(7)[::-1], "test": np.array([8, 7])})
    assert all(np.array_equal(held[part], again[part]) for part in held)


def test_part_of_a_set_is_not_the_protocol(made):
    told = rules(sizes={"train": 5, "validation": 2, "test": 3}, asks={"part": "all"})
    with pytest.raises(ValueError, match=r"ours/ours@1 needs the whole part 'all'; 10 series"):
        under(made, told)


def test_every_card_has_the_table_of_its_protocols():
    cards = pathlib.Path(__file__).parents[2] / "datasets" / "_card_protocols.py"
    done = subprocess.run([sys.executable, cards, "--check"], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


# --- manifests


def cited(made, **changed):
    base = {
        "name": "ours/ours@1",
        "protocol": rules(Normaliser("z-score")),
        "files": {"a.txt": "00"},
    }
    return made.with_origin(**(base | changed))


def test_the_hash_changes_with_a_file_an_id_a_number_or_a_rule_and_with_nothing_else(made):
    known = cited(made).manifest_hash
    assert cited(made).cite() == {"name": "ours/ours@1", "hash": known}
    assert len(known) == 64
    split = made.splits["ours@1"]
    moved = {"ours@1": split | {"train": np.arange(4), "validation": np.array([4, 5, 6])}}
    frame = made.frame.copy()
    at = int(np.flatnonzero(frame["pulse"].notna())[0])
    frame.loc[at, "pulse"] = np.nextafter(frame.loc[at, "pulse"], np.inf)
    others = [
        cited(made, files={"a.txt": "01"}),
        cited(made, files={"b.txt": "00"}),
        cited(made, splits=moved),
        cited(made, frame=frame.assign(pulse=frame["pulse"] * 2)),
        cited(made, protocol=rules(Normaliser("z-score", ddof=1))),
        cited(made, protocol=rules(Normaliser("z-score"), metric="another")),
        cited(made, protocol=rules(Normaliser("z-score"), seed=(3,))),
        cited(made, asked={"rate": 8000}),
        cited(made, protocol=rules(Normaliser("z-score"), recipe={"hours seen": 48})),
        cited(made, protocol=rules(Normaliser("z-score"), recipe={"hours seen": 24})),
    ]
    hashes = [data.manifest_hash for data in others]
    assert known not in hashes
    assert len(set(hashes)) == len(hashes)
    same = [
        cited(made, card="# another"),
        cited(made, protocol=rules(Normaliser("z-score"), task="another", differs="Words.")),
        cited(made, frame=made.frame.sample(frac=1, random_state=0)),
        cited(made, splits={"ours@1": {part: ids.astype(np.int32) for part, ids in split.items()}}),
    ]
    assert {data.manifest_hash for data in same} == {known}


def test_what_is_left_to_do_is_in_the_recipe():
    for name, each in PROTOCOLS.items():
        assert set(each.left) <= set(each.recipe), name
    windows = protocol("human_activity/mtan-leakfree@1").recipe
    assert windows == protocol("human_activity/mtan@1").recipe
    assert windows["rows a window"] == 50


def test_many_files_of_a_kind_are_told_of_together(made):
    files = {f"{number}.txt": f"{number:02x}" for number in range(30)} | {"list.csv": "ff"}
    told = cited(made, files=files).manifest()["files"]
    assert told["list.csv"] == {"n": 1, "sha256": "ff"}
    assert told["*.txt"]["n"] == 30
    other = cited(made, files=files | {"3.txt": "aa"}).manifest()["files"]
    assert other["*.txt"]["sha256"] != told["*.txt"]["sha256"]
    json.dumps(cited(made, files=files).manifest(), allow_nan=False)


# --- what is at hand


@pytest.fixture(scope="module")
def vowels(real):
    return load("uea/japanese-vowels-drop-30@1", root=real("uea"))


def test_the_hash_is_the_same_from_the_files_the_cache_and_another_process(
    vowels, real, tmp_path, monkeypatch
):
    root = real("uea")
    hashes = {vowels.manifest_hash}
    monkeypatch.setenv("CT_S5_CACHE", str(tmp_path))
    for _ in range(2):  # parsed, then kept
        hashes.add(load("uea/japanese-vowels-drop-30@1", root=root).manifest_hash)
    code = (
        "import sys, ct_s5_datasets as d; "
        "print(d.load('uea/japanese-vowels-drop-30@1', root=sys.argv[1]).manifest_hash)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(root)], capture_output=True, text=True, check=True
    )
    hashes.add(done.stdout.strip())
    assert len(hashes) == 1
    assert vowels.files.keys() == {"JapaneseVowels_TRAIN.ts", "JapaneseVowels_TEST.ts"}
    assert vowels.manifest()["files"]["JapaneseVowels_TEST.ts"]["sha256"] == (
        "b3d41d6a0ca3bcad3afb9ca7d4365382aa51341e2e58bae2a574babdda5b9462"
    )


@pytest.mark.parametrize("share", [30, 50, 70])
def test_vowels_are_scaled_by_their_training_series(real, share):
    data = load(f"uea/japanese-vowels-drop-{share}@1", root=real("uea"))
    assert {part: len(ids) for part, ids in data.split.items()} == dict(data.protocol.sizes)
    rows = data.frame[data.frame["unique_id"].isin(data.split["train"])]
    values = rows["channel_3"].to_numpy()
    expected = values.mean(), values.std(ddof=1) + 1e-5
    np.testing.assert_allclose(data.scaling.loc["channel_3"], expected, rtol=1e-12)


def test_packed_or_unpacked_beside_other_files_the_hash_is_the_same(real, tmp_path):
    import shutil
    import tarfile

    name, packed = "physionet2012/mtan-classif@1", real("physionet2012")
    (tmp_path / "Outcomes-a.txt").write_bytes((packed / "Outcomes-a.txt").read_bytes())
    (tmp_path / "notes.txt").write_text("mine")
    with tarfile.open(packed / "set-a.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    there = load(name, root=tmp_path)
    assert there.cite() == load(name, root=packed).cite()
    shutil.rmtree(tmp_path / "set-a")


def test_a_default_asked_for_by_name_is_the_same_set():
    plain, named = load("oscillators"), load("oscillators", part="frequency")
    assert plain.cite() == named.cite()
    assert plain.asked["part"] == "frequency"
    assert load("oscillators", part="damping").manifest_hash != plain.manifest_hash


def test_latent_odes_numbers_on_the_real_stays(real):
    root = real("physionet2012")
    data = load("physionet2012/mtan-classif@1", root=root)
    for channel in ("HR", "pH", "MechVent"):
        values = data.frame[channel].dropna().to_numpy()
        np.testing.assert_array_equal(data.scaling.loc[channel], [values.min(), values.max()])
    twin = load("physionet2012/mtan-classif-leakfree@1", root=root)
    inside = twin.frame["unique_id"].isin(twin.split["train"]).to_numpy()
    for channel in ("HR", "Temp"):
        values = twin.frame[channel].to_numpy()[inside]
        values = values[~np.isnan(values)]
        np.testing.assert_array_equal(twin.scaling.loc[channel], [values.min(), values.max()])
    assert twin.manifest_hash != data.manifest_hash


def test_tpatchgnns_scaling_can_be_had_for_parts_of_ones_own(real):
    data = load("physionet2012", root=real("physionet2012"))
    split = data.splits["seeded-0"]
    table = protocol("physionet2012/tpatchgnn-forecast@1").scaling(data, split)
    seen = data.frame[~data.frame["unique_id"].isin(split["test"])]
    low, high = seen["Glucose"].min(), seen["Glucose"].max()
    np.testing.assert_array_equal(table.loc["Glucose"], [low, high - low])
    assert table.loc["MechVent"].tolist() == [1.0, 1.0]
