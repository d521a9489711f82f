"""Other sequence models under an estimator: fitted, kept in a file, and updated where they can."""

import numpy as np
import pandas as pd
import pytest
from tiny_wards import classifier, labels, ward

from ct_s5 import load

KINDS = {
    "ode-rnn": {"inputs": ("value", "observed", "decayed"), "mixer": "ode-rnn"},
    "transformer": {"mixer": "transformer"},
}


@pytest.mark.parametrize("name", KINDS)
def test_another_sequence_model_is_fitted_and_given_back_by_its_file(name, tmp_path):
    model = classifier(**KINDS[name], width=4, depth=1, max_epochs=1).fit(ward(), labels())
    told = model.predict_proba(ward())
    again = load(model.save(tmp_path / "model"))
    pd.testing.assert_frame_equal(again.predict_proba(ward()), told, check_exact=True)
    if name == "transformer":
        with pytest.raises(TypeError, match="A TransformerLayer has no `run`"):
            model.update(ward())
    else:
        updated = again.update(ward(), method="predict_proba")
        np.testing.assert_allclose(updated.loc[told.index], told, atol=1e-5)


@pytest.mark.parametrize("name", ["ode-rnn", "neural-cde"])
def test_a_model_that_reads_forwards_only_says_so_at_fit(name):
    with pytest.raises(ValueError, match=f"reads forwards only: .* with mixer='{name}'"):
        classifier(mixer=name, depth=1, bidirectional=True).fit(ward(), labels())
