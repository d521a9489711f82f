"""The network around a sequence mixer: encoder, block, pooling, heads, whole model."""

from ct_s5.nn._activation import ACTIVATIONS as ACTIVATIONS
from ct_s5.nn._activation import GatedActivation as GatedActivation
from ct_s5.nn._anchor import FARTHEST as FARTHEST
from ct_s5.nn._anchor import Anchor as Anchor
from ct_s5.nn._block import S5Block as S5Block
from ct_s5.nn._encoder import INPUTS as INPUTS
from ct_s5.nn._encoder import ReadingEncoder as ReadingEncoder
from ct_s5.nn._encoder import TokenEncoder as TokenEncoder
from ct_s5.nn._gru import GRULayer as GRULayer
from ct_s5.nn._heads import Gaussian as Gaussian
from ct_s5.nn._heads import Head as Head
from ct_s5.nn._heads import PairHead as PairHead
from ct_s5.nn._history import ChannelHistory as ChannelHistory
from ct_s5.nn._history import channel_history as channel_history
from ct_s5.nn._mixer import Mixer as Mixer
from ct_s5.nn._mixer import StreamingMixer as StreamingMixer
from ct_s5.nn._mixers import MIXERS as MIXERS
from ct_s5.nn._mixers import refuse_bidirectional as refuse_bidirectional
from ct_s5.nn._model import ModelSettings as ModelSettings
from ct_s5.nn._model import ModelState as ModelState
from ct_s5.nn._model import S5Model as S5Model
from ct_s5.nn._norm import BatchNorm as BatchNorm
from ct_s5.nn._norm import Moments as Moments
from ct_s5.nn._norm import StepNorm as StepNorm
from ct_s5.nn._pooling import POOLINGS as POOLINGS
from ct_s5.nn._pooling import pool as pool
