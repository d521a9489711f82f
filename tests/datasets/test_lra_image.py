"""CIFAR-10's binary version in grey, on files made here."""

import tarfile

import numpy as np
import pytest
from official_layout import all_columns

from ct_s5_datasets.lra.image import CLASSES, load

FILES = (*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin")


@pytest.fixture
def records():
    random = np.random.default_rng(0)
    table = random.integers(0, 256, (12, 3073), dtype=np.uint8)
    table[:, 0] = np.arange(12) % 10
    return table


@pytest.fixture
def root(tmp_path, records):
    folder = tmp_path / "cifar-10-batches-bin"
    folder.mkdir()
    for at, name in enumerate(FILES):
        (folder / name).write_bytes(records[2 * at : 2 * at + 2].tobytes())
    return tmp_path


def test_pictures_are_grey_as_pillow_makes_them(root, records):
    Image = pytest.importorskip("PIL.Image")
    data = load(root)
    assert list(data.schema) == all_columns(data, [0])
    assert data.images.dtype == np.uint8
    assert data.labels.tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]
    assert len(CLASSES) == 10
    for record, mine in zip(records, data.images, strict=True):
        colours = record[1:].reshape(3, 32, 32).transpose(1, 2, 0)
        theirs = np.asarray(Image.fromarray(np.ascontiguousarray(colours)).convert("L"))
        assert (mine == theirs).all()
    official = {part: ids.tolist() for part, ids in data.splits["official"].items()}
    assert official == {"train": [*range(10)], "test": [10, 11]}
    assert data.frame([3])["pixel"].tolist() == (data.images[3].ravel() / 255).tolist()


def test_other_places(root):
    expected = load(root)
    folder = root / "cifar-10-batches-bin"
    assert (load(folder).images == expected.images).all()
    with tarfile.open(root / "cifar-10-binary.tar.gz", "w:gz") as archive:
        archive.add(folder, folder.name)
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    assert (load(root).images == expected.images).all()


def test_errors(root, tmp_path):
    folder = root / "cifar-10-batches-bin"
    good = (folder / FILES[2]).read_bytes()
    (folder / FILES[2]).write_bytes(good[:-1])
    with pytest.raises(ValueError, match=r"data_batch_3.bin has 6145 bytes, not some pictures of"):
        load(root)
    (folder / FILES[2]).write_bytes(good[:3073] + b"\x0a" + good[3074:])
    with pytest.raises(ValueError, match=r"picture 1 of data_batch_3.bin has class 10"):
        load(root)
    (folder / FILES[2]).unlink()
    with pytest.raises(FileNotFoundError, match=r"data_batch_3.bin is not in .*binary version"):
        load(root)
    with pytest.raises(FileNotFoundError, match=r"data_batch_1.bin is not in"):
        load(tmp_path / "absent")
