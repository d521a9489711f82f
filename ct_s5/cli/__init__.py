"""ct-s5: the library from the command line."""

import os
import sys
import warnings
from collections.abc import Callable

import tyro

import ct_s5
from ct_s5.cli._compare import compare as compare
from ct_s5.cli._data import COMMANDS
from ct_s5.cli._deploy import export as export
from ct_s5.cli._fit import fit as fit
from ct_s5.cli._flags import in_flags as in_flags
from ct_s5.cli._info import info as info
from ct_s5.cli._predict import predict as predict
from ct_s5.cli._report import report as report
from ct_s5.cli._stream import stream as stream


def data() -> None:
    """Data sets by name: list, card, fetch, check. `ct-s5 data --help` tells more."""


def main() -> None:
    """Run the command; a user's mistake ends in one clear line and exit code 2."""

    def speak(message, *_, **__):
        command = sys.argv[1] if sys.argv[1:] else ""
        print(f"ct-s5: {in_flags(str(message), command)}", file=sys.stderr)

    warnings.showwarning = speak
    if sys.argv[1:] == ["--version"]:
        print(f"ct-s5 {ct_s5.__version__}")
        return
    try:
        _command()
        sys.stdout.flush()
    except BrokenPipeError as error:
        # Nobody reads on, as after `| head`, which only `stream` has words for. Python would flush
        # the rest at its end, and fail once more.
        if error.errno is None:
            speak(error)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(2) from None
    except (ValueError, TypeError, OSError, ImportError, FloatingPointError) as error:
        speak(error)
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        print("ct-s5: stopped.", file=sys.stderr)
        raise SystemExit(130) from None


def _command() -> None:
    if sys.argv[1:2] == ["data"]:
        tyro.extras.subcommand_cli_from_dict(
            dict(COMMANDS),
            prog="ct-s5 data",
            description="Public data sets by name, and what is known of them.",
            args=sys.argv[2:],
        )
        return
    commands: dict[str, Callable[..., None]] = {
        "report": report,
        "fit": fit,
        "predict": predict,
        "stream": stream,
        "info": info,
        "export": export,
        "compare": compare,
        "data": data,
    }
    if sys.argv[1:2] in (["-h"], ["--help"]):
        # A list of commands is one to choose from: each tells more by its own --help.
        commands = {name: _in_brief(command) for name, command in commands.items()}
    tyro.extras.subcommand_cli_from_dict(
        commands,
        prog="ct-s5",
        description="Continuous-time models for irregularly sampled series. "
        "`ct-s5 COMMAND --help` tells more of each, `ct-s5 --version` the version.",
    )


def _in_brief(command: Callable[..., None]) -> Callable[[], None]:
    def brief() -> None: ...

    brief.__doc__ = (command.__doc__ or "").partition("\n\n")[0]
    return brief
