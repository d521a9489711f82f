"""Continuous-time models for irregularly sampled series, from pandas timestamps and back.

Every public name loads its room on first use, so that importing `ct_s5` costs next to nothing: not
even jax is loaded. The same names, for type checkers and editors, stand in `__init__.pyi`.
"""

import importlib

_ROOMS = {
    "batch": ("IrregularBatch", "gaps_from_times"),
    "ssm": ("S5Layer", "S5State", "diagonal_scan"),
    "nn": ("S5Block", "S5Model"),
    "frames": ("FrameSchema", "decode", "encode", "gap_report"),
    "training": ("fit",),
    "export": ("load_exported",),
    "estimators": ("S5Classifier", "S5Forecaster", "S5Imputer", "S5Regressor", "load"),
    "lab": (),
    "ode": (),
    "plots": (),
    "runtime": (),
}
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names}

__all__ = sorted([*_ROOM_OF, *_ROOMS])  # pyright: ignore[reportUnsupportedDunderAll]
__version__ = "0.1.0"


def __getattr__(name):
    if name in _ROOM_OF:
        value = getattr(importlib.import_module(f"ct_s5.{_ROOM_OF[name]}"), name)
    elif name in _ROOMS:
        value = importlib.import_module(f"ct_s5.{name}")
    else:
        raise AttributeError(f"module 'ct_s5' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__():
    return [*__all__, "__version__"]
