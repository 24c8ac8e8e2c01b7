"""The process in which one plug-in is told of one event: ``python -m batchhook.plugins.host ORDER ANSWER``.

The order is a JSON file that names the plug-in, the hook and its arguments; with an empty hook the plug-in is only
loaded. The answer is one as well: which hooks the plug-in has, what it gave, or what is the matter. What a plug-in
prints goes to standard error, the first of it.
"""

from __future__ import annotations

import importlib
import inspect
import io
import json
import os
import sys
import threading
import traceback
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any

import pluggy

from batchhook.core.metrics import checked
from batchhook.plugins.discovery import GROUP
from batchhook.report.json_models import Document

_MOST_PRINTED = 20_000
"""Bytes of what a plug-in prints that are kept."""
_PATIENCE = 0.5
_NOT_ITS_OWN = (__file__, "<frozen importlib", str(Path(importlib.__file__).parent), str(Path(pluggy.__file__).parent))


def main() -> None:
    """Tell the plug-in, and write the answer; whatever the plug-in does, the exit code says only that there is one."""
    order, answer = (Path(argument) for argument in sys.argv[1:3])
    said = json.loads(order.read_text("utf-8"))
    sys.path[:] = [path for path in sys.path if path not in {"", os.getcwd()}]  # noqa: PTH109 - as it stands in there
    pouring = _keep_little_of_what_is_printed()
    try:
        found = told(said["name"], said["value"], said["hook"], said["arguments"])
    except BaseException as error:  # noqa: BLE001 - SystemExit, too: a plug-in is not to be trusted with our end
        traceback.print_exception(type(error), error, _its_own(error.__traceback__))
        found = {"problem": f"{type(error).__name__}: {error}"}
    temporary = answer.with_name(f"{answer.name}.new")
    temporary.write_text(json.dumps(found), "utf-8")
    temporary.replace(answer)
    _let_out(pouring)
    os._exit(0)  # threads and exit handlers of the plug-in's are waited for by nobody


def _its_own(frames: TracebackType | None) -> TracebackType | None:
    """The part of a traceback that is the plug-in's; all of it where none is."""
    inner = frames
    while inner is not None and inner.tb_frame.f_code.co_filename.startswith(_NOT_ITS_OWN):
        inner = inner.tb_next
    return inner or frames


def told(name: str, value: str, hook: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Load a plug-in and call one of its hooks, if it has that.

    Args:
        name: the plug-in's.
        value: where it is.
        hook: the hook's name; empty for none.
        arguments: of the hook, documents as plain values.

    Returns:
        ``hooks``, the names of those that it has; ``metrics``, what it gave.

    Raises:
        ValueError: what it gave are no metrics. And whatever the plug-in raises.
    """
    specs = importlib.import_module("batchhook.plugins.hookspecs")
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(specs)
    plugin = EntryPoint(name, value, GROUP).load()
    manager.register(plugin() if inspect.isclass(plugin) else plugin, name)
    manager.check_pending()
    hooks = [caller.name for caller in manager.get_hookcallers(manager.get_plugin(name)) or ()]
    metrics = {}
    if hook in hooks:
        models = _models(specs, hook)
        shown = {key: models[key].model_validate(one) if key in models else one for key, one in arguments.items()}
        for given in getattr(manager.hook, hook)(**shown):
            metrics.update(checked(given))
    return {"hooks": sorted(hooks), "metrics": metrics}


def _models(specs: ModuleType, hook: str) -> dict[str, type[Document]]:
    """The models of a hook's arguments, by name."""
    kinds = inspect.get_annotations(getattr(specs, hook), eval_str=True)
    return {name: kind for name, kind in kinds.items() if inspect.isclass(kind) and issubclass(kind, Document)}


def _keep_little_of_what_is_printed() -> threading.Thread:
    """Let standard output and error, of child processes too, lead into what was standard error, as far as it goes."""
    kept = os.dup(2)
    reading, writing = os.pipe()
    os.dup2(writing, 1)
    os.dup2(writing, 2)
    os.close(writing)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(line_buffering=True)  # lest what is printed before our end be lost
    pouring = threading.Thread(target=_pour, args=(reading, kept), daemon=True)
    pouring.start()
    return pouring


def _pour(reading: int, kept: int) -> None:
    left = _MOST_PRINTED
    while piece := os.read(reading, 65536):
        os.write(kept, piece[:left])
        left -= len(piece[:left])


def _let_out(pouring: threading.Thread) -> None:
    """Wait for what was printed, but not for child processes that may go on printing."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):  # the plug-in may have closed it
            stream.flush()
    os.closerange(1, 3)
    pouring.join(_PATIENCE)


if __name__ == "__main__":
    main()
