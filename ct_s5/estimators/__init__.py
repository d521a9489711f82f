"""scikit-learn estimators over frames: `fit(frame, y)`, `predict(frame)`."""

from ct_s5.estimators._classifier import S5Classifier as S5Classifier
from ct_s5.estimators._files import load as load
from ct_s5.estimators._regressor import S5Regressor as S5Regressor
from ct_s5.estimators._time_constants import TimeConstants as TimeConstants
