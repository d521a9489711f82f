"""Protocols of sets that come as arrays or as windows, on files made in the official layouts."""

import dataclasses
import hashlib

import numpy as np
import pandas as pd
import pytest
from test_human_activity import root as activity_root  # noqa: F401
from test_human_activity import written  # noqa: F401
from test_lra_image import records, root  # noqa: F401
from test_lra_pathfinder import release, row, save  # noqa: F401
from test_lra_retrieval import LINES, write
from test_lra_text import root as reviews  # noqa: F401
from test_pam import arrays  # noqa: F401
from test_pam import root as people_root  # noqa: F401

from ct_s5_datasets import check, load, protocol
from ct_s5_datasets._recut import under
from ct_s5_datasets.lra import pathfinder


def without_sizes(name):
    """A protocol, so that a few files made here can stand for the whole set."""
    rules = protocol(name)
    return dataclasses.replace(rules, sizes=dict.fromkeys(rules.sizes))


def test_pathfinder_is_split_as_pytorch_draws_and_scaled_to_one(
    release,  # noqa: F811
    tmp_path,
    monkeypatch,
):
    monkeypatch.setattr(pathfinder, "_RELEASED", 20)
    lines = [row(10, at, at % 2) for at in range(17)]
    (release / "metadata" / "10.npy").write_text("\n".join(lines) + "\n")
    for at in range(17):
        save(release, 10, at, at)
    data = load("lra/pathfinder@s5", root=tmp_path)
    assert list(data.splits) == ["pathfinder@s5"]
    # torch.randperm after manual_seed(42), a swap a word of its Mersenne Twister, one at a time.
    words = np.random.RandomState(42)
    order = list(range(20))
    for at in range(19):
        other = at + int(words.randint(0, 2**32, dtype=np.uint32)) % (20 - at)
        order[at], order[other] = order[other], order[at]
    parts = {"train": order[:16], "validation": order[16:18], "test": order[18:]}
    assert {part: ids.tolist() for part, ids in data.split.items()} == {
        part: sorted(ids) for part, ids in parts.items()
    }
    scaled = data.scaled([2])
    np.testing.assert_allclose(scaled["pixel"], (data.pixels([2])[0] / 255 - 0.5) / 0.5)
    assert data.asked == {"side": 32, "difficulty": "hard"}
    with pytest.raises(ValueError, match=r"is defined on side 32, not on side=64"):
        load("lra/pathfinder@s5", root=tmp_path, side=64)


def test_the_hash_of_images_follows_their_pixels(release, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.setattr(pathfinder, "_RELEASED", 6)
    known = load("lra/pathfinder@s5", root=tmp_path)
    assert "pixels" in known.files
    stored = load("lra/pathfinder@s5", root=tmp_path, store=tmp_path / "store")
    assert stored.cite() == known.cite()
    (release / "notes.txt").write_text("mine")
    assert load("lra/pathfinder@s5", root=tmp_path).cite() == known.cite()
    save(release, 10, 1, 99)
    changed = load("lra/pathfinder@s5", root=tmp_path)
    assert changed.manifest_hash != known.manifest_hash
    table = release / "metadata" / "10.npy"
    save(release, 10, 1, 31)
    table.write_text("\n".join(row(10, at, 1) for at in range(3)) + "\n")
    assert load("lra/pathfinder@s5", root=tmp_path).manifest_hash != known.manifest_hash


def test_text_has_no_validation_part_and_its_twin_has_one(reviews):  # noqa: F811
    with pytest.raises(ValueError, match=r"lra/text@s5 needs the whole set; 4 series are there"):
        load("lra/text@s5", root=reviews)
    with pytest.raises(ValueError, match=r"is defined on least 15, not on least=1"):
        load("lra/text@s5", root=reviews, least=1)
    data = load("lra/text", root=reviews)
    published = under(data, without_sizes("lra/text@s5"))
    assert list(published.split) == ["train", "test"]
    assert check(published) == ["text@s5: it chooses the epoch on the test part."]
    twin = under(data, without_sizes("lra/text-leakfree@s5"))
    assert {part: len(ids) for part, ids in twin.split.items()} == {
        "train": 1, "validation": 1, "test": 2,
    }  # fmt: skip
    assert check(twin) == []
    assert twin.split["test"].tolist() == published.split["test"].tolist()
    assert twin.scaling.to_numpy().tolist() == [[0.0, 1.0]]


def test_pairs_are_cited_as_one(tmp_path):
    write(tmp_path)
    pairs = load("lra/retrieval@s5", root=tmp_path)
    first, second = pairs
    assert pairs.cite() == first.cite() == second.cite()
    assert pairs.cite()["name"] == "lra/retrieval@s5"
    assert {part: ids.tolist() for part, ids in pairs.split.items()} == {
        "train": [0, 1], "validation": [2], "test": [3],
    }  # fmt: skip
    assert check(pairs) == []
    assert set(pairs.manifest()["files"]) == {
        f"new_aan_pairs.{part}.tsv" for part in ("train", "eval", "test")
    }
    write(tmp_path, LINES | {"test": ["1.0\tA4\tB4\tbba\tzaa"]})
    assert load("lra/retrieval@s5", root=tmp_path).manifest_hash != pairs.manifest_hash
    with pytest.raises(ValueError, match=r"is defined on most 4000, not on most=3"):
        load("lra/retrieval@s5", root=tmp_path, most=3)


def test_pairs_are_not_read_as_s5_reads_them(tmp_path):
    pairs = load("lra/retrieval@s5", root=write(tmp_path))
    assert pairs.protocol.status == pairs.manifest()["status"] == "rebuilt"
    assert "quotation marks" in pairs.protocol.differs
    # What pandas makes of the same file unless told otherwise, as S5's reader does.
    read = pd.read_csv(tmp_path / "new_aan_pairs.eval.tsv", sep="\t", header=None)
    assert read[3].tolist() == ["quoted"]
    told = [pairs.first.vocabulary[token] for token in pairs.first.series(2)]
    assert (told[0], told[-2]) == ('"', '"')


def test_pairs_forward_what_every_set_has(tmp_path):
    pairs = load("lra/retrieval@s5", root=write(tmp_path))
    pd.testing.assert_frame_equal(pairs.scaled([1, 0]), pairs.frame([0, 1]))
    pd.testing.assert_frame_equal(pairs.scaling, pairs.second.scaling)
    assert pairs.name == pairs.cite()["name"]
    assert pairs.asked == {"most": 4000, "least": 1}
    assert pairs.files == pairs.first.files
    assert (pairs.groups, pairs.made) == (None, False)
    assert {name for name in dir(pairs.first) if not name.startswith("_")} <= {
        *dir(pairs), "answers", "offsets", "padded", "positions", "series", "values", "vocabulary",
    }  # fmt: skip


def test_a_file_of_pairs_cut_inside_its_last_text_is_told(tmp_path):
    path = write(tmp_path) / "new_aan_pairs.test.tsv"
    whole = load("lra/retrieval@s5", root=tmp_path)
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.warns(UserWarning, match=r"new_aan_pairs\.test\.tsv ends inside a line"):
        cut = load("lra/retrieval@s5", root=tmp_path)
    assert cut.protocol.differs.startswith(f"{path} ends inside a line")
    assert cut.manifest_hash != whole.manifest_hash


@pytest.mark.parametrize(
    ("name", "shift", "scale"),
    [
        ("lra/image@s5", [122.6 / 255], [61 / 255]),
        ("cifar10/s5@1", [0.4914, 0.4822, 0.4465], [0.247, 0.243, 0.261]),
    ],
)
def test_pictures_are_scaled_by_fixed_numbers(root, name, shift, scale):  # noqa: F811
    rules = without_sizes(name)
    data = under(load(rules.set, root=root), rules)
    assert data.scaling["shift"].tolist() == pytest.approx(shift)
    assert data.scaling["scale"].tolist() == pytest.approx(scale)
    plain = data.frame([3]).iloc[:, 2:].to_numpy()
    np.testing.assert_allclose(data.scaled([3]).iloc[:, 2:], (plain - shift) / scale)
    assert {part: len(ids) for part, ids in data.split.items()} == {
        "train": 9, "validation": 1, "test": 2,
    }  # fmt: skip


def test_windows_of_people(people_root):  # noqa: F811
    leaking = load("pam/raindrop@1", root=people_root)
    assert any("groups have series in train and in test" in each for each in check(leaking))
    twin = load("pam/raindrop-leakfree@1", root=people_root)
    assert check(twin) == []
    values = twin.windows(twin.split["train"])[:, :, 4].astype(float)
    above = values[values > 0]
    expected = above.mean(), above.std()
    channel = twin.channels[4]
    np.testing.assert_allclose(twin.scaling.loc[channel], expected, rtol=1e-9)
    ids = twin.split["test"][:1]
    plain = twin.frame(ids)[channel]
    np.testing.assert_allclose(twin.scaled(ids)[channel], (plain - expected[0]) / expected[1])
    assert set(twin.files) == {f"subject{person}.dat" for person in range(101, 109)}


@pytest.mark.parametrize("name", ["latent-ode", "mtan", "tpatchgnn"])
def test_windows_of_activities(activity_root, name):  # noqa: F811
    leaking = load(f"human_activity/{name}@1", root=activity_root)
    twin = load(f"human_activity/{name}-leakfree@1", root=activity_root)
    assert any("groups have series" in sentence for sentence in check(leaking))
    assert check(twin) == []
    assert set(twin.split) == {"train", "validation", "test"}
    assert leaking.manifest_hash != twin.manifest_hash
    if name == "tpatchgnn":
        seen = twin.frame[~twin.frame["unique_id"].isin(twin.split["test"])]["chest_z"]
        np.testing.assert_array_equal(
            twin.scaling.loc["chest_z"], [seen.min(), seen.max() - seen.min()]
        )
        assert "activity" not in twin.scaling.index


def test_raindrops_own_split_leaks_and_has_no_other_form(arrays):  # noqa: F811
    folder, values, _ = arrays
    data = load("pam/raindrop-split2@1", root=folder)
    (path,) = folder.rglob("PTdict_list.npy")
    assert data.files["PTdict_list.npy"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert {"arr_outcomes.npy", "PAM_split_2.npy"} <= set(data.files)
    seen = values[data.split["train"], :, 3].astype(np.float32)
    expected = seen[seen > 0].mean(dtype=float), seen[seen > 0].std(dtype=float)
    np.testing.assert_allclose(data.scaling.loc[data.channels[3]], expected, rtol=1e-6)
    assert check(data) == ["raindrop-split2@1: one person has series in several of its parts."]
    with pytest.raises(ValueError, match=r"cannot but leak.*do not say whose a window is"):
        data.protocol.leakfree()
    told = r"raindrop-split1@1 needs PAM_split_1\.npy, which is not there.*Load 'pam'"
    with pytest.raises(ValueError, match=told):
        load("pam/raindrop-split1@1", root=folder)
