"""The entry point of the command line, where errors become a message and an exit code."""

from __future__ import annotations

import contextlib
import functools
import gc
import io
import itertools
import os
import sys
from collections.abc import Callable
from typing import NoReturn

import typer
from typer.exceptions import TyperException

from batchhook.cli.app import application
from batchhook.cli.options import options
from batchhook.errors import BatchhookError, ExitCode

_FIRST_FREE_DESCRIPTOR = 3


class _OutputError(OSError):
    """An error of a standard stream, to tell it from those of other files; a closed pipe has its own class."""


def _naming_the_output(method: Callable[..., object]) -> Callable[..., object]:
    """Wrap a method of a standard stream, so that its errors are ``_OutputError``."""

    @functools.wraps(method)
    def call(*arguments: object) -> object:
        try:
            return method(*arguments)
        except BrokenPipeError as error:
            raise BrokenPipeError(error.strerror) from error  # with its number, typer would exit with 1, in silence
        except OSError as error:
            raise _OutputError(error.errno, error.strerror) from error

    return call


def main() -> NoReturn:
    """Run the command line and exit."""
    _open_standard_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # for terminals that lack our characters
            for name in ("write", "flush"):
                setattr(stream, name, _naming_the_output(getattr(stream, name)))
    try:
        code = _run()
        sys.stdout.flush()
    except OSError as error:
        code = _report_unwritable(error)
    gc.freeze()  # else the interpreter searches all modules for garbage before it ends
    sys.exit(int(code))


def _open_standard_streams() -> None:
    """Open standard streams that were closed (``<&-``), so that no file of ours becomes one of them."""
    while (number := os.open(os.devnull, os.O_RDWR)) < _FIRST_FREE_DESCRIPTOR:  # each takes the lowest free number
        pass
    os.close(number)
    sys.stdout = sys.stdout or os.fdopen(1, "w", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", closefd=False)


def _run() -> int:
    """Run a command, report the error that ended it, and return the exit code."""
    try:
        return int(application(sys.argv[1:])(standalone_mode=False) or 0)
    except BatchhookError as error:
        return _report(error.message, error.hint, error.exit_code)
    except TyperException as error:
        return _report(_usage_message(error), "batchhook --help", ExitCode.USAGE)
    except (KeyboardInterrupt, typer.Abort):
        return _report("interrupted", "", ExitCode.INTERRUPTED)
    except OSError as error:
        if isinstance(error, (BrokenPipeError, _OutputError)):
            raise
        return _report(_system_message(error), "nothing was lost; try again once that is fixed", ExitCode.ERROR)
    except Exception as error:  # noqa: BLE001 - a bug of ours; the traceback is for its report
        import traceback

        traceback.print_exc()
        return _report(
            f"{type(error).__name__}: {error}", "this is a bug in batchhook: please report it", ExitCode.ERROR
        )


def _report_unwritable(error: OSError) -> ExitCode:
    """Report that the output cannot be written, in one line: ``batchhook log | head -1``, a full disk."""
    message = "the output was closed" if isinstance(error, BrokenPipeError) else _system_message(error)
    with contextlib.suppress(OSError):
        print(f"batchhook: not everything was printed: {message}", file=sys.stderr, flush=True)  # noqa: T201 - as _report
    for stream in (sys.stdout, sys.stderr):  # Python writes what is left in their buffers when it exits
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    return ExitCode.ERROR


def _usage_message(error: TyperException) -> str:
    format_message = getattr(error, "format_message", None)
    return str(format_message() if format_message else error)


def _system_message(error: OSError) -> str:
    path = f": {error.filename}" if error.filename else ""
    return f"{error.strerror or error}{path}"


def _report(message: str, hint: str, code: ExitCode) -> ExitCode:
    if options.json or "--json" in itertools.takewhile(lambda word: word != "--", sys.argv):  # perhaps not parsed yet
        from batchhook.report.json_models import ErrorDocument

        document = ErrorDocument(error=message, hint=hint, exit_code=code)
        print(document.model_dump_json(indent=None if options.json_lines else 2))  # noqa: T201 - the command's output
        return code
    from rich.text import Text

    from batchhook.core.sanitize import one_line
    from batchhook.report.console.layout import OutputConsole

    console = OutputConsole(stderr=True)
    console.print(Text.assemble(("batchhook: ", "bold red"), one_line(message)), soft_wrap=True)
    if hint:
        console.print(Text.assemble(("hint: ", "dim"), one_line(hint)), soft_wrap=True)
    return code
