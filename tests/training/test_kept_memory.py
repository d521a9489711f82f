"""Memory is kept as long as it should be, by the count of pages the system hands out again."""

import contextlib
import ctypes
import os
import platform
import resource

import pytest
from tiny_training import SETTINGS, classes, tiny_model, tiny_series

from ct_s5.training import _fit, _kept_memory, fit
from ct_s5.training._kept_memory import kept_memory

SIZE = 64 << 20


def faults(size: int = SIZE) -> int:
    """Pages handed out for a piece that was given back and is taken and filled anew, in front."""
    c = ctypes.CDLL(None)
    c.malloc.restype, c.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    c.free.argtypes = [ctypes.c_void_p]
    count = 0
    for _ in range(2):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        piece = c.malloc(size)
        assert piece, "no memory"
        ctypes.memset(piece, 1, SIZE)
        count = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
        c.free(piece)
    return count


@pytest.fixture(autouse=True)
def usual(monkeypatch):
    """What the piece costs as a rule, where glibc can be told otherwise."""
    if platform.libc_ver()[0] != "glibc":
        pytest.skip("kept_memory does something with glibc alone")
    if not ctypes.CDLL(None).mallopt(-3, 1 << 30):
        pytest.skip("this glibc refuses to keep pieces as large")
    ctypes.CDLL(None).mallopt(-3, 32 << 20)
    for name in list(os.environ):
        if name.startswith("MALLOC_") or name == "GLIBC_TUNABLES":
            monkeypatch.delenv(name)
    outside = faults()
    assert outside > 30  # the pages of 64 MB, of 2 MB each at most
    return outside


def test_a_piece_given_back_is_taken_again_without_new_pages(usual):
    with kept_memory():
        assert faults() < usual / 10
    assert faults() > usual / 2


def test_the_step_of_a_large_model_is_kept_too(usual):
    with kept_memory():
        assert faults((1 << 30) + SIZE) < usual / 10
    assert faults((1 << 30) + SIZE) > usual / 2


def test_it_lasts_until_the_outermost_use_ends(usual):
    with kept_memory():
        with kept_memory():
            pass
        assert faults() < usual / 10
    assert faults() > usual / 2


def test_an_error_ends_it(usual):
    with contextlib.suppress(FloatingPointError), kept_memory():
        raise FloatingPointError
    assert faults() > usual / 2


@pytest.mark.parametrize("name", ["MALLOC_ARENA_MAX", "GLIBC_TUNABLES"])
def test_whoever_tells_glibc_how_to_allocate_is_left_alone(usual, monkeypatch, name):
    monkeypatch.setenv(name, "2")
    with kept_memory():
        assert faults() > usual / 2


def test_no_other_c_library_is_touched(monkeypatch):
    monkeypatch.setattr(platform, "libc_ver", lambda: ("", ""))
    monkeypatch.setattr(ctypes, "CDLL", None)  # a call would fail
    with kept_memory():
        pass


def test_training_keeps_its_memory_and_gives_it_back(usual, monkeypatch):
    seen = []
    validate = _fit.validate

    def look(*told):
        seen.append(faults())
        return validate(*told)

    monkeypatch.setattr(_fit, "validate", look)
    held_out = tiny_series(5, seed=9), classes(5)
    fit(
        *(tiny_model(), tiny_series(), classes()),
        loss="class",
        settings=SETTINGS,
        validation=held_out,
    )
    assert seen
    assert max(seen) < usual / 10
    assert faults() > usual / 2


def test_a_glibc_that_refuses_is_left_as_it_was(monkeypatch):
    told = []

    class Old:
        def mallopt(self, limit, size):
            told.append((limit, size))
            return 0

    monkeypatch.setattr(_kept_memory, "_glibc", Old)
    with kept_memory(), kept_memory():
        pass
    assert {limit for limit, _ in told} == {-3}
