"""Plain values and NumPy arrays out of a pickle, without running it.

A pickle is a program that may call anything. Some published files come in no other form (CIFAR-10's
Python version, index lists saved by NumPy), so its instructions are followed here one by one, and
none of them calls anything: lists, numbers and text are taken as they stand, arrays are put
together from their bytes, and whatever else a pickle names is refused.
"""

from __future__ import annotations

import io
import pickletools
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

_ARRAY = {f"numpy.{core}.multiarray _reconstruct" for core in ("core", "_core")}
_BYTES = ("_codecs encode", "__builtin__ bytes")  # in what Python 3 writes for Python 2
_NAMES = _ARRAY | {"numpy ndarray", "numpy dtype", *_BYTES}
_PLAIN = {
    "BININT", "BININT1", "BININT2", "LONG1", "LONG4", "BINFLOAT",
    "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8",
}  # fmt: skip
_FIXED = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_EMPTY = {"EMPTY_LIST": list, "EMPTY_DICT": dict, "EMPTY_TUPLE": tuple}
_N_OF = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_MARK = object()


@dataclass(frozen=True)
class _Named:
    """What a pickle names, in place of it."""

    name: str


@dataclass
class _Made:
    """What a pickle would have made by calling something, and the state it gives to that."""

    name: str
    given: tuple[Any, ...]
    state: Any = None


def read_pickle(content: bytes) -> Any:
    """What a pickle holds: plain values, lists, tuples, dictionaries and NumPy arrays in them.

    Args:
        content: The whole pickle, protocol 2 or later. Strings of Python 2 come as bytes.

    Raises:
        ValueError: It is damaged, or holds anything else.

    """
    try:
        return _plain(_follow(content), {})
    # What an instruction meets on a stack that is not as it should be; or lists in lists in lists.
    except (AttributeError, IndexError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"damaged pickle ({type(error).__name__}: {error})") from error


def read_object_npy(content: bytes) -> list[Any]:
    """The objects of an array that `numpy.save` pickled, such as lists of unequal length.

    Raises:
        ValueError: It is no such file, or its pickle is damaged or holds anything but arrays.

    """
    stream = io.BytesIO(content)
    version = np.lib.format.read_magic(stream)
    if version != (1, 0):
        raise ValueError(f"an .npy file of version {version}, not (1, 0)")
    dtype = np.lib.format.read_array_header_1_0(stream)[2]
    if not dtype.hasobject:
        raise ValueError(f"an .npy file of {dtype}, not of objects")
    objects = read_pickle(stream.read())
    if not isinstance(objects, list):
        raise ValueError("an .npy file of objects that holds no array of them")
    return objects


def _follow(content: bytes) -> Any:
    """Follow the instructions up to STOP; what is left on the stack is the pickle's value."""
    stack: list[Any] = []
    memo: dict[int, Any] = {}
    for code, told, _ in pickletools.genops(content):
        name, value = code.name, cast("Any", told)
        if name in _PLAIN:
            stack.append(value)
        elif name in ("SHORT_BINSTRING", "BINSTRING"):
            stack.append(value.encode("latin-1"))
        elif name in _FIXED:
            stack.append(_FIXED[name])
        elif name in _EMPTY:
            stack.append(_EMPTY[name]())
        elif name in ("BINPUT", "LONG_BINPUT"):
            memo[value] = stack[-1]
        elif name == "MEMOIZE":
            memo[len(memo)] = stack[-1]
        elif name in ("BINGET", "LONG_BINGET"):
            stack.append(memo[value])
        elif name == "MARK":
            stack.append(_MARK)
        elif name == "TUPLE":
            stack.append(tuple(_since_mark(stack)))
        elif name in _N_OF:
            stack[-_N_OF[name] :] = [tuple(stack[-_N_OF[name] :])]
        elif name in ("APPEND", "APPENDS"):
            items = [stack.pop()] if name == "APPEND" else _since_mark(stack)
            stack[-1].extend(items)
        elif name in ("SETITEM", "SETITEMS"):
            pairs = [stack.pop(-2), stack.pop()] if name == "SETITEM" else _since_mark(stack)
            stack[-1].update(zip(pairs[::2], pairs[1::2], strict=True))
        elif name in ("GLOBAL", "STACK_GLOBAL"):
            named = value if name == "GLOBAL" else f"{stack.pop(-2)} {stack.pop()}"
            if named not in _NAMES:
                raise ValueError(f"the pickle asks for {named!r}, which is no data; refused")
            stack.append(_Named(named))
        elif name == "REDUCE":
            given = stack.pop()
            stack.append(_called(stack.pop(), given))
        elif name == "BUILD":
            state, made = stack.pop(), stack[-1]
            if not isinstance(made, _Made):
                raise ValueError("the pickle changes what is no array; refused")
            made.state = state
        elif name == "STOP":
            return stack.pop()
        elif name not in ("PROTO", "FRAME"):
            raise ValueError(f"the pickle has the instruction {name}, which no data needs; refused")
    raise ValueError("damaged pickle (no end)")


def _since_mark(stack: list[Any]) -> list[Any]:
    """Take what was put on the stack since the last mark, and the mark."""
    at = len(stack) - 1
    while stack[at] is not _MARK:
        at -= 1
    items = stack[at + 1 :]
    del stack[at:]
    return items


def _called(what: Any, given: tuple[Any, ...]) -> Any:
    """What a call gives, of those that arrays are pickled with."""
    if not isinstance(what, _Named) or what.name == "numpy ndarray":
        raise ValueError("the pickle calls what is no array; refused")
    if what.name in _BYTES:
        text, encoding = given or ("", "latin1")
        if encoding != "latin1":
            raise ValueError(f"the pickle encodes as {encoding!r}; refused")
        return text.encode("latin-1")
    return _Made(what.name, given)


def _plain(value: Any, done: dict[int, Any]) -> Any:
    """The value with arrays in place of what stands for them; what is shared is treated once."""
    if isinstance(value, list | tuple | dict | _Made) and id(value) not in done:
        if isinstance(value, dict):
            done[id(value)] = {key: _plain(item, done) for key, item in value.items()}
        elif isinstance(value, _Made):
            done[id(value)] = _array(value, done)
        else:
            done[id(value)] = type(value)(_plain(item, done) for item in value)
    if isinstance(value, _Named):
        raise ValueError(f"the pickle holds a name, {value.name!r}, and no data; refused")
    return done.get(id(value), value)


def _array(made: _Made, done: dict[int, Any]) -> Any:
    if made.name not in _ARRAY:
        raise ValueError("the pickle holds a data type by itself; refused")
    _, shape, dtype, fortran, content = made.state
    if isinstance(content, list):  # an array of objects
        return _plain(content, done)
    words: Any = (dtype.state[1], dtype.given[0])  # such as "<" and "i8"
    kind = np.dtype("".join(w.decode() if isinstance(w, bytes) else w for w in words))
    if kind.kind not in "biuf":
        raise ValueError(f"the pickle holds an array of {kind}, not of numbers; refused")
    return np.frombuffer(content, kind).reshape(shape, order="F" if fortran else "C")
