"""Pickles read without being run: arrays and plain values come out, everything else is refused."""

import datetime
import io
import os
import pickle

import numpy as np
import pytest

from ct_s5_datasets._pickled import read_object_npy, read_pickle


@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_what_was_pickled_comes_back(protocol):
    random = np.random.default_rng(0)
    shared = [1, 2]
    value = {
        "bytes": random.integers(0, 256, (3, 5), dtype=np.uint8),
        b"columns first": np.asfortranarray(random.normal(size=(2, 3))),
        "other end": np.arange(4, dtype=">i2"),
        "empty": np.zeros((0, 3), dtype=np.int64),
        "scalars": (0, 255, 70_000, -3, 2**70, 1.5, None, True, False, "\u00e4", b"\xff"),
        "nested": [[], (), {}, [shared, shared], ("a",), ("a", "b"), ("a", "b", "c")],
        "many": list(range(3000)),
    }
    found = read_pickle(pickle.dumps(value, protocol=protocol))
    assert list(found) == list(value)
    for key in list(value)[:4]:
        assert found[key].dtype == value[key].dtype
        np.testing.assert_array_equal(found[key], value[key])
    for key in list(value)[4:]:
        assert found[key] == value[key]


def test_strings_of_python_2_come_as_bytes():
    # As Python 2 wrote CIFAR-10: (dp1 U labels, list, U data, array of a U string.
    array = (
        b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85U\x01btR"
        b"(K\x01K\x02K\x03\x86cnumpy\ndtype\n(U\x02u1K\x00K\x01tR"
        b"(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89U\x06\x00\x01\xfe\xff\x0a\x20tb"
    )
    content = b"\x80\x02}q\x01(U\x06labelsq\x02]q\x03(K\x06K\x09eU\x04data" + array + b"u."
    found = read_pickle(content)
    assert found[b"labels"] == [6, 9]
    assert found[b"data"].tolist() == [[0, 1, 254], [255, 10, 32]]
    assert found[b"data"].dtype == np.uint8


@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_index_lists_that_numpy_saved(protocol):
    objects = np.empty(3, dtype=object)
    objects[:] = [np.arange(5), np.array([9, 7]), np.array([8])]
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        stream, {"descr": "|O", "fortran_order": False, "shape": (3,)}
    )
    pickle.dump(objects, stream, protocol=protocol)
    found = read_object_npy(stream.getvalue())
    assert [part.tolist() for part in found] == [[0, 1, 2, 3, 4], [9, 7], [8]]
    plain = io.BytesIO()
    np.save(plain, np.arange(3))
    with pytest.raises(ValueError, match=r"an \.npy file of int64, not of objects"):
        read_object_npy(plain.getvalue())
    with pytest.raises(ValueError, match="magic string"):
        read_object_npy(b"<html>Sign in, please</html>")


class Harm:
    """Would run a command when unpickled."""

    def __init__(self, call, *given):
        self.call, self.given = call, given

    def __reduce__(self):
        return self.call, self.given


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize(
    ("value", "words"),
    [
        (Harm(os.system, "touch harmed"), "asks for '(posix|nt) system', which is no data"),
        (Harm(eval, "open('harmed', 'w')"), "asks for '(builtins|__builtin__) eval'"),
        (datetime.date(2020, 1, 1), "asks for 'datetime date'"),
        ({1, 2}, "asks for|instruction EMPTY_SET"),
        (np.ndarray, "holds a name"),
        (np.dtype("u1"), "a data type by itself"),
        (Harm(np.ndarray, (3,)), "calls what is no array"),
        (np.array(["text"]), "an array of <U4, not of numbers"),
    ],
)
def test_whatever_a_pickle_asks_for_is_refused(tmp_path, monkeypatch, protocol, value, words):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=f"{words}|_frombuffer"):
        read_pickle(pickle.dumps(value, protocol=protocol))
    assert not list(tmp_path.iterdir())


def test_a_pickle_that_doubles_itself_stays_small():
    content = b"\x80\x02]" + b"".join(
        b"q\x00]h\x00ah\x00a"
        for _ in range(60)  # each list holds the last one twice
    )
    found = read_pickle(content + b".")
    for _ in range(60):
        assert found[0] is found[1]
        found = found[0]
    assert found == []


@pytest.mark.parametrize("cut", [0, 1, 2, 20, 60, -1])
def test_a_pickle_cut_short_is_told(cut):
    content = pickle.dumps({"a": np.arange(4)}, protocol=2)
    with pytest.raises(ValueError, match=r"pickle|opcode|stream|newline"):
        read_pickle(content[:cut])


@pytest.mark.parametrize(
    "body", [b"a.", b"t.", b"R.", b"b.", b"h\x07.", b"]b.", b"NNa.", b"}(NNNu.", b"]q\x00h\x00a."]
)
def test_instructions_that_make_no_sense_are_told(body):
    with pytest.raises(ValueError, match=r"damaged pickle|no array|not shorter|shorter than"):
        read_pickle(b"\x80\x02" + body)


def test_every_byte_may_be_wrong():
    content = bytearray(pickle.dumps({"a": np.arange(4), "b": [1, "two"]}, protocol=2))
    random = np.random.default_rng(0)
    for at in range(len(content)):
        changed = content.copy()
        changed[at] = int(random.integers(256))
        try:
            read_pickle(bytes(changed))
        except ValueError:
            continue
