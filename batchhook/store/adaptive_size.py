"""The size of an open batch by the risk of its changes, as a background process has computed it. On the hook's path."""

from __future__ import annotations

from contextlib import suppress

from batchhook.store.files import replace_file
from batchhook.store.state_dir import StateDir


def write(state: StateDir, batch: int, size: int) -> None:
    """Store the size of an open batch, in place of that of another one."""
    replace_file(state.adaptive_size, f"{batch} {size}\n", durable=False)


def read(state: StateDir, batch: int, usual: int) -> int:
    """Return the size of an open batch; the usual one if none was computed for it."""
    with suppress(OSError, ValueError):
        number, size = map(int, state.adaptive_size.read_text("utf-8").split())
        if number == batch and size > 0:
            return size
    return usual


def is_enabled(state: StateDir) -> bool:
    """Return whether the risk of changes can be predicted well enough for sizes to follow it."""
    return state.can_adapt_sizes.exists()


def set_enabled(state: StateDir, *, is_enabled: bool) -> None:
    """Set whether the risk of changes can be predicted well enough."""
    if is_enabled:
        state.can_adapt_sizes.touch(mode=0o600)
    else:
        state.can_adapt_sizes.unlink(missing_ok=True)
