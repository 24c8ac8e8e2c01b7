"""Options of the project's plug-ins that have no place in a worker, since batchhook does what they ask for.

pytest-xdist runs tests in other processes, pytest-rerunfailures again; both are batchhook's work here, which also tells
what was found. ``--exitfirst``, ``--last-failed`` and the like would leave tests out.
"""

# pathlib's objects would be made for each folder.
# ruff: noqa: PTH113, PTH118, PTH120

from __future__ import annotations

import os
import sys

from ...harness.locations import ROOT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_CONFIGURATIONS = ("pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg")
_SEED = 1
_OFF: tuple[tuple[str, object], ...] = (
    ("numprocesses", None),  # pytest-xdist
    ("dist", "no"),
    ("tx", []),
    ("looponfail", False),
    ("reruns", 0),  # pytest-rerunfailures
    ("randomly_seed", _SEED),  # pytest-randomly: the same random numbers in each worker and run,
    ("randomly_reorganize", False),  # and pytest's order
    ("maxfail", 0),  # pytest itself
    ("usepdb", False),
    ("trace", False),
    ("lf", False),
    ("failedfirst", False),
    ("newfirst", False),
    ("stepwise", False),
    ("stepwise_skip", False),
    ("collectonly", False),
    ("setuponly", False),
    ("setupplan", False),
    ("xmlpath", None),  # reports, which each worker would write; batchhook writes its own
    ("pastebin", None),
    ("htmlpath", None),  # pytest-html
    ("report_log", None),  # pytest-reportlog
    ("basetemp", None),  # each worker would empty it; see Worker.separate_folders
)


class Worker:
    """This process among those that run the tests.

    Attributes:
        name: among those that run in parallel, in the notation of pytest-xdist (``gw0``); empty if it runs alone.
        run: an id that all workers of the run share.
        size: number of workers that the run started with.
        folder: for temporary files; all workers of the run share it, and batchhook removes it.
    """

    def __init__(self, name: str, run: str, size: str, folder: str) -> None:
        self.name = name
        self.run = run
        self.size = size
        self.folder = folder

    def renamed(self, name: str) -> Worker:
        """Return a copy of this worker under another name."""
        return Worker(name, self.run, self.size, self.folder)

    def use_name(self, config: Any) -> None:  # noqa: ANN401
        """Describe this process as one of pytest-xdist's, by which projects and plug-ins keep parallel tests apart.

        ``pytest-django`` gives each worker a database of its own, for instance
        (https://pytest-xdist.readthedocs.io/en/stable/how-to.html).
        """
        if not self.name:
            return
        os.environ["PYTEST_XDIST_WORKER"] = self.name
        os.environ["PYTEST_XDIST_WORKER_COUNT"] = self.size
        os.environ["PYTEST_XDIST_TESTRUNUID"] = self.run
        config.workerinput = {
            "workerid": self.name,
            "workercount": int(self.size),
            "testrunuid": self.run,
            "mainargv": [],
            "randomly_seed": _SEED,  # which pytest-randomly's main process hands to each worker
        }
        config.workeroutput = {}

    def separate_folders(self, config: Any) -> None:  # noqa: ANN401
        """Give this process a folder for temporary files of its own, inside one of the run, as pytest-xdist does.

        By that, fixtures of several workers share a file
        (https://pytest-xdist.readthedocs.io/en/stable/how-to.html#making-session-scoped-fixtures-execute-only-once).
        """
        own = f"popen-{self.name}" if self.name else f"pytest-{os.getpid()}"
        if hasattr(config.option, "basetemp"):
            config.option.basetemp = os.path.join(self.folder, own)
        factory = getattr(config, "_tmp_path_factory", None)
        if factory is not None:  # pytest is configured: this is a copy of such a process
            from pathlib import Path  # noqa: PLC0415 - with pytest

            factory._given_basetemp, factory._basetemp = Path(self.folder, own), None  # noqa: SLF001 - no public way


def disable_competitors(config: Any) -> None:  # noqa: ANN401
    """Switch these options off where they exist."""
    for name, value in _OFF:
        if hasattr(config.option, name):
            setattr(config.option, name, value)
    reruns: Any = sys.modules.get("pytest_rerunfailures")
    if reruns is not None:  # tests may be marked as flaky; a worker of pytest-xdist's would count with its controller
        reruns.HAS_PYTEST_HANDLECRASHITEM = False


def stay_in_checkout(start: str) -> list[str]:
    """Return the options that keep pytest from taking its configuration from the folders around the checkout.

    It searches all of them for a configuration file, ``setup.py`` and, up to version 7, ``conftest.py``. Those of a
    private checkout are shared by all users of the machine.

    Args:
        start: the folder to collect.
    """
    if any(_is_configuration(os.path.join(folder, name)) for folder in _folders(start) for name in _CONFIGURATIONS):
        return []
    root = next((each for each in _folders(start) if os.path.isfile(os.path.join(each, "setup.py"))), ROOT)
    return ["-c", os.devnull, f"--rootdir={root}", f"--confcutdir={root}"]


def _folders(start: str) -> Iterator[str]:
    """Yield a folder of the checkout, and those around it, up to the top of the checkout."""
    folder = os.path.join(ROOT, os.path.normpath(start)).rstrip("/.")
    while folder.startswith(ROOT + os.sep):
        yield folder
        folder = os.path.dirname(folder)
    yield ROOT


def _is_configuration(path: str) -> bool:
    """Return whether pytest takes a file for its configuration."""
    if not os.path.isfile(path):
        return False
    try:
        from pathlib import Path  # noqa: PLC0415 - with pytest, but without its files in most checkouts

        from _pytest.config.findpaths import load_config_dict_from_file  # noqa: PLC0415 - no public way

        return load_config_dict_from_file(Path(path)) is not None
    except Exception:  # noqa: BLE001 - a malformed file: pytest says so itself
        return True


def disable_coverage(early_config: Any, args: list[str]) -> None:  # noqa: ANN401
    """Keep pytest-cov from measuring: it makes tests slower, and no outcome depends on it.

    It reads the option twice: here, and where pytest parses the command line for good.
    """
    if hasattr(early_config.known_args_namespace, "no_cov"):
        early_config.known_args_namespace.no_cov = True
        args.append("--no-cov")
