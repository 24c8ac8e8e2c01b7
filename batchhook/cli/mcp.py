"""``batchhook mcp``."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Annotated

import typer

from batchhook.cli.options import options
from batchhook.errors import BatchhookError


def mcp(
    allow_rollback: Annotated[
        bool, typer.Option("--allow-rollback", help="Let the agent apply rollbacks, and not only preview them.")
    ] = False,
) -> None:
    """Serve a coding agent over standard input and output (Model Context Protocol)."""
    if find_spec("mcp") is None:
        raise BatchhookError("the MCP server is not installed", 'pip install "batchhook[mcp]"')
    from batchhook.mcp.server import serve

    serve(options.folder, allow_rollback=allow_rollback)
