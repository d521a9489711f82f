"""The experiments are no package: they are found from the top of the tree."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[2]))
