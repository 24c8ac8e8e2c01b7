"""batchhook: commit as you like; every fifth change runs your tests automatically.

The public names are imported on first use, because every hook imports this package and needs none of them.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:  # typing's, without the import
    from batchhook.api import Workflow
    from batchhook.errors import (
        BatchhookError,
        BusyError,
        ConfigurationError,
        ConflictError,
        GitError,
        NoFullBatchError,
        NoSuchBatchError,
        NotARepositoryError,
        NotFinishedError,
        NothingToDoError,
        StoreError,
        SuiteError,
        UsageError,
    )
    from batchhook.plugins.hookspecs import hookimpl

__version__ = "0.3.0"

__all__ = [
    "BatchhookError",
    "BusyError",
    "ConfigurationError",
    "ConflictError",
    "GitError",
    "NoFullBatchError",
    "NoSuchBatchError",
    "NotARepositoryError",
    "NotFinishedError",
    "NothingToDoError",
    "StoreError",
    "SuiteError",
    "UsageError",
    "Workflow",
    "__version__",
    "hookimpl",
]

_MODULES = {"Workflow": "batchhook.api", "hookimpl": "batchhook.plugins.hookspecs"}


def __getattr__(name: str) -> object:
    """Import a public name (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib  # noqa: PLC0415 - see the module's docstring

    value: object = getattr(importlib.import_module(_MODULES.get(name, "batchhook.errors")), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
