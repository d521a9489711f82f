"""scikit-learn estimators over frames: `fit(frame, y)`, `predict(frame)`."""

from ct_s5.estimators._base import NotFiniteAnswer as NotFiniteAnswer
from ct_s5.estimators._classifier import S5Classifier as S5Classifier
from ct_s5.estimators._files import load as load
from ct_s5.estimators._forecaster import S5Forecaster as S5Forecaster
from ct_s5.estimators._imputer import S5Imputer as S5Imputer
from ct_s5.estimators._regressor import S5Regressor as S5Regressor
from ct_s5.estimators._time_constants import TimeConstants as TimeConstants
