"""The one place where an error becomes a line and an exit code."""

from __future__ import annotations

import io
import itertools
import os
import sys
import traceback
from typing import TYPE_CHECKING, NoReturn

import typer
from rich.console import Console
from rich.text import Text
from typer.exceptions import TyperException

from batchhook.cli.app import application
from batchhook.cli.options import options
from batchhook.core.sanitize import one_line
from batchhook.errors import BatchhookError, ExitCode
from batchhook.lazy import Late

if TYPE_CHECKING:
    from batchhook.report import json_models
else:
    json_models = Late("batchhook.report.json_models")


_FIRST_OF_OURS = 3
"""The lowest number of a file that is none of the standard streams."""


def main() -> NoReturn:
    """Run the command line and end the process."""
    _open_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without our characters gets others, and no error
    try:
        code = _guarded()
        sys.stdout.flush()
    except BrokenPipeError:  # `batchhook log | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = ExitCode.OK
    sys.exit(int(code))


def _open_streams() -> None:
    """Give whoever closed standard streams (``<&-``) empty ones; else the first file that is opened becomes one."""
    while (number := os.open(os.devnull, os.O_RDWR)) < _FIRST_OF_OURS:  # each takes the lowest number that is free
        pass
    os.close(number)
    sys.stdout = sys.stdout or os.fdopen(1, "w", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", closefd=False)


def _guarded() -> int:
    """Run a command, and say what kept it from its work; gives the exit code."""
    try:
        return int(application(sys.argv[1:])(standalone_mode=False) or 0)
    except BatchhookError as error:
        return _tell(error.message, error.hint, error.exit_code)
    except TyperException as error:
        return _tell(_of_usage(error), "batchhook --help", ExitCode.USAGE)
    except (KeyboardInterrupt, typer.Abort):
        return _tell("stopped", "", ExitCode.INTERRUPTED)
    except BrokenPipeError:
        raise
    except OSError as error:
        return _tell(_of_the_system(error), "nothing was lost; try again when that is mended", ExitCode.ERROR)
    except Exception as error:  # noqa: BLE001 - a defect of ours: its traceback is what a report needs
        traceback.print_exc()
        return _tell(
            f"{type(error).__name__}: {error}", "this is a defect in batchhook: please report it", ExitCode.ERROR
        )


def _of_usage(error: TyperException) -> str:
    told = getattr(error, "format_message", None)
    return str(told() if told else error)


def _of_the_system(error: OSError) -> str:
    where = f": {error.filename}" if error.filename else ""
    return f"{error.strerror or error}{where}"


def _tell(message: str, hint: str, code: ExitCode) -> ExitCode:
    if options.json or "--json" in itertools.takewhile(lambda word: word != "--", sys.argv):  # not read yet, maybe
        document = json_models.ErrorDocument(error=message, hint=hint, exit_code=code)
        print(document.model_dump_json(indent=None if options.in_lines else 2))  # noqa: T201 - as asked
        return code
    console = Console(stderr=True, highlight=False)
    console.print(Text.assemble(("batchhook: ", "bold red"), one_line(message)), soft_wrap=True)
    if hint:
        console.print(Text.assemble(("hint: ", "dim"), one_line(hint)), soft_wrap=True)
    return code
