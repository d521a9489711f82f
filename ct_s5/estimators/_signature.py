"""Constructors that pass keywords on, and still tell scikit-learn all of them."""

import inspect


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
