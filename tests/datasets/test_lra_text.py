"""Film reviews by character, in the layout of the Large Movie Review Dataset, made here."""

import shutil
import tarfile

import numpy as np
import pytest
from official_layout import all_columns

import ct_s5_datasets
from ct_s5_datasets.lra.text import load

REVIEWS = {
    "train/pos/0_9": "aab é",
    "train/neg/1_2": "abba",
    "test/pos/0_10": "azé",
    "test/neg/11_1": "",
}


@pytest.fixture
def root(tmp_path):
    for name, text in {**REVIEWS, "train/unsup/0_0": "zzzz"}.items():
        path = tmp_path / "aclImdb" / f"{name}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
    (tmp_path / "aclImdb" / "README").write_text("about")
    (tmp_path / "aclImdb" / "train" / "labeledBow.feat").write_text("9 0:1")
    return tmp_path


def read(data, name):
    return [data.vocabulary[number] for number in data.series(name)]


def test_characters_labels_and_splits(root):
    data = load(root, least=1)
    assert list(data.schema) == all_columns(data, data.labels.index[:1])
    # a 4, b 3, then one each in the order of code points
    assert data.vocabulary == ("<pad>", "<unk>", "<eos>", "a", "b", " ", "é")
    assert data.values.dtype == np.uint8
    assert data.labels.to_dict() == {
        "test/neg/11_1": 0,
        "test/pos/0_10": 1,
        "train/neg/1_2": 0,
        "train/pos/0_9": 1,
    }
    assert read(data, "train/pos/0_9") == ["a", "a", "b", " ", "é", "<eos>"]
    assert read(data, "test/pos/0_10") == ["a", "<unk>", "é", "<eos>"]
    assert read(data, "test/neg/11_1") == ["<eos>"]
    official = {part: ids.tolist() for part, ids in data.splits["official"].items()}
    assert official == {
        "train": ["train/neg/1_2", "train/pos/0_9"],
        "test": ["test/neg/11_1", "test/pos/0_10"],
    }
    assert "- kinds of tokens: 7\n" in data.card


def test_reviews_without_a_label_are_no_part_of_what_is_cited(root):
    whole = ct_s5_datasets.load("lra/text", root=root)
    assert "0_0.txt" not in whole.files
    shutil.rmtree(root / "aclImdb" / "train" / "unsup")
    assert ct_s5_datasets.load("lra/text", root=root).cite() == whole.cite()


def test_rare_characters_and_long_reviews(root):
    data = load(root, most=4, least=2)
    assert data.vocabulary[3:] == ("a", "b")
    assert read(data, "train/neg/1_2") == ["a", "b", "b", "<eos>"]
    assert read(data, "test/pos/0_10") == ["a", "<unk>", "<unk>", "<eos>"]
    assert "reviews cut at 4 tokens: 2\n" in data.card
    with pytest.raises(ValueError, match=r"most=1, least=15: give most 2 or above"):
        load(root, most=1)


def test_characters_are_counted_in_the_reviews_as_cut(root):
    data = load(root, most=5, least=1)
    # "aab " and "abba" are what is left to train on: no "é".
    assert data.vocabulary[3:] == ("a", "b", " ")
    assert read(data, "test/pos/0_10") == ["a", "<unk>", "<unk>", "<eos>"]


def test_a_zero_character_is_no_end(root):
    (root / "aclImdb" / "train" / "pos" / "3_9.txt").write_bytes(b"a\0b")
    data = load(root, least=1)
    assert read(data, "train/pos/3_9") == ["a", "\0", "b", "<eos>"]


def test_many_kinds_of_characters_take_two_bytes(root):
    wide = "".join(map(chr, range(0x4E00, 0x4E00 + 400)))
    (root / "aclImdb" / "train" / "pos" / "3_9.txt").write_text(wide, encoding="utf-8")
    data = load(root, least=1)
    assert data.values.dtype == np.uint16
    assert "".join(read(data, "train/pos/3_9")[:-1]) == wide


def test_other_places(root):
    expected = load(root, least=1)
    assert (load(root / "aclImdb", least=1).values == expected.values).all()
    (root / "packed").mkdir()
    with tarfile.open(root / "packed" / "aclImdb_v1.tar.gz", "w:gz") as archive:
        archive.add(root / "aclImdb", "aclImdb")
    data = load(root / "packed", least=1)
    assert (data.values == expected.values).all()
    assert data.labels.equals(expected.labels)


@pytest.mark.parametrize("left", ["", "train/pos/7_9.txt"])
def test_a_folder_that_is_not_whole_does_not_hide_the_archive(root, left):
    expected = load(root, least=1)
    with tarfile.open(root / "aclImdb_v1.tar.gz", "w:gz") as archive:
        archive.add(root / "aclImdb", "aclImdb")
    shutil.rmtree(root / "aclImdb")
    path = root / "aclImdb" / left
    (path.parent if left else path).mkdir(parents=True)
    if left:
        path.write_text("half unpacked")
    data = load(root, least=1)
    assert data.labels.equals(expected.labels)
    assert (data.values == expected.values).all()


def test_errors(root, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"has no train/ or no test/ .*aclImdb_v1.tar.gz"):
        load(tmp_path / "absent")
    path = root / "aclImdb" / "test" / "pos" / "0_10.txt"
    path.write_bytes(b"caf\xe9")
    with pytest.raises(ValueError, match=r"test/pos/0_10.txt is not UTF-8"):
        load(root)
    path.unlink()
    (root / "aclImdb" / "test" / "neg" / "11_1.txt").unlink()
    with pytest.raises(FileNotFoundError, match=r"has no train/ or no test/"):
        load(root)
