"""What one published use of a set fixes: parts, scaling, score, seeds; and where it leaks.

Declared in `protocols/`, one file a set. Nothing here opens pandas, so that names can be listed
in a moment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from ._normaliser import ALL, Normaliser

if TYPE_CHECKING:
    import pandas as pd

Status = Literal["exact", "rebuilt", "needs-file"]


@dataclass(frozen=True)
class Protocol:
    """The rules of one published use of a set, so that two scores can be compared.

    Attributes:
        set: The set it is a use of.
        key: Its own name, with the version behind the "@".
        status: "exact": from the provider's files come the published series in the published parts.
            "rebuilt": procedure, sizes and seeds are the published ones, and `differs` says what is
            not. "needs-file": it rests on a file of its authors that `differs` names.
        task: What is seen and what is asked.
        metric: What is reported.
        source: Where it was published.
        split: Which of the set's splits it uses.
        sizes: Part -> how many series; None where the published number is not known.
        seed: Of the split, in the order of use; empty where the parts are lists or files.
        normaliser: How channels are scaled.
        asks: What the set is loaded with, such as its part.
        differs: How it is not the published one.
        selection: The part on which the epoch or model is chosen.
        crosses: What has series in several parts, such as "person"; "" where nothing has.
        targets: Columns of the frame that are answers, one a reading: never scaled, never inputs.
        separable: Whether it is known whose each series is, so that a leak-free form can be had.
        holds_out: Whether a fifth of the training series of `split` become the validation part.
        files: That the split is read from, beside those of the series.
        recipe: What is done to series beside splitting and scaling, such as times rounded or
            windows cut, as named numbers; the manifest has them.
        left: Names in `recipe` of what is not done here and is yours to do.

    """

    set: str
    key: str
    status: Status
    task: str
    metric: str
    source: str
    split: str = ""
    sizes: Mapping[str, int | None] = field(default_factory=lambda: dict.fromkeys(ALL))
    seed: tuple[int, ...] = ()
    normaliser: Normaliser = field(default_factory=Normaliser)
    asks: Mapping[str, Any] = field(default_factory=dict)
    differs: str = ""
    selection: str = "validation"
    crosses: str = ""
    targets: tuple[str, ...] = ()
    separable: bool = True
    holds_out: bool = False
    files: tuple[str, ...] = ()
    recipe: Mapping[str, float] = field(default_factory=dict)
    left: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What `load` takes: "physionet2012/mtan-classif@1", or "lra/image@s5"."""
        return self.set + ("" if self.key[0] in "@-" else "/") + self.key

    @property
    def short(self) -> str:
        """The name behind the last "/", by which `splits` knows it."""
        return self.name.rpartition("/")[2]

    @property
    def version(self) -> str:
        """What stands behind the "@"."""
        return self.key.rpartition("@")[2]

    @property
    def leaks(self) -> tuple[str, ...]:
        """Each way in which what is tested on was seen before, a sentence each."""
        found = []
        if self.normaliser.looks_at_test:
            found.append(f"test readings are in the statistics of its scaling ({self.normaliser}).")
        if self.selection == "test":
            found.append("it chooses the epoch on the test part.")
        if self.crosses:
            found.append(f"one {self.crosses} has series in several of its parts.")
        return tuple(found)

    @property
    def can_be_leakfree(self) -> bool:
        """Whether it leaks and has a form that does not."""
        return bool(self.leaks) and self.separable

    def leakfree(self) -> Protocol:
        """The same use without its leaks, as `<name>-leakfree`; changed only where it leaks.

        Where a person lies in several parts, the set itself has the split of the leak-free form.

        Raises:
            ValueError: It does not leak, or nobody knows how not to.

        """
        if not self.can_be_leakfree:
            raise ValueError(f"{self.name} does not leak, or cannot but leak. {self.differs}")
        words, _, version = self.key.rpartition("@")
        changed: dict[str, Any] = {"key": f"{words}-leakfree@{version}", "crosses": ""}
        done, sizes = [], dict(self.sizes)
        if self.normaliser.looks_at_test:
            changed["normaliser"] = self.normaliser.of_training()
            done.append("scales by the training part alone")
        if self.crosses:
            changed |= {"split": changed["key"], "seed": ()}
            sizes = dict.fromkeys(ALL)
            done.append(f"keeps each {self.crosses} in one part")
        elif "validation" not in sizes:
            changed["holds_out"] = True
            total = sizes["train"]
            held = None if total is None else -(-total // 5)
            kept = None if total is None or held is None else total - held
            sizes = {"train": kept, "validation": held, "test": sizes["test"]}
            done.append("holds out a fifth of the training series to choose the epoch on")
        elif self.selection == "test":
            done.append("chooses the epoch on the validation part")
        differs = f"Unlike {self.short} it {' and '.join(done)}. {self.differs}".rstrip()
        changed |= {"selection": "validation", "sizes": sizes, "differs": differs}
        changed["status"] = "needs-file" if self.status == "needs-file" else "rebuilt"
        return replace(self, **changed)

    def of_other_files(self, why: str) -> Protocol:
        """The same on files that are not the provider's own and whole, as `why` says.

        No published number belongs to them.
        """
        return replace(self, status="rebuilt", differs=f"{why} {self.differs}".rstrip())

    def scaling(self, dataset: Any, split: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """Compute shift and scale of each channel.

        Args:
            dataset: The set, also some of its files only, or one of your own like it.
            split: Part -> ids, in place of the protocol's own split: its way of scaling on parts of
                yours.

        Returns:
            `shift` and `scale`, indexed by channel; by part and channel where each part has
            its own, by step where each place in time has.

        Raises:
            ValueError: A channel has no reading to compute them from.

        """
        from ._scaling import scaling

        return scaling(dataset, self, dataset.splits[self.short] if split is None else split)
