"""Messages of the library in the words of the command line."""

import ast
import re
import shlex

# What the library calls a keyword, and what a flag. After a quote, a dot or a letter it is the name
# of a column or of a series, or code.
_FREE = r"(?<![\w.'\"])"
_TEXT = r"""(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""


def _as_ignored(found: re.Match) -> str:
    return "--ignore " + shlex.join(ast.literal_eval(found[1]))


_HINTS = (
    # Code in Python is of no help there.
    (
        r"Bring it to the same, for instance frame\[.*?\]\.dt\.tz_localize\(.*?\)\.",
        "Write each time with its offset, as 2026-01-31 08:00+00:00.",
    ),
    (r"at= must be a frame that holds it: columns", "--at must be a file that holds it: columns"),
    (r"Mend those rows, then frame.*; or give your own format=\.", "Write them like 2026-01-31."),
    (
        r"Sort first, frame\.sort_values\(\[.*?\]\), or pass sort=True",
        "Sort the file, or pass --sort",
    ),
    (r"If they are dates: frame.*; in a file write them", "If they are dates, write them"),
    (r"sort=True\b", "--sort"),
    (r"duplicates='(\w+)' or '(\w+)'", r"--duplicates \1 or \2"),
    (r"duplicates='(\w+)'", r"--duplicates \1"),
    (r"(horizon|at)='1h', '15min' or a pd\.Timedelta", r"--\1 1h or --\1 15min"),
    (r"time_unit='1h', '15min' or a pd\.Timedelta", r"--time-unit 1h or --time-unit 15min"),
    (r"time_unit='(\w+)'", r"--time-unit \1"),
    (r"time_unit=('[^']*'|\d+(?:\.\d+)?)", r"--time-unit \1"),
    (r"(horizon|at)='(\w+)'", r"--\1 \2"),
    (r"(horizon|at)=('[^']*'|\d+(?:\.\d+)?)", r"--\1 \2"),
    (r"level=(\d+(?:\.\d+)?)", r"--level \1"),
    (r"(?:at|static)=(?=[ :.,]|$)", lambda found: f"--{found[0][:-1]}"),
    (r"(?<=\blonger )horizon=", "--horizon"),
    (r"channels=(\(.*\))(?=: name some of)", r"--channels \1"),
    (r"late='drop'", "--late drop"),
    (r"(id|time)_col=\.\.\.", r"--\1 COLUMN"),
    (r"per='reading'", "--per reading"),
    (r"(?<=\ba )time_unit\b|^time_unit(?= must| is)", "--time-unit"),
    (r"(?<=\bleave )time_unit(?= out)|(?<=\blonger )time_unit\b", "--time-unit"),
    (r"(?<=\bsmaller )learning_rate\b|^learning_rate(?= must| is)", "--learning-rate"),
    (r"^max_epochs(?= must| is)", "--max-epochs"),
    (r"^(thinning|width|states|depth|horizon|at)(?= must| is)", r"--\1"),
    (r"^(known|level)(?= names| is)", r"--\1"),
    # Last, as it sets names of columns free from their quotes.
    (rf"frame\.drop\(columns=(\[{_TEXT}(?:, {_TEXT})*\])\)", _as_ignored),
)


# What a model was fitted on names its columns: these commands have no flag for them.
_NAMED_BY_THE_MODEL = ("predict", "stream", "info", "export")


def in_flags(message: str, command: str = "") -> str:
    """A message of the library, its hints at keywords turned into flags of the command line."""
    if command in _NAMED_BY_THE_MODEL:
        message = re.sub(r"Another name: (id|time)_col=\.\.\.", "Rename the column.", message)
    if command == "stream":
        message = re.sub(r"Sort first,.*?or pass sort=True\.", "Give its lines in order.", message)
    for keyword, flag in _HINTS:
        message = re.sub(f"{_FREE}(?:{keyword})", flag, message)
    return message
