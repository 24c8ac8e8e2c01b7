"""The ``batchhook`` command, and ``python -m batchhook``."""

from __future__ import annotations

import sys
from typing import NoReturn


def main() -> NoReturn:
    """Run the command line and exit; Ctrl-C while it is being imported exits without a traceback, too."""
    try:
        from batchhook.cli import main as cli_main  # noqa: PLC0415 - slow enough to be interrupted
    except KeyboardInterrupt:
        sys.exit(130)
    cli_main.main()


if __name__ == "__main__":
    main()
