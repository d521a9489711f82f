"""Other state space layers under an estimator: fitted, kept in a file, updated."""

import numpy as np
import pandas as pd
import pytest
from tiny_wards import classifier, labels, ward

from ct_s5 import load
from ct_s5.nn import MIXERS, ModelSettings


@pytest.mark.parametrize("name", ["s4", "linoss-imex"])
def test_another_state_space_is_fitted_given_back_by_its_file_and_updated(name, tmp_path):
    model = classifier(mixer=name, depth=1, max_epochs=1).fit(ward(), labels())
    told = model.predict_proba(ward())
    again = load(model.save(tmp_path / "model"))
    pd.testing.assert_frame_equal(again.predict_proba(ward()), told, check_exact=True)
    updated = again.update(ward(), method="predict_proba")
    np.testing.assert_allclose(updated.loc[told.index], told, atol=1e-5)


@pytest.mark.parametrize("name", ["s4", "s4d", "linoss", "linoss-imex"])
def test_other_state_spaces_read_forwards_only(name):
    settings = ModelSettings(n_channels=1, n_outputs=1, mixer=name, bidirectional=True)
    with pytest.raises(ValueError, match=f"forwards only: .* with mixer='{name}'"):
        MIXERS[name](settings, None)  # pyright: ignore[reportArgumentType]
