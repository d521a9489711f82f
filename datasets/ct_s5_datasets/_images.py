"""Grey images read pixel by pixel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from ._arrays import Labelled
from ._dataset import Column

PIXEL_TIME = Column("ds", "place in the order of reading", "timedelta, 1 s a pixel")


@dataclass(frozen=True, eq=False, repr=False)
class ImageSet(Labelled):
    """Grey images read pixel by pixel; they stay bytes, and may lie in a memory-mapped file.

    Attributes:
        images: uint8, (series, height, width).
        order: Which pixel of the row-major image is read first, second, ...; None for row by row.

    """

    images: np.ndarray
    order: np.ndarray | None = None

    def pixels(self, ids: ArrayLike) -> np.ndarray:
        """Chosen images as uint8 (series, height * width), in reading order."""
        flat = self.images[self.positions(ids)].reshape(-1, self.images[0].size)
        return flat if self.order is None else flat[:, self.order]

    def frame(self, ids: ArrayLike) -> pd.DataFrame:
        """Chosen images as a long frame: `unique_id`, `ds` (one second a pixel), `pixel`.

        `pixel` is the byte over 255, so from 0 to 1.
        """
        at = np.sort(self.positions(ids))
        names = self.labels.index.to_numpy()[at]
        pixels = self.pixels(names)
        n_pixels = pixels.shape[1]
        ds = np.tile(np.arange(n_pixels), len(at)).astype("timedelta64[s]")
        columns = {"unique_id": np.repeat(names, n_pixels), "ds": ds, "pixel": pixels.ravel() / 255}
        return pd.DataFrame(columns)

    def _columns(self) -> tuple[Column, ...]:
        return (PIXEL_TIME, Column("pixel", "byte over 255", "grey value, 0 to 1"))

    def __repr__(self) -> str:
        height, width = self.images.shape[1:3]
        return self._told(f"{height} x {width} pixels")
