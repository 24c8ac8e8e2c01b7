"""A session of pytest that goes on in a copy of its process."""

from __future__ import annotations

import os
import sys

from ...harness.locations import ROOT
from ...harness.process import keep_standard_streams

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

    from .options import Worker

_SESSION_HOOKS = ("pytest_sessionstart", "pytest_sessionfinish", "pytest_unconfigure")


def may_share_session(config: Any) -> bool:  # noqa: ANN401
    """Return whether several processes can share the start of a session.

    What a project starts there, such as a server, the first copy to finish would stop for the others. And modules may
    have kept the worker's name, for a database perhaps, before the copies got theirs.
    """
    has_hooks = any(hasattr(module, name) for module in list_conftests(config) for name in _SESSION_HOOKS)
    return not has_hooks and not any(map(_may_know_worker, list(sys.modules.values())))


def _may_know_worker(module: ModuleType) -> bool:
    """Return whether a module of the checkout speaks of pytest-xdist's workers."""
    path = getattr(module, "__file__", None)
    if not isinstance(path, str) or not path.startswith(ROOT + os.sep) or "-packages" + os.sep in path:
        return False
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            source = file.read()
    except OSError:
        return False
    return b"PYTEST_XDIST_WORKER" in source or b"workerinput" in source


def list_conftests(config: Any) -> list[ModuleType]:  # noqa: ANN401
    """Return the modules ``conftest.py`` that pytest has loaded."""
    plugins = config.pluginmanager.get_plugins()
    return [each for each in plugins if os.path.basename(getattr(each, "__file__", None) or "") == "conftest.py"]  # noqa: PTH119


def begin_as_copy(config: Any, worker: Worker, stacks: int) -> None:  # noqa: ANN401
    """Set up a session in a copy of its process.

    Args:
        config: of pytest.
        worker: which the copy is.
        stacks: the file descriptor that stacks are written to after a crash.
    """
    keep_standard_streams(stacks)
    renew_capture(config)
    worker.use_name(config)
    worker.separate_folders(config)


def renew_capture(config: Any) -> None:  # noqa: ANN401
    """Have pytest capture output in files of this process's own.

    Copies share the position in a file that they inherit. Outside of a test, pytest keeps its capture suspended.
    """
    manager = config.pluginmanager.getplugin("capturemanager")
    if manager is None or not manager.is_globally_capturing():
        return
    streams = [os.dup(descriptor) for descriptor in (1, 2)]
    manager.stop_global_capturing()  # it puts the streams back that the original had
    for descriptor, stream in zip((1, 2), streams):
        os.dup2(stream, descriptor)
        os.close(stream)
    manager.start_global_capturing()
    manager.suspend_global_capture(in_=False)
