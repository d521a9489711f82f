"""The sizes every signature speaks of, said once.

| letter | counts                                                               |
|--------|----------------------------------------------------------------------|
| N      | series in a batch                                                    |
| L      | steps of one series: readings, queries and padding, in row order     |
| G      | series in one row of a packed batch                                  |
| C      | channels, the columns a reading may carry                            |
| H      | features, the width of the network                                   |
| P      | states of one S5 layer, the full number of the papers' tables        |
| Q      | P/2, the complex states stored: one of each conjugate pair           |
| K      | targets, or classes                                                  |
| S      | static features of a series                                          |

A layer sees one series; `jax.vmap` sees N. A `gap` is time since the last reading in model units
(see `docs/time.md`), a `rate` a continuous-time eigenvalue, `observed` is True where a channel was
measured, `reading` is False on a query, `real` is False on padding. Where several series share a
row, `segments` says whose a step is, and `reset` is True where another begins.
"""
