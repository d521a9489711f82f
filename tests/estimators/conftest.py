"""Fitted estimators that several files share."""

import pytest
from tiny_wards import DEEP, FORWARD, STRAIGHT, classifier, labels, numbers, regressor, ward


@pytest.fixture(scope="session")
def fitted():
    return classifier(**DEEP).fit(ward(), labels())


@pytest.fixture(scope="session", params=["zoh both ways", "zoh_forward", "foh"])
def fitted_with_a_hold(request):
    if request.param == "zoh both ways":
        return request.getfixturevalue("fitted")
    return classifier(**FORWARD if request.param == "zoh_forward" else STRAIGHT).fit(
        ward(), labels()
    )


@pytest.fixture(scope="session")
def fitted_regressor():
    return regressor().fit(ward(), numbers())


@pytest.fixture(scope="session")
def fitted_per_reading():
    frame = ward()
    return classifier(per="reading").fit(frame, (frame.hr > 80).to_numpy())
