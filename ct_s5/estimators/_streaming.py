"""Rows as they arrive: one state a series, kept between calls."""

from collections.abc import Callable
from typing import Any, ClassVar

import pandas as pd
from sklearn.utils.validation import check_is_fitted

from ct_s5.estimators._stream import Fresh, Stream
from ct_s5.frames import FrameSchema
from ct_s5.nn import S5Model


class Streaming:
    """What an estimator does with series that go on."""

    model_: S5Model
    schema_: FrameSchema
    duplicates: Any
    sort: bool

    _speak_of: Callable[..., None]
    _refuse_unanswered: Callable[..., None]
    _place: Callable[..., str]
    _says: ClassVar[dict[str, str]] = {"predict": "_said"}
    """How raw answers become those of a method: `_said(encoded, answers)`."""

    def update(self, X, *, static=None, late="error", method="predict"):
        """Take new rows as they arrive, and answer from all rows so far.

        A state is kept of each series, so that an update costs as much as its own rows. However
        the rows are cut into updates, the answers are those of `predict` on the whole.

        Args:
            X: New rows of any number of series, in any form of frame, series that are new among
                them. Rows at the time of a series' last reading merge into it. A row without any
                reading asks and leaves no trace.
            static: Features of the series that are new; those of the others are kept.
            late: What rows get that come before the last reading of their series: "error", or
                "drop" with one warning that counts them.
            method: Whose answers to give: "predict", or "predict_proba" of a classifier.

        Returns:
            What that method would: an answer for each series in `X`, or with `per="reading"` for
            each row of it.

        Raises:
            TypeError, ValueError: As `predict`; late rows; a bidirectional model. Nothing is then
                kept of the rows.

        Warns:
            UserWarning: Series without any reading so far; late rows that were dropped.
        """
        check_is_fitted(self)
        if method not in self._says:
            raise ValueError(f"method is one of {', '.join(self._says)}; got {method!r}.")
        fresh = self._hear(X, static, late)
        self._refuse_unanswered(fresh.answers, lambda n: self._place(fresh.encoded, n))
        told = getattr(self, self._says[method])(fresh.encoded, fresh.answers)
        self._live().keep(fresh)
        return told

    def last_readings(self, ids=None) -> pd.Series:
        """When each live series was last read; rows before that are late.

        To ask a series at a later time without a new reading, give `update` a row of that time
        whose channels are all NaN.

        Args:
            ids: The series of interest, one or several, of which those without a reading so far are
                left out; all live ones when left out.

        Returns:
            Times indexed by id.
        """
        check_is_fitted(self)
        return self._live().last_readings(ids)

    def export_state(self) -> bytes:
        """The states of all live series, to go on from after a restart with `import_state`.

        The format is that of model files: no pickle, a checksum. The model itself is not in it.
        """
        check_is_fitted(self)
        return self._live().to_bytes()

    def import_state(self, state: bytes):
        """Go on from what `export_state` gave, in place of all series that are live now.

        Returns:
            The estimator itself.

        Raises:
            ArchiveError: Damaged content, or the states of another model.
        """
        check_is_fitted(self)
        if not isinstance(state, bytes | bytearray | memoryview):
            raise TypeError(
                f"import_state takes the bytes that export_state gave; got {type(state).__name__}. "
                "From a file: import_state(path.read_bytes())."
            )
        self._live().from_bytes(bytes(state))
        return self

    def forget(self, ids=None):
        """Drop the states of some series, or of all; their next rows begin them anew.

        Returns:
            The estimator itself.

        Raises:
            ValueError: A series that has no state.
        """
        check_is_fitted(self)
        self._live().forget(ids)
        return self

    def _live(self) -> Stream:
        # Its name ends as those of fitted attributes do, so that a new fit forgets all states.
        if not hasattr(self, "stream_"):
            self.stream_ = Stream(self.model_, self.schema_)
        return self.stream_

    def _hear(self, X, static, late, questions=None) -> Fresh:
        """What new rows bring; nothing of it is kept yet."""
        rules: dict[str, Any] = {"late": late, "duplicates": self.duplicates, "sort": self.sort}
        fresh = self._live().read(X, static=static, questions=questions, **rules)
        self._speak_of(fresh.silent, len(fresh.encoded.ids), stacklevel=4)
        return fresh
