"""The sequence models of the room with Diffrax, put beside those of nn, which cannot see it."""

from jaxtyping import PRNGKeyArray

from ct_s5.nn import MIXERS, Mixer, ModelSettings, refuse_bidirectional


# Diffrax is loaded by whoever asks for one of these.
def _ode_rnn(settings: ModelSettings, key: PRNGKeyArray) -> Mixer:
    from ct_s5.ode import ODERNNLayer

    refuse_bidirectional(settings, "The ODE-RNN")
    return ODERNNLayer(settings.width, key=key)


def _neural_cde(settings: ModelSettings, key: PRNGKeyArray) -> Mixer:
    from ct_s5.ode import NeuralCDELayer

    refuse_bidirectional(settings, "The neural CDE")
    return NeuralCDELayer(settings.width, key=key)


MIXERS.update({"ode-rnn": _ode_rnn, "neural-cde": _neural_cde})
