"""CIFAR-10 in colour, from both of its versions made here, and PyTorch's orders."""

import pickle
import tarfile

import numpy as np
import pytest
from official_layout import all_columns

from ct_s5_datasets import check, names
from ct_s5_datasets._cifar10 import CLASSES, load
from ct_s5_datasets._pytorch import random_split, randperm
from ct_s5_datasets.lra import image

FILES = (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch")


@pytest.fixture
def records():
    table = np.random.default_rng(0).integers(0, 256, (120, 3073), dtype=np.uint8)
    table[:, 0] = np.arange(120) % 10
    return table


@pytest.fixture
def binary(tmp_path, records):
    folder = tmp_path / "binary" / "cifar-10-batches-bin"
    folder.mkdir(parents=True)
    for at, name in enumerate(FILES):
        (folder / f"{name}.bin").write_bytes(records[20 * at : 20 * at + 20].tobytes())
    return folder.parent


@pytest.fixture
def python(tmp_path, records):
    folder = tmp_path / "python" / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    for at, name in enumerate(FILES):
        some = records[20 * at : 20 * at + 20]
        batch = {
            b"batch_label": f"batch {at}".encode(),
            b"labels": some[:, 0].tolist(),
            b"data": np.ascontiguousarray(some[:, 1:]),
            b"filenames": [b"picture.png"] * 20,
        }
        (folder / name).write_bytes(pickle.dumps(batch, protocol=2))
    (folder / "batches.meta").write_bytes(b"not read")
    return folder.parent


def test_pixels_are_row_by_row_with_three_colours_each(binary, records):
    data = load(binary)
    assert list(data.schema) == all_columns(data, [0])
    assert data.images.dtype == np.uint8
    assert data.labels.tolist() == [k % 10 for k in range(120)]
    assert len(CLASSES) == 10
    pixels = data.pixels([7, 3])
    assert pixels.shape == (2, 1024, 3)
    assert pixels.dtype == np.uint8
    for row, column in ((0, 0), (0, 31), (5, 17), (31, 31)):
        for colour in range(3):
            byte = records[3, 1 + 1024 * colour + 32 * row + column]
            assert pixels[1, 32 * row + column, colour] == byte
    frame = data.frame([7, 3])
    assert frame["unique_id"].unique().tolist() == [3, 7]
    assert list(frame) == ["unique_id", "ds", "red", "green", "blue"]
    assert frame["ds"].dt.total_seconds().tolist() == [*range(1024)] * 2
    np.testing.assert_array_equal(frame[["red", "green", "blue"]][:1024], pixels[1] / 255)
    assert repr(data).startswith("ColourSet(120 series, 32 x 32 pixels in colour, ")


def test_both_versions_packed_or_not_are_the_same_pictures(binary, python):
    expected = load(binary)
    packed = python.parent / "packed"
    packed.mkdir()
    with tarfile.open(packed / "cifar-10-python.tar.gz", "w:gz") as archive:
        archive.add(python / "cifar-10-batches-py", "cifar-10-batches-py")
    for root in (python, python / "cifar-10-batches-py", packed, binary / "cifar-10-batches-bin"):
        data = load(root)
        np.testing.assert_array_equal(data.images, expected.images)
        assert data.labels.equals(expected.labels)
    np.testing.assert_array_equal(image.load(python).images, image.load(binary).images)


def test_s5_holds_out_a_tenth_of_the_training_pictures(binary):
    data = load(binary)
    split = data.splits["s5@1"]
    assert {part: len(ids) for part, ids in split.items()} == {
        "train": 90,
        "validation": 10,
        "test": 20,
    }
    assert sorted([*split["train"], *split["validation"]]) == [*range(100)]
    assert split["test"].tolist() == [*range(100, 120)]
    order = randperm(np.random.RandomState(42), 100)
    assert split["validation"].tolist() == sorted(order[90:])
    grey = image.load(binary)
    for part, ids in grey.splits["s5@1"].items():
        np.testing.assert_array_equal(ids, split[part])
    assert {"cifar10", "cifar10/s5@1"} <= set(names())


def test_orders_are_pytorchs():
    # Printed by PyTorch for manual_seed(0) and manual_seed(42), then randperm(10).
    assert randperm(np.random.RandomState(0), 10) == [4, 1, 7, 5, 3, 9, 0, 8, 6, 2]
    assert randperm(np.random.RandomState(42), 10) == [2, 6, 1, 8, 4, 5, 0, 9, 3, 7]
    assert randperm(np.random.RandomState(1), 0) == []
    split = random_split([10, 11, 12, 13, 14, 15, 16, 17, 18, 19], {"a": 7, "b": 3})
    assert {part: ids.tolist() for part, ids in split.items()} == {
        "a": [10, 11, 12, 14, 15, 16, 18],
        "b": [13, 17, 19],
    }
    with pytest.raises(ValueError, match="are not 3 ids together"):
        random_split([1, 2, 3], {"a": 1, "b": 1})


def test_errors(binary, python, tmp_path):
    path = python / "cifar-10-batches-py" / "data_batch_2"
    good = pickle.loads(path.read_bytes())

    def refused(content, words):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=words + r".*cifar\.html"):
            load(python)

    refused(pickle.dumps(good, protocol=2)[:-9], "data_batch_2: ")
    refused(pickle.dumps({**good, b"data": check}, protocol=2), "data_batch_2: the pickle asks for")
    refused(
        pickle.dumps({**good, b"labels": [1]}, protocol=2),
        r"data_batch_2 holds uint8 data of \(20, 3072\) and int64 labels of \(1,\)",
    )
    refused(pickle.dumps([], protocol=2), "data_batch_2 holds float64 data of")
    refused(
        pickle.dumps({**good, b"labels": [0] * 19 + [-1]}, protocol=2),
        "picture 19 of data_batch_2 has class -1",
    )
    path.unlink()
    with pytest.raises(FileNotFoundError, match=r"data_batch_2 is not in .*cifar-10-python"):
        load(python)
    (binary / "cifar-10-batches-bin" / "test_batch.bin").write_bytes(b"<html>")
    with pytest.raises(ValueError, match=r"test_batch\.bin has 6 bytes, not some pictures of 3073"):
        load(binary)
    with pytest.raises(FileNotFoundError, match=r"data_batch_1\.bin is not in"):
        load(tmp_path / "absent")
