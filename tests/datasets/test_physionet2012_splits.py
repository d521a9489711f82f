"""SeFT's split against its published lists, and Raindrop's read from files made here."""

import pickle

import numpy as np
import pandas as pd
import pytest

from ct_s5_datasets._physionet2012 import PROTOCOLS
from ct_s5_datasets._physionet2012_splits import (
    EMPTY,
    raindrop_splits,
    seft_classif_split,
    splits_of_all_sets,
)

# The first stays of set-a and set-b in the lists that SeFT's medical_ts_datasets publishes.
TEST = [
    138387, 140329, 151440, 137378, 152789, 150229, 147389, 151005, 147265, 145917, 142804, 143106,
    145642, 145784, 144482, 133390, 143938, 143916, 140707, 142309, 143160, 137868, 140645, 134044,
]  # fmt: skip
VALIDATION = [
    132949, 143310, 149902, 143413, 135265, 150028, 144858, 149876, 137791, 134179, 152739, 136763,
    135220, 150902, 135498, 151486, 147333, 149106, 134627, 138197, 142280, 148943, 145285, 147836,
]  # fmt: skip


@pytest.fixture
def deaths():
    """12,000 stays with the published numbers of deaths, the empty ones among them."""
    random = np.random.default_rng(0)
    others = np.setdiff1d(np.arange(132_539, 163_000), EMPTY)
    ids = np.union1d(EMPTY, random.choice(others, 12_000 - len(EMPTY), replace=False))
    died = random.permutation(np.repeat([1, 0], [1707, 12_000 - 1707]))
    return pd.Series(died, pd.Index(ids, name="unique_id"))


def test_sefts_parts_have_their_sizes_and_their_share_of_deaths(deaths):
    split = seft_classif_split(deaths.sample(frac=1, random_state=0))
    together = np.concatenate(list(split.values()))
    np.testing.assert_array_equal(np.sort(together), np.setdiff1d(deaths.index, EMPTY))
    for part, size in {"train": 7680, "validation": 1920, "test": 2400}.items():
        assert size - len(EMPTY) <= len(split[part]) <= size
        assert deaths[split[part]].sum() == pytest.approx(1707 * size / 12_000, abs=3)
        assert (np.diff(split[part]) > 0).all()


def test_sefts_split_is_the_published_one(real):
    root = real("physionet2012", "Outcomes-a.txt").parent
    tables = [pd.read_csv(root / f"Outcomes-{part}.txt", index_col=0) for part in "ab"]
    known = pd.concat(tables)["In-hospital_death"]
    # Set-c was not at hand. It had 585 deaths; which of its stays they are moves no stay of a or b.
    ids = pd.RangeIndex(152_871, 156_871)
    unknown = pd.Series(np.random.default_rng(0).permutation(np.arange(4000) < 585) * 1, ids)
    split = seft_classif_split(pd.concat([known, unknown]))
    assert set(TEST) <= set(split["test"])
    assert set(VALIDATION) <= set(split["validation"])
    assert not set(TEST + VALIDATION) & set(split["train"])


def save_split(path, *parts):
    """As NumPy saved arrays of unequal length: an object array, pickled."""
    objects = np.empty(len(parts), dtype=object)
    objects[:] = parts
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as stream:
        head = {"descr": "|O", "fortran_order": False, "shape": (len(parts),)}
        np.lib.format.write_array_header_1_0(stream, head)
        pickle.dump(objects, stream, protocol=3)


@pytest.mark.parametrize("folder", [".", "splits", "P12data/splits"])
def test_raindrops_files_count_the_stays_that_are_not_empty(deaths, tmp_path, folder):
    drawn = np.random.default_rng(1).permutation(11_988)
    save_split(tmp_path / folder / "phy12_split1.npy", *np.split(drawn, [9590, 10_789]))
    save_split(tmp_path / folder / "phy12_split4.npy", *np.split(drawn[::-1], [9590, 10_789]))
    found = raindrop_splits(tmp_path, deaths.index)
    assert list(found) == ["raindrop-mortality@1", "raindrop-mortality-split4@1"]
    kept = [unique_id for unique_id in sorted(deaths.index) if unique_id not in EMPTY]
    split = found["raindrop-mortality@1"]
    assert split["train"].tolist() == sorted(kept[place] for place in drawn[:9590])
    assert split["validation"].tolist() == sorted(kept[place] for place in drawn[9590:10_789])
    assert split["test"].tolist() == sorted(kept[place] for place in drawn[10_789:])
    assert found["raindrop-mortality-split4@1"]["train"][0] == min(
        kept[place] for place in drawn[::-1][:9590]
    )


@pytest.mark.parametrize("n_stays", [4000, 11_987, 12_000])
def test_files_for_other_stays_are_refused(deaths, tmp_path, n_stays):
    save_split(tmp_path / "phy12_split1.npy", *np.split(np.arange(n_stays), [8, 9]))
    with pytest.raises(ValueError, match=r"phy12_split1\.npy does not deal the numbers 0 to 11987"):
        raindrop_splits(tmp_path, deaths.index)


def test_what_is_no_list_of_numbers_is_refused(deaths, tmp_path):
    path = tmp_path / "phy12_split1.npy"
    for parts in ([[1, 2]], [np.eye(2), np.eye(2), np.eye(2)], [np.arange(3.0)] * 3):
        save_split(path, *parts)
        with pytest.raises(ValueError, match=r"does not deal the numbers.*github"):
            raindrop_splits(tmp_path, deaths.index)
    path.write_text("<!DOCTYPE html>")
    with pytest.raises(ValueError, match=r"phy12_split1\.npy is an HTML page"):
        raindrop_splits(tmp_path, deaths.index)


def test_protocols_of_all_sets_want_all_of_them(deaths, tmp_path):
    parts = ("a", "b", "c")
    assert list(splits_of_all_sets(parts, deaths, tmp_path)) == ["seft-classif@1"]
    assert splits_of_all_sets(parts, deaths[1:], tmp_path) == {}
    assert splits_of_all_sets(("a", "b"), deaths[:8000], tmp_path) == {}
    wanted = {name for name, part in PROTOCOLS.items() if part == parts}
    assert {"seft-classif@1", "raindrop-mortality@1", "raindrop-mortality-split5@1"} <= wanted
