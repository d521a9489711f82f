"""Fitted estimators that several files share."""

import jax
import pytest
from tiny_wards import DEEP, FORWARD, STRAIGHT, classifier, labels, numbers, regressor, ward


def pytest_runtest_setup():
    """Networks this small take far longer to compile than to run; for the tests here alone."""
    jax.config.update("jax_disable_most_optimizations", True)


def pytest_runtest_teardown():
    jax.config.update("jax_disable_most_optimizations", False)


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
