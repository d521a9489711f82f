"""Raindrop's own arrays of PAMAP2: windows, their classes, and the splits, as `.npy` files."""

from pathlib import Path

import numpy as np
import pandas as pd

from ._archives import is_page
from ._files import where
from ._noted import note_file
from ._raindrop import SPLITS, read_split

SOURCE = (
    "Get Raindrop's PAMdata from https://doi.org/10.6084/m9.figshare.19514347.v1: "
    "processed_data/PTdict_list.npy, processed_data/arr_outcomes.npy and splits/PAM_split_1.npy to "
    "PAM_split_5.npy (the splits also from https://github.com/mims-harvard/Raindrop)."
)


def read_arrays(
    root: Path, length: int, n_channels: int
) -> tuple[pd.Index, np.ndarray, np.ndarray, dict[int, dict[str, np.ndarray]]]:
    """The windows as one long table that stays in its file, and the splits that are there.

    Args:
        root: Folder with the files, or with `processed_data/` and `splits/`, or with `PAMdata/`.
        length: Rows of a window.
        n_channels: Columns of a row.

    Returns:
        Ids (0, 1, ...), values (row, channel) with 0 for what was removed, classes, and number of
        a split -> its parts.

    Raises:
        FileNotFoundError: An array is absent.
        ValueError: An array has another shape, holds no numbers, or is pickled.

    """
    bases = [base for base in (root / "PAMdata", root) if base.is_dir()]
    folders = [folder for base in bases for folder in (base / "processed_data", base)]
    values, classes = (
        _mapped(root, folders, name) for name in ("PTdict_list.npy", "arr_outcomes.npy")
    )
    if values.ndim != 3 or values.shape[1:] != (length, n_channels):
        raise ValueError(
            f"{root}: PTdict_list.npy is an array of {values.shape}, not of windows of "
            f"{length} x {n_channels}. {SOURCE}"
        )
    if classes.shape not in ((len(values),), (len(values), 1)):
        raise ValueError(
            f"{root}: arr_outcomes.npy is an array of {classes.shape} and PTdict_list.npy has "
            f"{len(values)} windows. {SOURCE}"
        )
    flat = np.asarray(classes, dtype=np.float64).reshape(-1)
    if not np.isin(flat, range(8)).all():
        at = int((~np.isin(flat, range(8))).argmax())
        raise ValueError(f"{root}: class {at} of arr_outcomes.npy is {flat[at]:g}, not 0 to 7.")
    ids = pd.RangeIndex(len(values), name="unique_id")
    splits = {}
    for number in SPLITS:
        for folder in [folder for base in bases for folder in (base / "splits", base)]:
            split = read_split(folder, f"PAM_split_{number}.npy", ids.to_numpy())
            if split is not None:
                splits[number] = split
                break
    return ids, values.reshape(-1, n_channels), flat.astype(np.int64), splits


def _mapped(root: Path, folders: list[Path], name: str) -> np.ndarray:
    path = next((folder / name for folder in folders if (folder / name).is_file()), None)
    if path is None:
        raise FileNotFoundError(f"{name} is not {where(root)}. {SOURCE}")
    with path.open("rb") as stream:
        start = stream.read(512)
    if not start.startswith(b"\x93NUMPY"):
        what = "an HTML page, not the file" if is_page(start) else "no .npy file"
        raise ValueError(f"{path} is {what}. {SOURCE}")
    note_file(path)
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError) as error:  # NumPy's words advise what is not safe
        raise ValueError(
            f"{path} is damaged, cut short or a pickle. Pickled arrays are not opened here. "
            f"{SOURCE}"
        ) from error
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{path} holds {array.dtype}, not numbers. {SOURCE}")
    return array
