# What `__init__.py` offers lazily, for type checkers and editors. A test keeps the two alike.

from ct_s5 import batch as batch
from ct_s5 import estimators as estimators
from ct_s5 import export as export
from ct_s5 import frames as frames
from ct_s5 import lab as lab
from ct_s5 import nn as nn
from ct_s5 import ode as ode
from ct_s5 import plots as plots
from ct_s5 import runtime as runtime
from ct_s5 import ssm as ssm
from ct_s5 import training as training
from ct_s5.batch import IrregularBatch as IrregularBatch
from ct_s5.batch import gaps_from_times as gaps_from_times
from ct_s5.estimators import S5Classifier as S5Classifier
from ct_s5.estimators import S5Forecaster as S5Forecaster
from ct_s5.estimators import S5Imputer as S5Imputer
from ct_s5.estimators import S5Regressor as S5Regressor
from ct_s5.estimators import load as load
from ct_s5.export import load_exported as load_exported
from ct_s5.frames import FrameSchema as FrameSchema
from ct_s5.frames import decode as decode
from ct_s5.frames import encode as encode
from ct_s5.frames import gap_report as gap_report
from ct_s5.nn import S5Block as S5Block
from ct_s5.nn import S5Model as S5Model
from ct_s5.ssm import S5Layer as S5Layer
from ct_s5.ssm import S5State as S5State
from ct_s5.ssm import diagonal_scan as diagonal_scan
from ct_s5.training import fit as fit

__version__: str
