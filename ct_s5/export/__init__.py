"""Compiled forms of a trained model, for programs that have JAX and nothing of its training.

`jax.export` turns a function into StableHLO, a program for XLA that needs no Python. One file holds
two of them, each for several platforms, with the weights inside:

| form   | takes                                 | gives                                  |
|--------|---------------------------------------|----------------------------------------|
| series | whole series, an `IrregularBatch`     | what `model(batch)` answers            |
| step   | one row of each of N series, a state  | what `model.step` answers, and a state |

How many series and how many steps is left open. A model that cannot take readings as they arrive,
as it reads from both ends, or reads tokens, has the first form only.
"""

from ct_s5.export._export import PLATFORMS as PLATFORMS
from ct_s5.export._export import export as export
from ct_s5.export._exported import ExportedModel as ExportedModel
from ct_s5.export._exported import load_exported as load_exported
