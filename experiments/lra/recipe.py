"""One task's settings: the published ones of `published/<task>.toml`, or a preset of the same file.

A preset is a table that replaces some of the values: `tiny` is for CI, `small` for a laptop.
"""

import dataclasses
import pathlib
import tomllib
from typing import Any, Literal

HERE = pathlib.Path(__file__).parent
TASKS = ("listops", "text", "retrieval", "image", "pathfinder", "pathx")


@dataclasses.dataclass(frozen=True)
class DataSettings:
    """Which examples, and in what form."""

    set: str
    """Name in `ct_s5_datasets`."""
    length: int
    """Steps that every example is padded to; longer texts are cut."""
    split: Literal["official", "drawn"]
    """The files' own division, or 80 / 10 / 10 as S5's loader draws it."""
    held_out: float = 0.0
    """Share of the training examples to validate on, where the files have none for that."""
    scale: tuple[float, float] | None = None
    """Mean and deviation of pixels from 0 to 1; None where the steps are tokens."""
    options: dict[str, Any] = dataclasses.field(default_factory=dict)
    """What else the set is asked for."""
    generator: dict[str, Any] | None = None
    """Arguments of the task's generator, where it has one."""


@dataclasses.dataclass(frozen=True)
class NetworkSettings:
    """The shape of the network; norm before each mixer, BatchNorm, mean over the steps."""

    depth: int
    width: int
    """H."""
    states: int
    """P, both of each conjugate pair."""
    n_blocks: int
    """J, blocks of the initial state matrix."""
    bidirectional: bool
    timescale: tuple[float, float]
    output_init: Literal["trunc_standard_normal", "lecun_normal", "complex_normal"]
    activation: Literal["full_glu", "half_glu1", "half_glu2", "gelu"]
    dropout: float
    momentum: float
    """Of BatchNorm's moving average, the share of the old that stays."""


@dataclasses.dataclass(frozen=True)
class TrainingSettings:
    """How to train; AdamW, the rate rising over `warmup` epochs and then falling along a cosine."""

    epochs: int
    warmup: float
    """In epochs."""
    batch_size: int
    state_rate: float
    """Highest learning rate of what moves the states."""
    rate_factor: float
    """How many times as fast all the rest learns."""
    weight_decay: float
    groups: Literal["standard", "BandCdecay", "BfastandCdecay", "noBCdecay"]
    """Which parameters of a layer learn slowly and which decay, in S5's words; see `optimiser`."""
    global_timescale: bool
    """Whether timescales learn at the fast rate and decay."""
    validations: int = 1
    """How often an epoch is validated; the learning curve has as many rows."""


@dataclasses.dataclass(frozen=True)
class Recipe:
    """Everything that fixes a run but the seed."""

    data: DataSettings
    network: NetworkSettings
    training: TrainingSettings


def read(task: str, preset: str | None = None, epochs: int | None = None) -> Recipe:
    """The settings of a task.

    Args:
        task: One of `TASKS`.
        preset: A table of the task's file that replaces some values; None for the published ones.
        epochs: Fewer or more than the settings say; the learning rate's course is stretched.

    Raises:
        ValueError: No such task or preset.
        TypeError: The file names a setting that there is not, or lacks one.
    """
    if task not in TASKS:
        raise ValueError(f"No task {task!r}; there are {', '.join(TASKS)}.")
    table = tomllib.loads((HERE / "published" / f"{task}.toml").read_text())
    if preset is not None:
        if preset not in presets(task):
            raise ValueError(f"{task} has no preset {preset!r}; it has {', '.join(presets(task))}.")
        table = _replaced(table, table[preset])
    if epochs is not None:
        table["training"]["epochs"] = epochs
    for section, name in (("data", "scale"), ("network", "timescale")):
        if name in table[section]:
            table[section][name] = tuple(table[section][name])
    return Recipe(
        DataSettings(**table["data"]),
        NetworkSettings(**table["network"]),
        TrainingSettings(**table["training"]),
    )


def presets(task: str) -> list[str]:
    """The presets of a task's file."""
    table = tomllib.loads((HERE / "published" / f"{task}.toml").read_text())
    return [name for name in table if name not in ("data", "network", "training", "published")]


def published_accuracy(task: str) -> float:
    """What S5's paper reports, in percent."""
    table = tomllib.loads((HERE / "published" / f"{task}.toml").read_text())
    return table["published"]["accuracy"]


def _replaced(table: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """A table with some values changed, tables within it likewise."""
    new = dict(table)
    for name, value in changes.items():
        new[name] = _replaced(table.get(name, {}), value) if isinstance(value, dict) else value
    return new
