"""ListOps in the release's layouts, in the original's, and made anew."""

import errno
import gzip
import os
import signal
import statistics
import subprocess
import sys
import time

import numpy as np
import pytest

from ct_s5_datasets.lra._places import blocks
from ct_s5_datasets.lra.listops import FILES, VOCABULARY, load, tokenise
from ct_s5_datasets.lra.listops_generator import generate, main

LINES = {
    "basic_train.tsv": ["( ( ( [MAX 2 ) 3 ) ] )\t3", "7\t7"],
    "basic_val.tsv": ["( ( ( [SM ( ( ( [MED 4 ) 9 ) ] ) ) 5 ) ] )\t1"],
    "basic_test.tsv": ["( ( ( [MIN 2 ) 0 ) ] )\t0"],
}


def write(folder, lines=LINES, end="\n", header="Source\tTarget"):
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in lines.items():
        (folder / name).write_text(end.join([header, *rows, ""]), newline="")
    return folder


def words(data, unique_id):
    return " ".join(data.vocabulary[number] for number in data.series(unique_id))


def value(tokens):
    """A second evaluator: a stack of open operators, folded at each bracket."""
    stack = [["", []]]
    for token in tokens:
        if token.startswith("["):
            stack.append([token[1:], []])
        elif token == "]":
            operator, numbers = stack.pop()
            folds = {"MIN": min, "MAX": max, "MED": statistics.median, "SM": sum}
            stack[-1][1].append(int(folds[operator](numbers)) % 10)
        else:
            stack[-1][1].append(int(token))
    ((_, (answer,)),) = stack
    return answer


def sentences(data):
    vocabulary = np.array(data.vocabulary)
    return [part.tolist() for part in np.split(vocabulary[data.values], data.offsets[1:-1])]


def recomputed(data):
    n_wrong = 0
    for (*expression, end), answer in zip(sentences(data), data.labels, strict=True):
        assert end == "<eos>"
        n_wrong += value(expression) != answer
    return n_wrong


@pytest.mark.parametrize(
    "place",
    [".", "listops-1000", "lra_release/listops-1000", "lra_release/lra_release/listops-1000"],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_every_known_layout(tmp_path, place, end):
    write(tmp_path / place, end=end)
    data = load(tmp_path)
    assert words(data, 0) == "[MAX 2 3 ] <eos>"
    assert words(data, 1) == "7 <eos>"
    assert words(data, 2) == "[SM [MED 4 9 ] 5 ] <eos>"
    assert data.labels.tolist() == [3, 7, 1, 0]
    assert data.values.dtype == np.uint8
    official = {part: ids.tolist() for part, ids in data.splits["official"].items()}
    assert official == {"train": [0, 1], "validation": [2], "test": [3]}
    assert recomputed(data) == 0


def test_gzipped_files_and_a_last_line_without_end(tmp_path):
    write(tmp_path)
    for name in FILES.values():
        text = (tmp_path / name).read_bytes().rstrip(b"\n")
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(text))
        (tmp_path / name).unlink()
    assert load(tmp_path).labels.tolist() == [3, 7, 1, 0]


def test_blocks_may_end_anywhere(tmp_path, monkeypatch):
    write(tmp_path, end="\r\n")
    expected = load(tmp_path)
    monkeypatch.setattr("ct_s5_datasets.lra._places._BLOCK", 5)
    data = load(tmp_path)
    assert (data.values == expected.values).all()
    assert data.labels.equals(expected.labels)


def test_vocabulary_has_the_published_size():
    assert len(VOCABULARY) == 18
    assert VOCABULARY[:3] == ("<pad>", "<unk>", "<eos>")
    assert tokenise("( ( ( [MIN 2 ) 0 ) ] )").tolist() == [15, 5, 3, 17, 2]
    with pytest.raises(ValueError, match=r"'\( \[FOO 2 \)\\t0' is not an expression"):
        tokenise("( [FOO 2 )")


def test_frame_and_padding_of_chosen_expressions(tmp_path):
    data = load(write(tmp_path))
    frame = data.frame([3, 1])
    assert frame["unique_id"].tolist() == [1, 1, 3, 3, 3, 3, 3]
    assert frame["ds"].dt.total_seconds().tolist() == [0, 1, 0, 1, 2, 3, 4]
    assert frame["token"].tolist() == [10.0, 2.0, 15.0, 5.0, 3.0, 17.0, 2.0]
    rows, lengths = data.padded([3, 1], length=6)
    assert rows.tolist() == [[15, 5, 3, 17, 2, 0], [10, 2, 0, 0, 0, 0]]
    assert lengths.tolist() == [5, 2]
    assert data.padded([1])[0].shape == (1, 2)
    with pytest.raises(ValueError, match=r"Series 3 has 5 values, more than length=4"):
        data.padded([3, 1], length=4)
    with pytest.raises(ValueError, match=r"No series 4; the ids are labels.index, 0 to 3"):
        data.frame([4])
    with pytest.raises(ValueError, match=r"Series 1 is asked for twice"):
        data.frame([1, 1])
    assert list(data.schema) == ["unique_id", "ds", "token", "value"]
    assert repr(data) == "TokenSet(4 series, 20 tokens of 18 kinds, splits official)"


@pytest.mark.parametrize(
    "row",
    [
        "( ( ( [MAX 2 ) 13 ) ] )\t3",
        "( ( ( [TOP 2 ) 3 ) ] )\t3",
        "( ( ( [MAX2 ) 3 ) ] )\t3",
        "( ( ( [MAX 2 ) 3 ) ] )\t12",
        "( ( ( [MAX 2 ) 3 ) ] )\t]",
        "( ( ( [MAX 2 ) 3 ) ] )",
        "( ( ( [MAX 2 ) 3\t3",
        "3 ] [MAX 2\t3",
        "2\t3\t3",
        "\t3",
        "",
        "( ( ( \x01 2 ) 3 ) ] )\t3",
        "é\t3",
    ],
)
def test_a_damaged_line_is_named(tmp_path, row):
    write(tmp_path, LINES | {"basic_val.tsv": [*LINES["basic_val.tsv"], row, "2\t2"]})
    with pytest.raises(ValueError, match=r"basic_val.tsv, line 3: .* is not an expression"):
        load(tmp_path)


def test_what_cannot_be_read_says_what_to_do(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"basic_train.tsv is neither in .*lra_release.gz"):
        load(tmp_path)
    with pytest.raises(ValueError, match=r"has the parts 'lra' and 'original'"):
        load(tmp_path, part="d20s")
    write(tmp_path)
    (tmp_path / "basic_test.tsv").unlink()
    with pytest.raises(FileNotFoundError, match=r"Neither basic_test.tsv nor basic_test.tsv.gz"):
        load(tmp_path)
    (tmp_path / "basic_test.tsv").write_text("<!DOCTYPE html><html>")
    with pytest.raises(ValueError, match=r"is an HTML page"):
        load(tmp_path)
    (tmp_path / "basic_test.tsv").write_text("Source\tTarget\n")
    with pytest.raises(ValueError, match=r"basic_test.tsv holds no expression"):
        load(tmp_path)
    (tmp_path / "basic_test.tsv").write_text("Target\tSource\n2\t2\n")
    with pytest.raises(ValueError, match=r"header Source<TAB>Target but with 'Target"):
        load(tmp_path)
    (tmp_path / "basic_test.tsv").unlink()
    packed = gzip.compress(b"Source\tTarget\n2\t2\n")
    (tmp_path / "basic_test.tsv.gz").write_bytes(packed[:-9])
    with pytest.raises(ValueError, match=r"basic_test.tsv.gz is cut short or damaged"):
        load(tmp_path)


def test_the_originals_labels_are_right(shared_data):
    data = load(shared_data / "listops", part="original")
    assert len(data) == 10_000
    lengths = np.diff(data.offsets) - 1
    assert (lengths.min(), np.median(lengths), lengths.max()) == (1, 16, 939)
    assert ((lengths >= 300).sum(), (lengths >= 500).sum()) == (202, 49)
    assert recomputed(data) == 0
    with gzip.open(shared_data / "listops" / "test_d20s.tsv.gz", "rt") as stream:
        lines = stream.read().splitlines()
    for line, sentence, mine in zip(lines, sentences(data), data.labels, strict=True):
        answer, _, text = line.partition("\t")
        assert sentence == [*text.replace("(", "").replace(")", "").split(), "<eos>"]
        assert mine == int(answer)


def test_long_real_expressions_in_the_releases_layout(shared_data, tmp_path):
    content = gzip.decompress(
        (shared_data / "listops" / "derived_lra_layout_202rows.tsv.gz").read_bytes()
    )
    for name in FILES.values():
        (tmp_path / name).write_bytes(content)
    data = load(tmp_path)
    assert len(data) == 606
    assert recomputed(data) == 0
    assert "expressions a file: 202, 202, 202" in data.card


def test_made_expressions_have_the_official_range_and_right_values(tmp_path):
    folder = generate(tmp_path, seed=5, sizes=(60, 20, 20))
    assert {path.name for path in folder.iterdir()} == {*FILES.values(), "GENERATED.txt"}
    data = load(tmp_path)
    assert data.made
    lengths = np.diff(data.offsets) - 1
    assert 500 < lengths.min() < lengths.max() < 2000
    assert recomputed(data) == 0
    assert len({words(data, unique_id) for unique_id in data.labels.index}) == 100
    depth = max(
        np.cumsum((row >= 13) - 2.0 * (row == 17)).max() for row in data.padded(range(100))[0]
    )
    assert depth <= 9
    assert data.labels.nunique() == 10
    text = (folder / "basic_val.tsv").read_text().splitlines()
    assert text[0] == "Source\tTarget"
    for line in text[1:]:
        expression = line.split("\t")[0].split()
        assert expression.count("(") == expression.count(")")
        n_nodes = len([word for word in expression if word not in "()"])
        assert expression.count("(") == n_nodes - 1


@pytest.mark.slow
def test_the_bytes_depend_on_the_seed_alone(tmp_path):
    size = dict(sizes=(180, 10, 20), lengths=(40, 80))  # more than one task
    folders = {
        "one": generate(tmp_path / "one", seed=1, processes=1, **size),
        "two": generate(tmp_path / "two", seed=1, processes=2, **size),
        "other": generate(tmp_path / "other", seed=2, **size),
    }
    for name in FILES.values():
        one, two, other = ((folder / name).read_bytes() for folder in folders.values())
        assert one == two
        assert one != other


def test_nothing_is_overwritten_and_nothing_half_written(tmp_path, monkeypatch):
    (tmp_path / "listops-1000").mkdir()
    (tmp_path / "listops-1000" / "basic_val.tsv").write_text("mine")
    with pytest.raises(FileExistsError, match=r"basic_val.tsv is there already"):
        generate(tmp_path)
    assert (tmp_path / "listops-1000" / "basic_val.tsv").read_text() == "mine"

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("ct_s5_datasets._whole.os.fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        generate(tmp_path / "new", sizes=(3, 1, 1), lengths=(40, 120))
    assert list((tmp_path / "new" / "listops-1000").iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT there")
def test_an_interrupt_leaves_no_file(tmp_path):
    # A process started in the background may have been told to ignore interrupts.
    call = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from ct_s5_datasets.lra.listops_generator import generate; "
        f"generate({str(tmp_path)!r})"
    )
    with subprocess.Popen([sys.executable, "-c", call], stderr=subprocess.PIPE) as running:
        try:
            deadline = time.monotonic() + 60
            while not list(tmp_path.glob("*/.basic_train*")) and time.monotonic() < deadline:
                time.sleep(0.02)
            os.kill(running.pid, signal.SIGINT)
            _, told = running.communicate(timeout=60)
        finally:
            running.kill()
    assert b"KeyboardInterrupt" in told
    assert list((tmp_path / "listops-1000").iterdir()) == []


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"lengths": (5, 100)}, r"lengths=\(5, 100\): shorter expressions would run out"),
        ({"lengths": (100, 100)}, "at least 20 above"),
        ({"seed": -1}, "seed=-1"),
        ({"processes": 0}, "processes=0"),
        ({"sizes": (1, 0, 1)}, r"sizes=\(1, 0, 1\)"),
    ],
)
def test_numbers_out_of_range(tmp_path, wrong, told):
    with pytest.raises(ValueError, match=told):
        generate(tmp_path, **wrong)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--seed", "-1"], "seed=-1, processes=1, sizes=(9, 1, 1): a seed is 0 or above"),
        ([], "basic_train.tsv is there already. Remove it"),
    ],
)
def test_the_command_says_what_is_wrong_in_a_line(tmp_path, monkeypatch, words, told):
    (tmp_path / "listops-1000").mkdir()
    (tmp_path / "listops-1000" / "basic_train.tsv").write_text("mine")
    call = ["", str(tmp_path), "--sizes", "9", "1", "1", "--processes", "1", *words]
    monkeypatch.setattr(sys, "argv", call)
    with pytest.raises(SystemExit) as left:
        main()
    assert told in str(left.value.code)
    assert "\n" not in str(left.value.code)


def test_the_command_says_when_the_disk_is_full(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("ct_s5_datasets._whole.os.fsync", full)
    call = ["", str(tmp_path), "--sizes", "1", "1", "1", "--processes", "1"]
    monkeypatch.setattr(sys, "argv", call)
    with pytest.raises(SystemExit, match=r"is full; nothing was kept\. Free some room"):
        main()
    assert list((tmp_path / "listops-1000").iterdir()) == []


def test_a_line_without_end_is_refused_before_it_fills_the_memory(tmp_path):
    path = tmp_path / "basic_train.tsv.gz"
    with gzip.open(path, "wb", compresslevel=1) as stream:
        stream.write(b"Source\tTarget\n")
        for _ in range(40):
            stream.write(b"(" * 2**20)
    with pytest.raises(ValueError, match=r"basic_train\.tsv\.gz has a line of more than 16 MiB"):
        list(blocks(tmp_path / "basic_train.tsv", "Get it again."))
