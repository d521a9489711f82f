"""Where a result came from: versions, commit, machine."""

import collections
import importlib.metadata
import os
import pathlib
import platform
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_PACKAGES = (
    "ct-s5",
    "jax",
    "jaxlib",
    "equinox",
    "optax",
    "diffrax",
    "numpy",
    "pandas",
    "scikit-learn",
)

_RESULTS = ":(exclude,glob)experiments/*/results/**"


def versions() -> dict[str, str]:
    """Python and the packages that numbers depend on."""
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def commit() -> str | None:
    """The git commit of this ct_s5, `-dirty` where files were changed; None outside a checkout.

    The results of experiments are no such files: each run changes its own, and none reads any. A
    ct_s5 installed somewhere below another project's checkout has no commit: that one is not its
    own.
    """
    package = pathlib.Path(__file__).resolve().parents[1]
    try:
        top = _git(package, "rev-parse", "--show-toplevel")
        if pathlib.Path(top).resolve() != package.parent:
            return None
        found = _git(package.parent, "rev-parse", "HEAD")
        tracked = ("status", "--porcelain", "--untracked-files=no", "--", ".", _RESULTS)
        return found + ("-dirty" if _git(package.parent, *tracked) else "")
    except (OSError, subprocess.SubprocessError):
        return None


def machine() -> dict[str, str | int]:
    """Platform, usable cores and the device that JAX computes on."""
    import jax

    affinity = getattr(os, "sched_getaffinity", None)
    return {
        "platform": platform.platform(),
        "cores": len(affinity(0)) if affinity else os.cpu_count() or 1,
        "device": jax.devices()[0].device_kind,
    }


def _git(folder: pathlib.Path, *words: str) -> str:
    answer = subprocess.run(
        ["git", "-C", str(folder), *words], capture_output=True, text=True, check=True, timeout=10
    )
    return answer.stdout.strip()


def provenance() -> dict[str, Any]:
    """All three, as a results file stores them."""
    return {"versions": versions(), "commit": commit(), "machine": machine()}


def elsewhere(made: Mapping[str, Any] | None, here: Mapping[str, Any]) -> dict[str, Any] | None:
    """What of the surroundings of a run is not as here; None where nobody wrote them down."""
    return None if made is None else {k: made[k] for k in made if made[k] != here.get(k)}


def origins(records: Sequence[Mapping[str, Any]], here: Mapping[str, Any]) -> list[str]:
    """A sentence for each place but this one that runs were made at."""
    counts = collections.Counter(_told(r["made"], here) for r in records if "made" in r)
    return [
        f"{n} of {len(records)} runs {'was' if n == 1 else 'were'} {told}."
        for told, n in counts.items()
    ]


def _told(made: Mapping[str, Any] | None, here: Mapping[str, Any]) -> str:
    if made is None:
        return "kept by a ct-s5 that noted no commit, machine or versions: the origin is unknown"
    return f"made elsewhere, and kept: {', '.join(_differences(made, here))}"


def _differences(made: Mapping[str, Any], here: Mapping[str, Any]) -> Iterator[str]:
    for name, told in made.items():
        if isinstance(told, dict):
            # What is here alone is a difference too.
            yield from _differences(dict.fromkeys(here[name]) | told, here[name])
        elif told != here.get(name):
            yield f"{name} {told or 'none'} in place of {here.get(name) or 'none'}"
