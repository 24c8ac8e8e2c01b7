"""``python -m batchhook``, and what the ``batchhook`` command starts."""

from batchhook.cli.boundary import main

if __name__ == "__main__":
    main()
