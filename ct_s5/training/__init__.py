"""Losses, metrics, optimiser groups, the fit loop, checkpoints."""

from ct_s5.training._along import can_carry as can_carry
from ct_s5.training._archive import ArchiveError as ArchiveError
from ct_s5.training._archive import from_archive as from_archive
from ct_s5.training._archive import read_archive as read_archive
from ct_s5.training._archive import to_archive as to_archive
from ct_s5.training._archive import write_archive as write_archive
from ct_s5.training._bar import unseen as unseen
from ct_s5.training._fit import FitResult as FitResult
from ct_s5.training._fit import FitSettings as FitSettings
from ct_s5.training._fit import fit as fit
from ct_s5.training._losses import LOSSES as LOSSES
from ct_s5.training._losses import Targets as Targets
from ct_s5.training._losses import loss_of_each as loss_of_each
from ct_s5.training._metrics import METRICS as METRICS
from ct_s5.training._optimiser import roles as roles
from ct_s5.training._predict import predict_all as predict_all
from ct_s5.training._tasks import HIDINGS as HIDINGS
from ct_s5.training._tasks import Forecasting as Forecasting
from ct_s5.training._tasks import Hiding as Hiding
from ct_s5.training._tasks import Imputing as Imputing
from ct_s5.training._tasks import Task as Task
from ct_s5.training._tasks import with_known as with_known
from ct_s5.training._trees import named_arrays as named_arrays
from ct_s5.training._trees import named_parts as named_parts
from ct_s5.training._trees import with_named_arrays as with_named_arrays
from ct_s5.training._trees import with_named_parts as with_named_parts
