"""MNIST: IDX files made here, and the real test images."""

import gzip
import hashlib
import struct

import numpy as np
import pytest
from official_layout import all_columns

from ct_s5_datasets._mnist import load


def idx(array):
    head = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return head + array.astype(np.uint8).tobytes()


@pytest.fixture
def root(tmp_path):
    pixels = np.arange(5 * 784).reshape(5, 28, 28) % 256
    (tmp_path / "train-images-idx3-ubyte").write_bytes(idx(pixels[:3]))
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx(np.array([7, 0, 9])))
    (tmp_path / "t10k-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(pixels[3:])))
    (tmp_path / "t10k-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(np.array([1, 2]))))
    return tmp_path


def test_both_parts(root):
    data = load(root, part=("test", "train"))
    assert list(data.schema) == all_columns(data, data.labels.index[:1])
    assert data.labels.tolist() == [7, 0, 9, 1, 2]
    assert data.images.dtype == np.uint8
    assert data.images[4, 0, 1] == (4 * 784 + 1) % 256
    official = {part: ids.tolist() for part, ids in data.splits["official"].items()}
    assert official == {"train": [0, 1, 2], "test": [3, 4]}
    assert "- train: 3 images\n- test: 2 images\n" in data.card
    test = load(root, part="test")
    assert test.labels.tolist() == [1, 2]
    assert "official" not in test.splits
    assert (test.images == data.images[3:]).all()


@pytest.mark.parametrize("order", ["sequential", "permuted", "bit-reversed"])
def test_orders_are_fixed_and_lose_no_pixel(root, order):
    data = load(root, part="train", order=order)
    frame = data.frame([1])
    assert frame["ds"].dt.total_seconds().tolist() == [*range(784)]
    read = (frame["pixel"] * 255).round().astype(int).tolist()
    straight = data.images[1].ravel()
    assert sorted(read) == sorted(straight.tolist())
    assert (read == straight).all() == (order == "sequential")
    assert (data.pixels([1])[0] == read).all()
    again = load(root, part="train", order=order)
    assert (again.pixels([1]) == data.pixels([1])).all()


def test_the_first_pixels_of_each_mixed_order(root):
    permuted, turned = (load(root, order=order).order for order in ("permuted", "bit-reversed"))
    assert permuted[:5].tolist() == [318, 2, 606, 446, 758]
    assert turned[:9].tolist() == [0, 512, 256, 768, 128, 640, 384, 64, 576]
    assert len(set(turned.tolist())) == 784


def test_names(root):
    with pytest.raises(ValueError, match=r"part='valid': mnist has the parts 'train' and 'test'"):
        load(root, part="valid")
    with pytest.raises(ValueError, match=r"part=\('test', 'test'\)"):
        load(root, part=("test", "test"))
    with pytest.raises(ValueError, match=r"one of sequential, permuted, bit-reversed"):
        load(root, order="reversed")


def test_damage_is_told(root):
    images, labels = root / "train-images-idx3-ubyte", root / "train-labels-idx1-ubyte"
    good = images.read_bytes()
    images.write_bytes(good[:-1])
    with pytest.raises(ValueError, match=r"promises 3 x 28 x 28 bytes and holds 2351"):
        load(root)
    images.write_bytes(b"\x00\x00\x0d\x03" + good[4:])
    with pytest.raises(ValueError, match=r"is no IDX file of bytes with 3 axes"):
        load(root)
    images.write_bytes(good[:10])
    with pytest.raises(ValueError, match=r"is no IDX file"):
        load(root)
    images.write_bytes(b"\x00\x00\x08\x03" + b"\xff" * 12 + good[16:])
    with pytest.raises(ValueError, match=r"promises 4294967295 x"):
        load(root)
    images.write_bytes(good)
    labels.write_bytes(idx(np.array([1, 2])))
    with pytest.raises(ValueError, match=r"train has 3 images and 2 labels"):
        load(root)
    labels.write_bytes(idx(np.array([1, 12, 3])))
    with pytest.raises(ValueError, match=r"label 1 of train-labels-idx1-ubyte is 12, no digit"):
        load(root)
    labels.unlink()
    with pytest.raises(
        FileNotFoundError,
        match=r"Neither train-labels-idx1-ubyte nor .*Get train-.*alone: part='test'",
    ):
        load(root)


def test_the_real_test_images(shared_data):
    folder = shared_data / "mnist"
    data = load(folder, part="test")
    assert data.images.shape == (10_000, 28, 28)
    content = gzip.decompress((folder / "t10k-images-idx3-ubyte.gz").read_bytes())
    assert hashlib.md5(content).hexdigest() == "2646ac647ad5339dbf082846283269ea"
    assert data.images.tobytes() == content[16:]
    assert data.labels.value_counts().sort_index().tolist() == [
        980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009
    ]  # fmt: skip
    assert data.labels[:5].tolist() == [7, 2, 1, 0, 4]
