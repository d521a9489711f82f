"""The phi functions by their definitions: with a hundred digits, none needs care."""

from decimal import Decimal, localcontext
from typing import NamedTuple


class Phis(NamedTuple):
    """Values and slopes at one z."""

    phi1: complex
    phi1_slope: complex
    phi2: complex
    phi2_slope: complex


def phis(z: complex) -> Phis:
    """`(e^z - 1) / z`, `(e^z - 1 - z) / z^2` and their slopes; z is taken exactly, and is not 0."""
    with localcontext() as context:
        context.prec = 100  # the worst quotient divides by z^3, with |z| from 1e-20 on
        z_ = Decimal(z.real), Decimal(z.imag)
        e = _exp(z_)
        one = Decimal(1), Decimal(0)
        phi1 = _over(_minus(e, one), z_)
        phi2 = _over(_minus(phi1, one), z_)
        phi1_slope = _over(_minus(e, phi1), z_)
        phi2_slope = _over(_minus(_minus(phi1, phi2), phi2), z_)
        answers = (phi1, phi1_slope, phi2, phi2_slope)
        return Phis(*(complex(float(re), float(im)) for re, im in answers))


def _exp(z):
    # The series at z / 2^30, squared 30 times: 2^30 is beyond the largest z asked about.
    small = z[0] / 2**30, z[1] / 2**30
    term = total = (Decimal(1), Decimal(0))
    for n in range(1, 40):
        re, im = _times(term, small)
        term = re / n, im / n
        total = total[0] + term[0], total[1] + term[1]
    for _ in range(30):
        total = _times(total, total)
    return total


def _times(a, b):
    return a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]


def _minus(a, b):
    return a[0] - b[0], a[1] - b[1]


def _over(a, b):
    size = b[0] * b[0] + b[1] * b[1]
    re, im = _times(a, (b[0], -b[1]))
    return re / size, im / size
