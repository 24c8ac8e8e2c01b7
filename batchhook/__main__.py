"""The ``batchhook`` command, and ``python -m batchhook``."""

from __future__ import annotations

import gc
import sys
from typing import NoReturn

_GC_THRESHOLD = 50_000
"""Objects from which garbage is collected: imports create many and no garbage, and most commands do little else."""


def main() -> NoReturn:
    """Run the command line and exit; Ctrl-C while it is being imported exits without a traceback, too."""
    gc.set_threshold(_GC_THRESHOLD)
    try:
        from batchhook.cli import main as cli_main  # noqa: PLC0415 - slow enough to be interrupted
    except KeyboardInterrupt:
        sys.exit(130)
    cli_main.main()


if __name__ == "__main__":
    main()
