"""``batchhook risk``."""

from __future__ import annotations

from typing import Annotated

import typer

from batchhook.cli.options import Json, console, emit, options, project


def risk(
    revision: Annotated[
        str,
        typer.Argument(
            metavar="REV", help="A commit, or a range A..B; by default what is not pushed, or the open batch."
        ),
    ] = "",
    is_evaluation: Annotated[
        bool, typer.Option("--evaluate", help="Test predictions on the history, against simple rules.")
    ] = False,
    _json: Json = False,
) -> None:
    """Predict which changes break something, and which tests, from this repository's own history."""
    from batchhook.workflow.prediction.risk import query_risk

    with project() as opened:
        report = query_risk(opened, revision, is_evaluation=is_evaluation)
    if options.json:
        from batchhook.workflow import serializers

        emit(serializers.risk_document(report))
        return
    from batchhook.report.console import risk as console_report

    out = console()
    shown = (
        console_report.evaluation(report.stored.evaluation)
        if is_evaluation
        else console_report.changes(report.changes, report.stored.rate, report.stored.evaluation)
    )
    for block in shown:
        out.print(block)
