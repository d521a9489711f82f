"""The only room with Diffrax: the slow reference solution, simulators, solver-based mixers."""

from ct_s5.ode._neural_cde import NeuralCDELayer as NeuralCDELayer
from ct_s5.ode._neural_cde import NeuralCDEState as NeuralCDEState
from ct_s5.ode._ode_rnn import ODERNNLayer as ODERNNLayer
from ct_s5.ode._ode_rnn import ODERNNState as ODERNNState
from ct_s5.ode._oscillators import Oscillators as Oscillators
from ct_s5.ode._oscillators import simulate_oscillators as simulate_oscillators
from ct_s5.ode._reference import solve_reference as solve_reference
