"""``batchhook uninstall``."""

from __future__ import annotations

from batchhook.cli.options import Json, console, emit, options


def uninstall(_json: Json = False) -> None:
    """Remove the hooks and restore those they replaced; recorded data stays."""
    from batchhook.git.location import locate
    from batchhook.workflow.setup import install

    location = locate(options.folder)
    removed = install.uninstall(location, location.git())
    if options.json:
        from batchhook.workflow import serializers

        emit(serializers.uninstall_document(removed))
    else:
        console().print(f"Removed: {', '.join(removed)}." if removed else "batchhook has no hooks installed here.")
