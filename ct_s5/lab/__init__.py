"""Irregular against regular: does knowing the true gaps help on this data?"""

from ct_s5.lab._compare import compare as compare
from ct_s5.lab._comparison import Comparison as Comparison
from ct_s5.lab._corruptions import CORRUPTIONS as CORRUPTIONS
from ct_s5.lab._corruptions import Corruption as Corruption
from ct_s5.lab._corruptions import corrupt as corrupt
from ct_s5.lab._data_sets import provider_of as provider_of
from ct_s5.lab._data_sets import providers as providers
from ct_s5.lab._demo import DEMO_KEYWORDS as DEMO_KEYWORDS
from ct_s5.lab._demo import demo_data as demo_data
from ct_s5.lab._models import MODELS as MODELS
from ct_s5.lab._models import LabModel as LabModel
from ct_s5.lab._page import check_report as check_report
from ct_s5.lab._simple import Constant as Constant
from ct_s5.lab._simple import LastValue as LastValue
from ct_s5.lab._simple import Summary as Summary
from ct_s5.lab._statistics import Paired as Paired
from ct_s5.lab._statistics import paired as paired
from ct_s5.lab._surroundings import provenance as provenance
from ct_s5.lab._treatments import TREATMENTS as TREATMENTS
from ct_s5.lab._treatments import treat as treat
