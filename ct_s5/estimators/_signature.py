"""Constructors that pass keywords on, and still tell scikit-learn all of them."""

import inspect

from ct_s5._words import near


class OwnKeywords:
    """Refuses a keyword that the class's own signature lacks, whatever a base would take."""

    def __new__(cls, *args, **keywords):
        """An instance, unless a keyword is mistyped or no choice of this class."""
        known = inspect.signature(cls.__init__).parameters
        passed_on = any(told.kind is inspect.Parameter.VAR_KEYWORD for told in known.values())
        for name in () if passed_on else keywords:
            if name not in known:
                raise TypeError(
                    f"{cls.__name__} got an unexpected keyword argument {name!r}."
                    f"{near(name, known)}"
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
