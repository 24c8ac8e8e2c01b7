"""Shared by all tests: real repositories with a pinned identity, a pinned clock and a home of their own."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import site
import sys
import time
import venv
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest

from tests import forking, hostile
from tests.driving import CALCULATOR, TESTS, Repository

_GITCONFIG = """\
[user]
    name = Ada
    email = ada@example.org
[init]
    defaultBranch = main
[commit]
    gpgSign = false
[core]
    fsync = none
[advice]
    detachedHead = false
[maintenance]
    auto = false
"""

_SESSION = "TESTS_OF_BATCHHOOK"
"""Environment variable by which every process of the tests is recognized, even a detached one."""

_MEMORY = Path("/dev/shm")
_LEAST_MEMORY = 6 << 30
"""Free bytes that it needs to hold the tests' folders. On a disk, much of the time goes to fsync (3.7 ms a file)."""

_BIN = os.fspath(Path(sys.executable).resolve().parent)


def pytest_configure(config: pytest.Config) -> None:
    """Undo signal dispositions that nohup or a background job left us, as our children would inherit them.

    Handlers are not inherited: with an empty one, SIGHUP still does not end the tests, but it ends their processes.
    """
    for number in (signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    forking.serve_hooks()
    if not hasattr(config, "workerinput"):
        os.environ[_SESSION] = f"{os.getpid()}-{time.time_ns()}"
        if os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free >= _LEAST_MEMORY:
            os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", os.fspath(_MEMORY))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run the tests that ``tests/hostile.py`` lists a second time, with an unusual configuration of git."""
    if hostile.is_listed(metafunc.function, Path(str(metafunc.module.__file__))):
        metafunc.parametrize("_own_home", ["", "hostile"], indirect=True, ids=["usual", "hostile"])


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None]:
    """Fail if a process that the tests started outlives them; free the memory that their folders take."""
    yield
    forking.stop()
    if hasattr(session.config, "workerinput"):
        return
    survivors = _wait_for_processes(seconds=60.0)  # a runner may still measure what no test has waited for
    for pid, command in survivors.items():
        sys.stderr.write(f"\nERROR: process {pid} outlives the tests: {command}\n")
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    if survivors:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    folder = session.config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined] # noqa: SLF001
    if session.exitstatus == pytest.ExitCode.OK and folder.is_relative_to(_MEMORY):
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for_processes(seconds: float) -> dict[int, str]:
    """Wait until the tests' processes have ended; return the command lines of those that have not."""
    end = time.monotonic() + seconds
    while (processes := dict(_list_processes())) and time.monotonic() < end:
        time.sleep(0.1)
    return processes


def _list_processes() -> Iterator[tuple[int, str]]:
    mark = f"{_SESSION}={os.environ[_SESSION]}".encode()
    for folder in Path("/proc").glob("[0-9]*"):  # elsewhere there is none, and nothing is checked
        with contextlib.suppress(OSError):  # it has just ended
            if int(folder.name) != os.getpid() and mark in (folder / "environ").read_bytes().split(b"\0"):
                yield int(folder.name), (folder / "cmdline").read_text(errors="replace").replace("\0", " ")


@pytest.fixture(scope="session")
def _python_folders(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Return the folders to put before ``$PATH``, for the Python that runs the projects' tests.

    A shim of pyenv would cost twenty processes.
    In front is a virtual environment that has the same packages, and runs none of the code that ``.pth`` files add to
    each start of Python. A search for a culprit starts it a dozen times; this code can take longer than Python itself.
    """
    if forking.UNFORKED:
        return [_BIN]
    folder = tmp_path_factory.mktemp("python")
    venv.create(folder, symlinks=True)
    (library,) = folder.glob("lib/python*/site-packages")
    (library / "packages.pth").write_text("".join(f"{path}\n" for path in site.getsitepackages([sys.base_prefix])))
    return [os.fspath(folder / "bin"), _BIN]


@pytest.fixture(autouse=True)
def _own_home(
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
    _python_folders: list[str],
) -> None:
    """Keep the developer's home, and the repository that a hook runs for, out of the tests."""
    home = tmp_path_factory.mktemp("home")
    (home / ".gitconfig").write_text(_GITCONFIG)
    for name in [name for name in os.environ if name.startswith(("GIT_", "BATCHHOOK", "PRE_COMMIT"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(home / ".gitconfig"))
    monkeypatch.setenv("PATH", os.pathsep.join([*_python_folders, os.environ["PATH"]]))
    (home / "worktrees").mkdir()
    monkeypatch.setenv("BATCHHOOK_WORKTREES", str(home / "worktrees"))  # nothing is left in /var/tmp
    monkeypatch.setenv("BATCHHOOK_WAIT", "0")
    # Runs after each commit would go on beside what a test does; those of tests/workflow/impact turn them on.
    monkeypatch.setenv("BATCHHOOK_CODE_MAP", "off")
    if not forking.UNFORKED:  # plug-ins that happen to be installed beside us take longer to import than pytest itself
        monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("BATCHHOOK_SLOWDOWN_THRESHOLD", "0")  # on a busy machine anything seems slower, and is run again
    if getattr(request, "param", "") == "hostile":
        hostile.configure(home, monkeypatch)


@pytest.fixture
def bare_repository(tmp_path: Path) -> Repository:
    """A repository without a commit and without hooks."""
    top = tmp_path / "project"
    top.mkdir()
    repository = Repository(top)
    repository.git("init", "--quiet")
    return repository


@pytest.fixture(scope="session")
def prepare(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Repository]:
    """Return a function that adds a first commit and batchhook to a bare repository.

    The result is copied for later calls under the same settings of git and batchhook.
    """
    templates: dict[object, Path] = {}

    def prepare(repository: Repository, **files: str) -> Repository:
        home = os.environ["HOME"]
        settings = {name: value for name, value in os.environ.items() if name.startswith(("GIT_", "BATCHHOOK"))}
        configuration = Path(settings["GIT_CONFIG_GLOBAL"]).read_text()
        key = repr((sorted(files.items()), sorted(settings.items()), configuration)).replace(home, "~")
        if key in templates:
            shutil.copytree(templates[key], repository.top, symlinks=True, dirs_exist_ok=True)
            repository.git("update-index", "--refresh")  # it has the times of the original's files
            repository.tick()  # one call less than without the template
        else:
            repository.commit("first", **files)
            repository.batchhook("install")
            assert forking.UNFORKED or "batchhook-forking-" in repository.read(".git/hooks/post-commit")
            templates[key] = tmp_path_factory.mktemp("template") / "project"
            shutil.copytree(repository.top, templates[key], symlinks=True)
        return repository

    return prepare


@pytest.fixture
def repository(bare_repository: Repository, prepare: Callable[..., Repository]) -> Repository:
    """A repository with a first commit, in which batchhook is installed."""
    return prepare(bare_repository, README__md="hello\n")


@pytest.fixture
def project(bare_repository: Repository, prepare: Callable[..., Repository]) -> Repository:
    """A repository with code and tests, in which batchhook is installed."""
    return prepare(bare_repository, calculator__py=CALCULATOR, test_calculator__py=TESTS)
