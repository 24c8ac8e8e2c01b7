"""The cache of everything that is prepared once: virtual environments, the suites, and repositories of the suites."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from batchhook.core.settings import EngineName
from benchmarks.engine.suites import PYTEST, SUITES, UNITTEST, Suite

REQUIREMENTS = Path(__file__).parents[2] / "requirements"
LATEST_PYTEST = "9.2.0"

SCRUBBED_PREFIXES = ("GIT_", "PRE_COMMIT", "PREK_", "BATCHHOOK_", "XDG_", "PYTHON", "VIRTUAL_ENV", "PYTEST_")
"""Prefixes of environment variables that the suites must not inherit."""

GIT_CONFIG = """\
[user]
    name = A Benchmark
    email = benchmark@example.com
[init]
    defaultBranch = main
[commit]
    gpgSign = false
"""

BY_NAME = '''\
"""CPython's own tests, loaded by their names."""

import unittest

NAMES = {names!r}


def load_tests(loader, standard_tests, pattern):
    return unittest.TestSuite(loader.loadTestsFromName("test." + name) for name in NAMES)
'''


@dataclass(frozen=True, slots=True)
class Venv:
    """A virtual environment with what suites of one framework need, and with the other runners.

    Attributes:
        base: interpreter to create it with.
        requirements: file of what to install.
        pytest: version of pytest to install besides; empty for that of the file.
    """

    base: Path
    requirements: Path
    pytest: str = ""

    @property
    def pip_arguments(self) -> list[str | Path]:
        """Arguments of ``pip install``."""
        return ["--requirement", self.requirements, *([f"pytest=={self.pytest}"] if self.pytest else [])]

    @property
    def name(self) -> str:
        """Name of its folder."""
        version = subprocess.check_output(
            (self.base, "-c", "import sys; print(*sys.version_info[:2], sep='.')"), text=True
        )
        return f"{version.strip()}-{f'pytest-{self.pytest}' if self.pytest else self.requirements.stem}"

    def __str__(self) -> str:
        return f"{self.base}\n{self.pytest}\n{self.requirements.read_text()}"


class Cache:
    """Everything that is prepared once: virtual environments, the suites, and repositories of the suites.

    Args:
        folder: the cache's folder.
        base: interpreter that runs the tests, with the runners it has.
        venv: virtual environment to run them in instead.
        plugins: modules of pytest's plug-ins to load, separated by commas; None for all that are installed.

    Attributes:
        python: interpreter that runs the tests.
        environment: environment for all runners: a home of its own, and nothing of the caller's repository or settings.
    """

    def __init__(self, folder: Path, base: Path, venv: Venv | None = None, plugins: str | None = None) -> None:
        self.folder = folder.expanduser().resolve()
        self._venv = venv
        self._venv_folder = self.folder / "venvs" / (venv.name if venv else "")
        self.python = self._venv_folder / "bin" / "python" if venv else base
        kept = {name: value for name, value in os.environ.items() if not name.startswith(SCRUBBED_PREFIXES)}
        path = os.pathsep.join((str(self.python.parent), os.environ.get("PATH", os.defpath)))
        settings = {"BATCHHOOK_PYTHON": str(self.python), "BATCHHOOK_WORKTREES": str(self.folder / "worktrees")}
        surroundings = {"HOME": str(self.folder / "home"), "GIT_CONFIG_NOSYSTEM": "1", "PATH": path}
        # One order for tests that a suite makes from sets.
        self.environment = kept | settings | surroundings | {"PYTHONHASHSEED": "0"}
        if plugins is not None:
            self.environment |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_PLUGINS": plugins}

    def project_environment(self, suite: Suite) -> dict[str, str]:
        """Return the environment for runs in a suite's folder."""
        return self.environment_in(self.root(suite))

    def environment_in(self, root: Path) -> dict[str, str]:
        """Return the environment with a project's folders on the import path, as batchhook sets it."""
        roots = [str(folder) for folder in (root / "src", root) if folder.is_dir()]
        return self.environment | {"PYTHONPATH": os.pathsep.join(roots), "PYTHON": str(self.python)}

    def root(self, suite: Suite) -> Path:
        """Return the folder that a suite runs in."""
        return self.folder / "suites" / suite.engine.value / suite.name

    def repository(self, suite: Suite) -> Path:
        """Return the repository with the same files and batchhook's settings."""
        return self.folder / "repositories" / suite.engine.value / suite.name

    def prepare(self, suite: Suite) -> str:
        """Prepare a suite, unless it is cached.

        Returns:
            The error if it cannot be prepared, or "".
        """
        self._make_home()
        if self._venv:
            self._make_venv(self._venv)
        marker = self.root(suite).with_name(suite.name + ".ready")
        description = repr(suite)
        if marker.exists() and marker.read_text() == description:
            return ""
        for folder in (self.root(suite), self.repository(suite)):
            shutil.rmtree(folder, ignore_errors=True)
            folder.parent.mkdir(parents=True, exist_ok=True)
        try:
            if suite.sdist:
                self._unpack(suite)
            elif suite.folder:
                shutil.copytree(suite.folder, self.root(suite), ignore=shutil.ignore_patterns(".git", "__pycache__"))
            else:
                self._copy_cpython(suite)
            self._make_repository(suite)
        except (OSError, subprocess.CalledProcessError, tarfile.TarError) as error:
            return str(error)
        if suite.engine is UNITTEST:
            (self.root(suite) / ".stestr.conf").write_text(
                f"[DEFAULT]\ntest_path={suite.start_dir}\ntop_dir={suite.top_level_dir or suite.start_dir}\n"
            )
        self._run(self.python, "-m", "compileall", "-q", self.root(suite), check=False)
        marker.write_text(description)
        return ""

    def _run(self, *command: str | Path, cwd: Path | None = None, check: bool = True) -> str:
        done = subprocess.run(command, cwd=cwd, env=self.environment, check=False, capture_output=True)
        if check and done.returncode:
            sys.stderr.write(done.stderr.decode("utf-8", "replace"))
            done.check_returncode()
        return done.stdout.decode("utf-8", "replace").strip()

    def _make_home(self) -> None:
        home = self.folder / "home"
        home.mkdir(parents=True, exist_ok=True)
        (self.folder / "worktrees").mkdir(exist_ok=True)
        (home / ".gitconfig").write_text(GIT_CONFIG)
        (home / "pytest.ini").write_text("[pytest]\npython_files = test*.py\n")

    def _make_venv(self, venv: Venv) -> None:
        folder = self._venv_folder
        marker = folder.with_name(folder.name + ".ready")
        if marker.exists() and marker.read_text() == str(venv):
            return
        print(f"Creating {folder} ...", file=sys.stderr)
        self._run(venv.base, "-m", "venv", "--clear", folder)
        self._run(self.python, "-m", "pip", "install", "--quiet", *venv.pip_arguments)
        marker.write_text(str(venv))

    def _unpack(self, suite: Suite) -> None:
        sdists = self.folder / "sdists" / suite.name
        if not list(sdists.glob("*.tar.gz")):
            print(f"Fetching {suite.sdist} ...", file=sys.stderr)
            options = ("--quiet", "--no-deps", "--no-binary", suite.sdist.partition("==")[0], "--dest", sdists)
            self._run(sys.executable, "-m", "pip", "download", *options, suite.sdist)
        unpacked = self.folder / "unpacking"
        shutil.rmtree(unpacked, ignore_errors=True)
        with tarfile.open(next(sdists.glob("*.tar.gz"))) as archive:
            if hasattr(tarfile, "data_filter"):  # not in the first versions of Python 3.10
                archive.extraction_filter = tarfile.data_filter
            archive.extractall(unpacked)
        next(unpacked.iterdir()).rename(self.root(suite))

    def _copy_cpython(self, suite: Suite) -> None:
        tests = Path(self._run(self.python, "-c", "import test; print(test.__path__[0])"))
        root = self.root(suite)
        root.mkdir()
        if suite.loaded:
            (root / "test_by_name.py").write_text(BY_NAME.format(names=suite.loaded))
        for name in suite.modules:
            if name.endswith(".py"):
                shutil.copy(tests / name, root)
            else:  # the tests import the content of __init__.py from CPython's own package
                shutil.copytree(tests / name, root / name, ignore=shutil.ignore_patterns("__*__*"))
                (root / name / "__init__.py").touch()

    def _make_repository(self, suite: Suite) -> None:
        folder = self.repository(suite)
        shutil.copytree(self.root(suite), folder, symlinks=True)
        settings = {"engine": suite.engine.value, "start_dir": suite.start_dir, "top_level_dir": suite.top_level_dir}
        lines = [f"{name} = {json.dumps(value)}\n" for name, value in settings.items()]
        (folder / ".batchhook.toml").write_text("".join(lines))
        for command in ("init --quiet", "add --force --all", "commit --quiet --message Begin"):
            self._run("git", *command.split(), cwd=folder)
        self._run(sys.executable, "-m", "batchhook", "install", cwd=folder)


# --- command line -----------------------------------------------------------------------------------------------------


def add_arguments(parser: argparse.ArgumentParser, default: str = "") -> None:
    """Add the options that choose suites of unittest, and where to cache them.

    Args:
        parser: of the benchmark.
        default: names of the suites to use without options, separated by commas; "" for all.
    """
    parser.add_argument("--suites", default=default, metavar="A,B", help=f"suites to use ({default or 'all'})")
    parser.add_argument("--project", type=Path, metavar="FOLDER", help="use this project, without fetching anything")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers")
    parser.add_argument("--python", type=Path, default=Path(sys.executable), help="Python that runs the tests")
    parser.add_argument("--cache", type=Path, default=Path("~/.cache/batchhook-benchmarks"), metavar="FOLDER")
    parser.set_defaults(engine=UNITTEST, pytest="", plugins=None)


def add_engine_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose another framework than unittest."""
    parser.add_argument("--engine", type=EngineName, choices=("unittest", "pytest"), help="framework of the suites")
    parser.add_argument("--pytest", metavar="VERSION", help=f"version of pytest for its suites ({LATEST_PYTEST})")
    parser.add_argument("--plugins", metavar="A,B", help="pytest's plug-ins to load (all that are installed)")


def open_cache(options: argparse.Namespace) -> Cache:
    """Open the cache of the command line; with ``--project``, only the runners of ``--python`` take part."""
    options.cache.expanduser().mkdir(parents=True, exist_ok=True)
    if options.project:
        return Cache(options.cache, options.python, plugins=options.plugins)
    if options.engine is PYTEST:
        requirements, version = REQUIREMENTS / "pytest-suites.txt", options.pytest or LATEST_PYTEST
    else:
        requirements, version = REQUIREMENTS / "rivals.txt", ""
    return Cache(options.cache, options.python, Venv(options.python, requirements, version), options.plugins)


def prepare_suites(
    parser: argparse.ArgumentParser, options: argparse.Namespace, cache: Cache, *, with_sources: bool = False
) -> Iterator[Suite]:
    """Yield the suites of the command line, each prepared; report those that cannot be.

    Args:
        parser: reports unknown names.
        options: as parsed.
        cache: to prepare them in.
        with_sources: only suites that come with the code that they test.
    """
    of_engine = (suite for suite in SUITES if suite.engine is options.engine)
    suites = {suite.name: suite for suite in of_engine if suite.has_sources or not with_sources}
    if options.project:
        project: Path = options.project.resolve()
        selected = [Suite(project.name, engine=options.engine, folder=project)]
    else:
        names = [name for name in options.suites.split(",") if name] or list(suites)
        if unknown := [name for name in names if name not in suites]:
            parser.error(f"unknown suite {', '.join(unknown)}; known suites: {', '.join(suites)}")
        selected = [suites[name] for name in names]
    for suite in selected:
        if error := cache.prepare(suite):
            print(f"{suite.name} is left out: {error}")
        else:
            yield suite
