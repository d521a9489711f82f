"""Continuous-time linear state space mathematics: initialisation, holds, the scan, the layers."""

from ct_s5.ssm._choice import SCANS as SCANS
from ct_s5.ssm._choice import Scan as Scan
from ct_s5.ssm._hippo import hippo_normal as hippo_normal
from ct_s5.ssm._holds import HOLDS as HOLDS
from ct_s5.ssm._holds import Hold as Hold
from ct_s5.ssm._holds import discretise as discretise
from ct_s5.ssm._layer import S5Layer as S5Layer
from ct_s5.ssm._layer import S5State as S5State
from ct_s5.ssm._linoss import LinOSSLayer as LinOSSLayer
from ct_s5.ssm._phi import phi1 as phi1
from ct_s5.ssm._phi import phi2 as phi2
from ct_s5.ssm._recurrent import RecurrentLayer as RecurrentLayer
from ct_s5.ssm._rows import checked_flags as checked_flags
from ct_s5.ssm._s4 import S4Layer as S4Layer
from ct_s5.ssm._s4d import S4DLayer as S4DLayer
from ct_s5.ssm._scan import diagonal_scan as diagonal_scan
from ct_s5.ssm._steps import LONGEST_GAP as LONGEST_GAP
from ct_s5.ssm._steps import checked_gaps as checked_gaps
from ct_s5.ssm._wrong import error_if as error_if
from ct_s5.ssm._wrong import nan_for_errors as nan_for_errors
