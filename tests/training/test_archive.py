"""A model file gives back what was put in, or says what is wrong with it."""

import json
import os
import pickle

import numpy as np
import pytest
from safetensors.numpy import save as save_safetensors

from ct_s5 import _files
from ct_s5.training import ArchiveError, read_archive, write_archive

SETTINGS = {"name": 'λ "quoted"', "sizes": [1, 2], "share": 0.1, "none": None, "yes": True}
ARRAYS = {
    "weights": np.arange(6, dtype=np.float32).reshape(2, 3) / 7,
    "transposed": np.arange(6.0).reshape(2, 3).T,
    "count": np.array(3, np.int32),
    "empty": np.zeros((0, 4), np.float32),
    "complex": np.array([1 + 2j], np.complex64),
    "flags": np.array([True, False]),
}


@pytest.fixture
def path(tmp_path):
    return write_archive(tmp_path / "model.safetensors", "estimator", SETTINGS, ARRAYS)


def test_what_is_written_comes_back_to_the_bit(path):
    settings, arrays = read_archive(path, "estimator")
    assert settings == SETTINGS
    assert set(arrays) == set(ARRAYS)
    for name, array in ARRAYS.items():
        assert (arrays[name].dtype, arrays[name].shape) == (array.dtype, array.shape), name
        assert arrays[name].tobytes() == array.tobytes(), name


def test_a_score_that_is_not_defined_may_stand_in_the_settings(tmp_path):
    path = write_archive(tmp_path / "m", "estimator", {"auroc": float("nan")}, {})
    assert np.isnan(read_archive(path, "estimator")[0]["auroc"])


def test_a_file_that_is_cut_anywhere_is_refused(path):
    whole = path.read_bytes()
    for length in [*range(0, len(whole), 7), len(whole) - 1]:
        path.write_bytes(whole[:length])
        with pytest.raises(ArchiveError, match=r"truncated.* Copy the file again"):
            read_archive(path, "estimator")
    path.write_bytes(whole + b"\0")
    with pytest.raises(ArchiveError, match="is truncated or damaged: its header speaks of"):
        read_archive(path, "estimator")


def test_a_file_cut_in_its_header_says_how_much_is_left(path):
    whole = path.read_bytes()
    least = 8 + int.from_bytes(whole[:8], "little")
    for length in (8, 100, least - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(
            ArchiveError, match=rf"is truncated \({length} of at least {least} bytes"
        ):
            read_archive(path, "estimator")


def test_no_bit_can_flip_unnoticed(path):
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    for place in range(len(whole)):
        flipped = bytearray(whole)
        flipped[place] ^= 1 << rng.integers(8)
        path.write_bytes(flipped)
        with pytest.raises(ArchiveError):
            read_archive(path, "estimator")


def _altered(path, **metadata):
    """The same file with some of its metadata replaced, its checksum left alone."""
    whole = path.read_bytes()
    length = int.from_bytes(whole[:8], "little")
    header = json.loads(whole[8 : 8 + length])
    header["__metadata__"] |= metadata
    _write_header(path, header, whole[8 + length :])
    return path


def _write_header(path, header, body=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + body)


@pytest.mark.parametrize("version", ["2", "17", "9" * 5000, "", "-1", "one"])
def test_a_file_of_another_format_version_is_refused(path, version):
    message = rf"has format version {version[:20]}; this ct_s5 reads up to 1. Install a newer"
    with pytest.raises(ArchiveError, match=message):
        read_archive(_altered(path, version=version), "estimator")


def test_an_altered_setting_is_noticed(path):
    with pytest.raises(ArchiveError, match="was altered after it was saved: its checksum does not"):
        read_archive(_altered(path, settings=json.dumps(SETTINGS | {"share": 0.2})), "estimator")


def test_a_file_of_another_kind_is_refused(path):
    with pytest.raises(ArchiveError, match="a ct_s5 file of kind 'estimator', not 'checkpoint'"):
        read_archive(path, "checkpoint")


def test_a_safetensors_file_of_somebody_else_is_refused(tmp_path):
    path = tmp_path / "other.safetensors"
    for metadata in (None, {"format": "pt"}):
        path.write_bytes(save_safetensors({"w": np.zeros(3)}, metadata))
        with pytest.raises(ArchiveError, match="is a safetensors file, but ct_s5 did not write it"):
            read_archive(path, "estimator")


def test_a_file_that_is_not_there_is_called_so(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"There is no file '.*gone'"):
        read_archive(tmp_path / "gone", "estimator")
    with pytest.raises(FileNotFoundError, match="There is no file"):
        read_archive(tmp_path, "estimator")


class _Bomb:
    def __reduce__(self):
        return (os.abort, ())


def test_a_pickle_is_refused_and_never_run(tmp_path):
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(_Bomb()))
    with pytest.raises(ArchiveError, match="is no safetensors file"):
        read_archive(path, "estimator")


def _array(shape, offsets):
    return {
        "__metadata__": {"format": "ct_s5"},
        "w": {"dtype": "F32", "shape": shape, "data_offsets": offsets},
    }


ABSURD = {
    "huge shape": _array([2**40, 2**40], [0, 4]),
    "huge end": _array([1], [0, 2**62]),
    "negative size": _array([-1, -4], [0, 4]),
    "end before start": _array([1], [4, 0]),
    "infinite size": b'{"w": {"dtype": "F32", "shape": [Infinity], "data_offsets": [0, 4]}}',
    "size that is no number": _array([1], [0, float("nan")]),
    "sizes as text": _array(["9"], ["0", "4"]),
    "no offsets": {"w": {"dtype": "F32", "shape": [1]}},
    "one offset": _array([1], [4]),
    "array that is a number": {"w": 3},
    "list": [1, 2],
    "depth": b'{"w":' * 100_000,
    "metadata that is a list": {"__metadata__": ["ct_s5"]},
}


@pytest.mark.parametrize("case", ABSURD)
def test_an_absurd_header_is_refused_before_anything_is_allocated(tmp_path, monkeypatch, case):
    def never(content):
        raise AssertionError("the arrays were read")

    monkeypatch.setattr("ct_s5.training._archive.load_safetensors", never)
    path = tmp_path / "absurd"
    _write_header(path, ABSURD[case], b"\0" * 4 if case != "metadata that is a list" else b"")
    with pytest.raises(ArchiveError, match=r"is no safetensors file|is truncated|did not write"):
        read_archive(path, "estimator")


def test_a_header_that_claims_to_be_longer_than_any_is_not_even_read(tmp_path):
    path = tmp_path / "absurd"
    path.write_bytes((2**63).to_bytes(8, "little") + b"{}")
    with pytest.raises(ArchiveError, match="is no safetensors file, or a truncated one"):
        read_archive(path, "estimator")


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_write_that_fails_leaves_the_old_file_and_no_litter(path, monkeypatch, step):
    before = path.read_bytes()

    def fail(*_):
        raise OSError("the disk is full")

    monkeypatch.setattr(_files.os, step, fail)
    with pytest.raises(OSError, match="the disk is full"):
        write_archive(path, "estimator", {"name": "new"}, {})
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]


def test_a_file_is_written_into_a_folder_that_is_not_there_yet(tmp_path):
    path = write_archive(tmp_path / "a" / "b" / "model", "estimator", {}, {})
    assert read_archive(path, "estimator") == ({}, {})
