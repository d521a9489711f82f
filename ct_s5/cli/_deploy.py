"""ct-s5 export: a saved model as compiled functions."""

from typing import Annotated, Literal

import tyro

from ct_s5.cli._args import File, ModelFile, check_folder

Platform = Literal["cpu", "cuda", "rocm", "tpu"]
Platforms = Annotated[tuple[Platform, ...], tyro.conf.arg(metavar="PLATFORM ...")]


def export(
    model: tyro.conf.Positional[ModelFile],
    /,
    out: File,
    *,
    platforms: Platforms = ("cpu", "cuda"),
) -> None:
    """Compile a saved model for programs that have JAX and nothing of its training.

    One file holds the functions for whole series and for single steps, any number of them, on every
    platform named:

        ct-s5 export model.safetensors --out compiled.safetensors

    `ct_s5.load_exported` reads it. On a device without JAX, `ct_s5.runtime` reads the model file
    itself.

    Args:
        model: A file that `ct-s5 fit` wrote.
        out: Where to write the functions (.safetensors).
        platforms: What to compile for; none of them needs to be here.
    """
    from ct_s5.estimators import load
    from ct_s5.export import load_exported

    check_folder(out, ".safetensors")
    if out.resolve() == model.resolve():
        raise ValueError(f"--out {out} is the model itself: name another file.")
    path = load(model).export(out, platforms=platforms)
    forms = " and ".join(load_exported(path).forms)
    print(
        f"Wrote {path} ({path.stat().st_size / 1e3:,.0f} kB): {forms}, for {', '.join(platforms)}."
    )
