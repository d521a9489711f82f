"""Constructors that pass keywords on, and still tell scikit-learn all of them."""

import inspect

from ct_s5._words import near


class OwnKeywords:
    """Refuses a keyword that the class's own signature lacks, whatever a base would take."""

    def __new__(cls, *args, **keywords):
        """An instance, unless a keyword is mistyped or no choice of this class."""
        known = inspect.signature(cls.__init__).parameters
        unknown = [name for name in keywords if name not in known]
        # A class of the user's own may hand the rest on.
        takes_any = any(told.kind is inspect.Parameter.VAR_KEYWORD for told in known.values())
        if unknown and not takes_any:
            raise TypeError(
                f"{cls.__name__} got an unexpected keyword argument {unknown[0]!r}."
                f"{near(unknown[0], known)}"
            )
        return super().__new__(cls)


def signature_of(init, base, without: tuple[str, ...] = ()) -> inspect.Signature:
    """The signature of `init(self, *, own..., **keywords)` that hands `keywords` to `base`.

    scikit-learn reads the keywords of an estimator off this signature; `**keywords` would hide all
    but its own. Those of `base` named in `without` are no choice of this class.
    """
    own = {
        name: told
        for name, told in inspect.signature(init).parameters.items()
        if told.kind is not inspect.Parameter.VAR_KEYWORD
    }
    passed = [
        told
        for name, told in inspect.signature(base).parameters.items()
        if name not in own and name not in without
    ]
    return inspect.Signature([*own.values(), *passed])
