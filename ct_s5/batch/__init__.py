"""Arrays for unevenly observed series: gaps, masks, padding, packing, buckets, minibatches."""

from ct_s5.batch._buckets import bucket_lengths as bucket_lengths
from ct_s5.batch._gaps import gaps_from_times as gaps_from_times
from ct_s5.batch._irregular import IrregularBatch as IrregularBatch
from ct_s5.batch._minibatches import Minibatch as Minibatch
from ct_s5.batch._minibatches import minibatches as minibatches
from ct_s5.batch._minibatches import packed_minibatches as packed_minibatches
from ct_s5.batch._minibatches import thinned_lengths as thinned_lengths
from ct_s5.batch._packing import Packing as Packing
from ct_s5.batch._packing import pack as pack
from ct_s5.batch._queries import Queries as Queries
from ct_s5.batch._queries import ask as ask
from ct_s5.batch._queries import ask_ahead as ask_ahead
from ct_s5.batch._queries import hide as hide
from ct_s5.batch._queries import one_clock as one_clock
from ct_s5.batch._series import LONGEST_GAP as LONGEST_GAP
from ct_s5.batch._series import SeriesSet as SeriesSet
from ct_s5.batch._windows import pieces as pieces
from ct_s5.batch._windows import windows as windows
