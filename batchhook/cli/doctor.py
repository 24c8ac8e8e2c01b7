"""``batchhook doctor``."""

from __future__ import annotations

import os

from batchhook.cli.options import Json, console, emit, options
from batchhook.errors import ExitCode


def doctor(_json: Json = False) -> int:
    """Check the installation, the Python that runs the tests, and test discovery."""
    from batchhook.git.location import locate
    from batchhook.workflow.setup.doctor import run_checks

    location = locate(options.folder)
    checks = run_checks(location, location.git(), os.environ)
    if options.json:
        from batchhook.workflow import serializers

        emit(serializers.doctor_document(checks))
    else:
        from rich.text import Text

        from batchhook.core.sanitize import one_line

        out = console()
        for check in checks:
            mark = Text("✓ ", style="green") if check.ok else Text("✗ ", style="red")
            out.print(Text.assemble(mark, (check.name, "bold"), f": {one_line(check.detail)}"), soft_wrap=True)
            if check.hint:
                out.print(Text(f"    {one_line(check.hint)}", style="cyan"), soft_wrap=True)
    return ExitCode.OK if all(check.ok for check in checks) else ExitCode.ERROR
