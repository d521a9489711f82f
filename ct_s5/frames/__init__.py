"""The border with pandas: timestamps to gaps in one stored unit, frames to arrays and back."""

from ct_s5.frames._decode import decode as decode
from ct_s5.frames._decode import decode_series as decode_series
from ct_s5.frames._decode import decode_steps as decode_steps
from ct_s5.frames._encode import EncodedFrame as EncodedFrame
from ct_s5.frames._encode import encode as encode
from ct_s5.frames._files import read_frame as read_frame
from ct_s5.frames._files import read_table as read_table
from ct_s5.frames._files import write_table as write_table
from ct_s5.frames._forms import to_long as to_long
from ct_s5.frames._labels import align_labels as align_labels
from ct_s5.frames._labels import align_step_labels as align_step_labels
from ct_s5.frames._labels import has_fractions as has_fractions
from ct_s5.frames._long import LongFrame as LongFrame
from ct_s5.frames._native import as_pandas as as_pandas
from ct_s5.frames._native import is_frame as is_frame
from ct_s5.frames._pop import pop_labels as pop_labels
from ct_s5.frames._report import GapReport as GapReport
from ct_s5.frames._report import gap_report as gap_report
from ct_s5.frames._schema import FrameSchema as FrameSchema
from ct_s5.frames._schema import learn_from as learn_from
from ct_s5.frames._splits import split_series as split_series
from ct_s5.frames._splits import split_time as split_time
from ct_s5.frames._static import StaticColumn as StaticColumn
from ct_s5.frames._units import duration as duration
from ct_s5.frames._units import unit_for as unit_for
