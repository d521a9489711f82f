"""Protocols end to end, on files made in the official layouts at their official numbers."""

import numpy as np
import pytest
import test_physionet2019 as sepsis
import test_uea as archive
import test_ushcn as weather
from official_layout import record, write_set

from ct_s5_datasets import _physionet2019, check, load


def of_train(data, channel):
    """The observed values of a channel in the training series."""
    rows = data.frame["unique_id"].isin(data.split["train"])
    return data.frame.loc[rows, channel].dropna().to_numpy()


@pytest.fixture(scope="module")
def twelve_thousand(tmp_path_factory):
    """All three sets of PhysioNet 2012, one reading of HR each, and a few of the rest."""
    root = tmp_path_factory.mktemp("physionet2012")
    for at, part in enumerate("abc"):
        ids = range(132_539 + 10_000 * at, 136_539 + 10_000 * at)
        lines = {n: [f"01:{n % 60:02d},HR,{40 + n % 97}"] for n in ids}
        texts = {n: record(n, *some) for n, some in lines.items()}
        write_set(root, texts, part=part, deaths={n: int(n % 7 == 0) for n in ids})
    return root


def test_tpatchgnn_scales_by_training_and_validation_stays(twelve_thousand):
    from ct_s5_datasets import protocol

    rules = protocol("physionet2012/tpatchgnn-forecast@1")
    whole = load("physionet2012", root=twelve_thousand, part=("a", "b", "c"))
    # Channels nobody read have no scale; the real sets have readings of all.
    frame = whole.frame.dropna(axis=1, how="all")
    whole = whole.with_origin(frame=frame)
    split = whole.splits["tpatchgnn-forecast@1"]
    assert {part: len(ids) for part, ids in split.items()} == dict(rules.sizes)
    table = rules.scaling(whole, split)
    seen = frame[~frame["unique_id"].isin(split["test"])]["HR"]
    assert table.loc["HR"].tolist() == [seen.min(), seen.max() - seen.min()]
    assert rules.leaks == ()


@pytest.mark.parametrize("name", ["seft-classif", "tpatchgnn-forecast", "raindrop-mortality"])
def test_all_three_sets_under_a_protocol(twelve_thousand, name):
    if name == "raindrop-mortality":
        with pytest.raises(ValueError, match=r"raindrop-mortality@1 needs the whole part"):
            load(f"physionet2012/{name}@1", root=twelve_thousand)
        return
    data = load(f"physionet2012/{name}@1", root=twelve_thousand)
    assert list(data.splits) == [f"{name}@1"]
    assert 11_988 <= sum(len(ids) for ids in data.split.values()) <= 12_000
    assert len(data.files) == 12_003
    with pytest.raises(ValueError, match="has no reading among the series of train"):
        _ = data.scaling


@pytest.mark.parametrize("name", ["debrouwer", "debrouwer-fold3", "tpatchgnn"])
def test_the_table_of_gru_ode_bayes_is_scaled_anew_by_training_stations(tmp_path, name):
    rng = np.random.default_rng(0)
    rows = [
        f"{i},{t},{','.join(map(str, rng.normal(size=5)))},1,1,1,1,1"
        for i in range(1114)
        for t in (1.0, 2.0)
    ]
    root = weather.write_csv(tmp_path, *rows)
    given, twin = (load(f"ushcn/{name}{form}@1", root=root) for form in ("", "-leakfree"))
    assert {part: len(ids) for part, ids in given.split.items()} == dict(given.protocol.sizes)
    assert (given.scaling["shift"] == 0).all()
    assert (given.scaling["scale"] == 1).all()
    values = of_train(twin, "Value_2")
    np.testing.assert_allclose(twin.scaling.loc["Value_2"], [values.mean(), values.std()])
    assert any("statistics" in sentence for sentence in check(given))
    assert check(twin) == []
    assert given.manifest_hash != twin.manifest_hash


def test_cru_scales_each_part_of_the_stations_by_itself(tmp_path):
    def months(station, low):
        return "".join(
            weather.line(
                station,
                f"{year}{month:02d}",
                element,
                **{f"d{d}": str(d + low) for d in range(1, 29)},
            )
            for year in range(1990, 1995)
            for month in range(1, 13)
            for element in ("TMAX", "TMIN", "PRCP", "SNOW", "SNWD")
        )

    texts = {f"USC0000000{i}": months(f"USC0000000{i}", i) for i in range(10)}
    root = weather.write(tmp_path, texts, "folder")
    data = load("ushcn/cru@1", root=root)
    for part, ids in data.split.items():
        own = data.frame[data.frame["unique_id"].isin(ids)]["TMAX"]
        expected = [own.min(), own.max() - own.min()]
        assert data.scaling.loc[(part, "TMAX")].tolist() == pytest.approx(expected)
    assert len(check(data)) >= 2  # its statistics, and the part it chooses on
    twin = load("ushcn/cru-leakfree@1", root=root)
    values = of_train(twin, "TMAX")
    assert twin.scaling.loc["TMAX"].tolist() == pytest.approx([values.min(), np.ptp(values)])


def test_neural_cde_scales_sepsis_as_pytorch_does(tmp_path, monkeypatch):
    def stay(n):
        late = sepsis.line(73, n % 2, HR=500)  # beyond what the published use looks at
        return sepsis.stay(sepsis.line(3, n % 2, HR=60 + n % 7), late)

    stays = [{f"p{part}{n:05d}": stay(n) for n in range(1, 31)} for part in (0, 1)]
    sepsis.write(tmp_path, stays[0], "training_setA")
    sepsis.write(tmp_path, stays[1])
    monkeypatch.setattr(_physionet2019, "_BOTH", 60)
    with pytest.raises(ValueError, match=r"seft-online@1 needs the whole part \('A', 'B'\)"):
        load("physionet2019/seft-online@1", root=tmp_path)
    data = load("physionet2019/neuralcde@1", root=tmp_path)
    assert {part: len(ids) for part, ids in data.split.items()} == {
        "train": 42, "validation": 9, "test": 9,
    }  # fmt: skip
    kept = data.frame.dropna(axis=1, how="all")
    table = data.protocol.scaling(data.with_origin(frame=kept))
    assert "SepsisLabel" in kept
    assert "SepsisLabel" not in table.index
    values = of_train(data, "HR")
    values = values[values < 500]
    np.testing.assert_allclose(table.loc["HR"], [values.mean(), values.std(ddof=1) + 1e-5])


@pytest.mark.parametrize("share", [30, 50, 70])
def test_character_trajectories_are_scaled_by_what_is_left_of_training(tmp_path, share):
    head = ["@univariate true", "@classLabel true a b", "@data"]
    rows = [f"{','.join('123456789'[: 5 + i % 5])}:{'ab'[i % 2]}" for i in range(2858)]
    name = "CharacterTrajectories"
    archive.write(tmp_path / name, rows[:1422], rows[1422:], head, name=name)
    data = load(f"uea/character-trajectories-neuralcde-{share}@1", root=tmp_path)
    assert {part: len(ids) for part, ids in data.split.items()} == dict(data.protocol.sizes)
    values = of_train(data, "channel_0")
    expected = values.mean(), values.std(ddof=1) + 1e-5
    np.testing.assert_allclose(data.scaling.loc["channel_0"], expected)
    assert check(data) == [] or all("same readings" in each for each in check(data))
