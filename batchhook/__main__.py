"""``python -m batchhook``, and what the ``batchhook`` command starts."""

from __future__ import annotations

import sys
from typing import NoReturn


def main() -> NoReturn:
    """Run the command line and end the process; Ctrl-C while it is being loaded ends it as quietly as later."""
    try:
        from batchhook.cli import main as cli_main  # noqa: PLC0415 - loading it is what takes time
    except KeyboardInterrupt:
        sys.exit(130)
    cli_main.main()


if __name__ == "__main__":
    main()
