"""Every protocol by its full name, each followed by its leak-free form where it leaks.

Declarations only: names are listed without opening pandas.
"""

from .._protocol import Protocol
from . import activity, lra, physionet2012, physionet2019, pixels, uea, ushcn

PROTOCOLS: dict[str, Protocol] = {
    form.name: form
    for module in (physionet2012, physionet2019, ushcn, activity, uea, pixels, lra)
    for published in module.PROTOCOLS
    for form in (published, *([published.leakfree()] if published.can_be_leakfree else []))
}
