"""The door: parse, run the command, and say what went wrong in one line."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence

from .. import __version__
from . import bench_torch, compare, completion, fit, forecast
from .parser import WRONG, Parser
from .signals import signals

BROKEN_PIPE = 141
"""As the shell has it for a program that SIGPIPE ended."""
EPILOG = f"""\
exit status:
  0    done
  1    a fault of fusedrnn itself; the traceback says where
  {WRONG}    a wrong option, file or table, a package that is missing, a full disk
  130  ended by Ctrl-C
  {BROKEN_PIPE}  who read the output is gone, as head
  143  ended by the signal to terminate

NO_COLOR=1 in the environment turns colours off.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit status, see `EPILOG`."""
    argv = sys.argv[1:] if argv is None else list(argv)
    try:
        with signals():
            try:
                arguments = parser().parse_args(argv, argparse.Namespace(argv=argv))
                arguments.run(arguments)
            finally:
                if sys.stdout is not None:
                    sys.stdout.flush()  # here, where an error of it can be told
    except SystemExit as stop:  # of argparse, which has said why
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except BrokenPipeError:
        _drop_output()
        return BROKEN_PIPE
    except (ValueError, OSError, MemoryError) as error:
        if sys.stdout is not None and isinstance(error, OSError):  # it may be of the output
            try:
                sys.stdout.flush()
            except OSError:
                _drop_output()
        return _fail(error)
    except KeyboardInterrupt as interrupt:
        number = getattr(interrupt, "number", signal.SIGINT)
        what = "interrupted" if number == signal.SIGINT else "terminated"
        print(f"fusedrnn: {what}", file=sys.stderr)
        return 128 + number
    return 0


def parser() -> Parser:
    """Return the parser of the command line."""
    top = Parser(
        prog="fusedrnn",
        description="LSTM, GRU and SimpleRNN, fast on a CPU.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"fusedrnn {__version__}")
    commands = top.add_commands()
    for command in (compare, fit, forecast, bench_torch):
        command.add(commands)
    completion.add(commands, top)
    return top


def _drop_output() -> None:
    """Send what is still to be flushed nowhere: Python would fail at it once more, at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(error: Exception) -> int:
    """Print one line about an error and return the exit status for it."""
    message = str(error)
    if isinstance(error, OSError) and error.strerror:
        message = ": ".join(str(part) for part in (error.filename, error.strerror) if part)
    elif isinstance(error, MemoryError):
        message = f"out of memory: {message}" if message else "out of memory"
    print(f"fusedrnn: error: {' '.join(message.split())}", file=sys.stderr)
    return WRONG
