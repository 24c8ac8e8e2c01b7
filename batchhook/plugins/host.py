"""The process that runs one hook of one plug-in: ``python -m batchhook.plugins.host ORDER ANSWER``.

The order is a JSON file that names the plug-in, the hook and its arguments; with an empty hook, the plug-in is only
loaded. The answer is a JSON file as well: the plug-in's hooks and metrics, or its problem. The beginning of the
plug-in's own output goes to standard error.
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

from batchhook.core.metrics import validate_metrics
from batchhook.plugins.discovery import GROUP
from batchhook.report.json_models import Document
from batchhook.store.files import replace_file

_MAX_OUTPUT = 20_000
"""Bytes of the plug-in's output that are kept."""
_OUTPUT_TIMEOUT = 0.5
"""Seconds to wait for the output of child processes."""
_FOREIGN_CODE = (__file__, "<frozen importlib", str(Path(importlib.__file__).parent), str(Path(pluggy.__file__).parent))
"""Prefixes of source files that are not the plug-in's."""


def main() -> None:
    """Run the hook and write the answer; the exit code is always 0, whatever the plug-in does."""
    order_path, answer_path = (Path(argument) for argument in sys.argv[1:3])
    order = json.loads(order_path.read_text("utf-8"))
    sys.path[:] = [path for path in sys.path if path not in {"", os.getcwd()}]  # noqa: PTH109 - entries are plain strings
    relay = _limit_output()
    try:
        answer = call_plugin(order["name"], order["value"], order["hook"], order["arguments"])
    except BaseException as error:  # noqa: BLE001 - SystemExit, too: a plug-in must not end this process
        traceback.print_exception(type(error), error, _plugin_frames(error.__traceback__))
        answer = {"problem": f"{type(error).__name__}: {error}"}
    replace_file(answer_path, json.dumps(answer), durable=False)
    _flush_output(relay)
    os._exit(0)  # without waiting for threads and exit handlers of the plug-in


def _plugin_frames(frames: TracebackType | None) -> TracebackType | None:
    """Return the part of a traceback in the plug-in's code; all of it if there is none."""
    inner = frames
    while inner is not None and inner.tb_frame.f_code.co_filename.startswith(_FOREIGN_CODE):
        inner = inner.tb_next
    return inner or frames


def call_plugin(name: str, value: str, hook: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Load a plug-in and call one of its hooks, if it implements that.

    Args:
        name: of the plug-in.
        value: its location.
        hook: the hook's name; empty for none.
        arguments: of the hook, with documents as plain values.

    Returns:
        ``hooks``, the names of those that it implements, ``metrics`` and ``presets``, those that it returned.

    Raises:
        ValueError: it returned something that is not a valid metric.
        BaseException: anything that the plug-in raises.
    """
    specs = importlib.import_module("batchhook.plugins.hookspecs")
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(specs)
    plugin = EntryPoint(name, value, GROUP).load()
    manager.register(plugin() if inspect.isclass(plugin) else plugin, name)
    manager.check_pending()
    hooks = [caller.name for caller in manager.get_hookcallers(manager.get_plugin(name)) or ()]
    metrics, presets = {}, []
    if hook in hooks:
        models = _argument_models(specs, hook)
        documents = {
            key: models[key].model_validate(argument) if key in models else argument
            for key, argument in arguments.items()
        }
        for returned in getattr(manager.hook, hook)(**documents):
            if hook == "batchhook_presets":
                presets += returned
            else:
                metrics.update(validate_metrics(returned))
    return {"hooks": sorted(hooks), "metrics": metrics, "presets": presets}


def _argument_models(specs: ModuleType, hook: str) -> dict[str, type[Document]]:
    """Return the models of a hook's arguments, by name."""
    types = inspect.get_annotations(getattr(specs, hook), eval_str=True)
    return {name: kind for name, kind in types.items() if inspect.isclass(kind) and issubclass(kind, Document)}


def _limit_output() -> threading.Thread:
    """Redirect standard output and error, of child processes too, to the original standard error, up to the limit."""
    target = os.dup(2)
    reader, writer = os.pipe()
    os.dup2(writer, 1)
    os.dup2(writer, 2)
    os.close(writer)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(line_buffering=True)  # keep what is printed before the process is killed
    relay = threading.Thread(target=_relay_output, args=(reader, target), daemon=True)
    relay.start()
    return relay


def _relay_output(reader: int, target: int) -> None:
    left = _MAX_OUTPUT
    while chunk := os.read(reader, 65536):
        os.write(target, chunk[:left])
        left -= len(chunk[:left])


def _flush_output(relay: threading.Thread) -> None:
    """Wait for the plug-in's output, but not for child processes that go on printing."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):  # the plug-in may have closed it
            stream.flush()
    os.closerange(1, 3)
    relay.join(_OUTPUT_TIMEOUT)


if __name__ == "__main__":
    main()
