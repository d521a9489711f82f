"""Every figure, from plain arrays and frames, and the page that carries them."""

from ct_s5.plots._comparison import plot_comparison as plot_comparison
from ct_s5.plots._curves import plot_curves as plot_curves
from ct_s5.plots._forecast import plot_forecast as plot_forecast
from ct_s5.plots._gaps import plot_gaps as plot_gaps
from ct_s5.plots._history import plot_history as plot_history
from ct_s5.plots._imputation import plot_imputation as plot_imputation
from ct_s5.plots._page import check_installed as check_installed
from ct_s5.plots._page import render_page as render_page
from ct_s5.plots._samples import plot_samples as plot_samples
from ct_s5.plots._scaling import plot_scaling as plot_scaling
from ct_s5.plots._series import plot_series as plot_series
from ct_s5.plots._style import colours as colours
from ct_s5.plots._svg import figure_to_svg as figure_to_svg
from ct_s5.plots._time_constants import plot_time_constants as plot_time_constants
from ct_s5.plots._units import duration as duration
