"""Pairs of papers in the layout of Long Range Arena's release, made here."""

import gzip

import numpy as np
import pytest
from official_layout import all_columns

from ct_s5_datasets.lra.retrieval import FILES, load

LINES = {
    "train": ['1.0\tA1\tB1\taa "b\tb', "0.0\tA2\tB2\ta\u2028b\t"],
    "validation": ['0.0\tA3\tB3\t"quoted"\tab'],
    "test": ["1.0\tA4\tB4\tbba\tzab"],
}


def write(folder, lines=LINES, end="\n"):
    folder.mkdir(parents=True, exist_ok=True)
    for part, rows in lines.items():
        (folder / FILES[part]).write_bytes(end.join([*rows, ""]).encode())
    return folder


def read(texts, unique_id):
    return [texts.vocabulary[number] for number in texts.series(unique_id)]


@pytest.mark.parametrize(
    "place", [".", "tsv_data", "lra_release/tsv_data", "lra_release/lra_release/tsv_data"]
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_pairs(tmp_path, place, end):
    write(tmp_path / place, end=end)
    pairs = load(tmp_path)
    assert list(pairs.schema) == all_columns(pairs, [0])
    assert pairs.card == pairs.first.card
    first, second = load(tmp_path)
    assert first.labels.tolist() == second.labels.tolist() == [1, 0, 0, 1]
    assert first.vocabulary == ("<pad>", "<unk>", "<eos>", "a", "b", " ", '"', "\u2028")
    assert first.vocabulary == second.vocabulary
    assert read(first, 0) == ["a", "a", " ", '"', "b", "<eos>"]
    assert read(second, 0) == ["b", "<eos>"]
    assert read(first, 1) == ["a", "\u2028", "b", "<eos>"]
    assert read(second, 1) == ["<eos>"]
    assert read(first, 2) == ['"', *["<unk>"] * 6, '"', "<eos>"]
    assert read(second, 3) == ["<unk>", "a", "b", "<eos>"]
    assert first.values.dtype == np.uint8
    official = {part: ids.tolist() for part, ids in first.splits["official"].items()}
    assert official == {"train": [0, 1], "validation": [2], "test": [3]}
    assert "pairs a file: 2, 1, 1\n- kinds of tokens: 8\n" in second.card


def test_long_texts_and_rare_characters(tmp_path):
    first, second = load(write(tmp_path), most=3, least=2)
    assert first.vocabulary[3:] == ("a",)  # of the cut texts: aa, b, a and U+2028
    assert read(first, 3) == ["<unk>", "<unk>", "<eos>"]
    assert read(second, 3) == ["<unk>", "a", "<eos>"]
    with pytest.raises(ValueError, match="most=1, least=1"):
        load(tmp_path, most=1)


def test_blocks_and_gzip(tmp_path, monkeypatch):
    expected = load(write(tmp_path))
    for name in FILES.values():
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress((tmp_path / name).read_bytes()))
        (tmp_path / name).unlink()
    monkeypatch.setattr("ct_s5_datasets.lra._places._BLOCK", 7)
    for mine, other in zip(load(tmp_path), expected, strict=True):
        assert (mine.values == other.values).all()
        assert (mine.offsets == other.offsets).all()


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("1.0\tA\tB\ttext", r"it has 4 cell\(s\)"),
        ("1.0\tA\tB\ttext\tmore\tyet more", r"it has 6 cell\(s\)"),
        ("2.0\tA\tB\ttext\tmore", r"'2.0.*is not 0.0 or 1.0"),
        ("", r"it has 1 cell\(s\)"),
    ],
)
def test_a_damaged_line_is_named(tmp_path, row, told):
    write(tmp_path, LINES | {"validation": [*LINES["validation"], row]})
    with pytest.raises(ValueError, match=rf"new_aan_pairs.eval.tsv, line 2: .*{told}"):
        load(tmp_path)


def test_what_is_absent_is_told(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"new_aan_pairs.train.tsv is neither in"):
        load(tmp_path)
    write(tmp_path, LINES | {"test": []})
    (tmp_path / FILES["test"]).write_bytes(b"")
    with pytest.raises(ValueError, match=r"new_aan_pairs.test.tsv holds no pair"):
        load(tmp_path)
    (tmp_path / FILES["test"]).unlink()
    with pytest.raises(FileNotFoundError, match=r"Neither new_aan_pairs.test.tsv nor"):
        load(tmp_path)
