"""Asking before something is done."""

from __future__ import annotations

import os
import select
import time

import typer

from batchhook.cli.options import options
from batchhook.errors import UsageError

_PATIENCE = 1.0
"""Seconds that an answer may take which comes from no terminal."""
_HINT = "say -y to do it, or --dry-run to see it"


def agreed(question: str) -> bool:
    """Whether somebody at a terminal agrees; or an answer that is given on standard input (`echo y | …`).

    A program that has nothing to say on an open pipe is not waited for.

    Raises:
        UsageError: nobody is to be asked (--json), or nobody is there.
    """
    if options.json:
        raise UsageError("--json asks nothing", _HINT)
    try:
        if os.isatty(0):
            return typer.confirm(question)
    except typer.Abort:
        print()  # noqa: T201 - the prompt's line ends here
        return False
    answer = _given()
    if not answer:
        raise UsageError("nobody is there to be asked", _HINT)
    return answer.lower() in {"y", "yes"}


def _given() -> str:
    """The first line on standard input, as far as it is there within a second; empty where nothing is."""
    until, read = time.monotonic() + _PATIENCE, b""
    while b"\n" not in read and select.select([0], [], [], max(until - time.monotonic(), 0))[0]:
        more = os.read(0, 1024)
        if not more:
            break
        read += more
    return read.decode(errors="replace").partition("\n")[0].strip()
