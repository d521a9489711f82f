"""Where a result came from: versions, commit, machine."""

import importlib.metadata
import os
import pathlib
import platform
import subprocess

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

    A ct_s5 installed somewhere below another project's checkout has no commit: that one is not its
    own.
    """
    package = pathlib.Path(__file__).resolve().parents[1]
    try:
        top = _git(package, "rev-parse", "--show-toplevel")
        if pathlib.Path(top).resolve() != package.parent:
            return None
        return _git(package, "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*")
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


def provenance() -> dict[str, object]:
    """All three, as a results file stores them."""
    return {"versions": versions(), "commit": commit(), "machine": machine()}
