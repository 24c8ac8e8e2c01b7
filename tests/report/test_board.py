"""The order of importance on the board of `watch` and in `status`: what failed, what runs, what fills."""

from __future__ import annotations

import io
from dataclasses import replace

from batchhook.core.batch import BatchStatus
from batchhook.core.operations import BatchRollback
from batchhook.core.progress import Progress
from batchhook.report.console.batches import print_status
from batchhook.report.console.layout import Grid, OutputConsole
from batchhook.report.console.watch_board import Board, render_board
from tests.report.analyses import analysis, failing, passing


def shown(board: Board) -> str:
    console = OutputConsole(file=io.StringIO(), width=120)
    console.print(render_board(board, 30))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_failure_comes_before_what_runs_and_what_fills() -> None:
    failed, passed = analysis([failing()]), analysis([passing()])
    running = ((replace(passed.batch, id=8), Progress("testing", 10, 3)),)
    board = Board(replace(failed.batch, id=9), "all files", running=running, latest=failed, has_keys=False)
    text = shown(board)
    assert text.index("batch 2 failed") < text.index("batch 8 tests") < text.index(failed.batch.changes[0].oid[:8])
    for latest in (passed, replace(failed, rollback=BatchRollback(3))):
        text = shown(replace(board, latest=latest))
        assert text.index("batch 8 tests") < text.index(failed.batch.changes[0].oid[:8]) < text.index("batch 2 ")


def test_status_has_the_same_order() -> None:
    console = OutputConsole(file=io.StringIO(), width=120)
    batch = analysis([passing()]).batch
    print_status(console, batch, [replace(batch, id=8, status=BatchStatus.RUNNING)], Grid(("left",)))
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert text.index("batch 8 is being tested") < text.index("batch 2 on")
