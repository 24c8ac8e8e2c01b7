"""The benchmarked suites, and the cache that holds them, their Python and the other runners."""

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

RIVALS = Path(__file__).parents[2] / "requirements" / "rivals.txt"

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


@dataclass(frozen=True, slots=True)
class Suite:
    """A test suite, from one of four sources.

    Attributes:
        name: label in the tables, and folder name in the cache.
        sdist: requirement of the source distribution that contains it.
        modules: modules and packages of CPython's ``test`` to copy; none with doctests, as pytest has no load_tests.
        loaded: modules of CPython's ``test`` to load by name, through the load_tests protocol.
        folder: local project to copy.
        start_dir: as ``unittest discover -s``.
        top_level_dir: as ``unittest discover -t``.
    """

    name: str
    sdist: str = ""
    modules: tuple[str, ...] = ()
    loaded: tuple[str, ...] = ()
    folder: Path | None = None
    start_dir: str = "."
    top_level_dir: str = ""

    @property
    def discovery(self) -> list[str]:
        """Arguments of ``unittest discover``."""
        top = ["-t", self.top_level_dir] if self.top_level_dir else []
        return [] if self.start_dir == "." else ["-s", self.start_dir, *top]

    @property
    def has_sources(self) -> bool:
        """Whether the suite comes with the code that it tests, unlike CPython's own tests."""
        return bool(self.sdist or self.folder)


SUITES = (
    Suite("cpython-tiny", modules=("test_dict.py", "test_fractions.py", "test_textwrap.py")),
    Suite("defusedxml", "defusedxml==0.7.1"),
    Suite("cssselect", "cssselect==1.6.0"),
    Suite("zope.interface", "zope.interface==8.7", start_dir="src/zope/interface/tests", top_level_dir="src"),
    Suite("simplejson", "simplejson==4.3.0"),
    Suite("pyasn1", "pyasn1==0.6.5"),
    Suite("pyflakes", "pyflakes==4.1.0"),
    Suite("Markdown", "Markdown==3.11.3"),
    Suite("mock", "mock==5.2.0"),
    Suite("pycparser", "pycparser==3.12"),
    Suite("docutils", "docutils==0.23"),
    Suite("cpython-core", modules=("test_json", "test_dict.py", "test_list.py", "test_set.py", "test_textwrap.py")),
    Suite("cpython-by-name", loaded=("test_json", "test_collections", "test_decimal", "test_difflib", "test_argparse")),
    Suite("idna", "idna==3.20"),
    Suite("lark", "lark==1.3.1"),
    Suite("more-itertools", "more-itertools==11.2.1"),
    Suite("pyparsing", "pyparsing==3.3.3"),
)

BY_NAME = '''\
"""CPython's own tests, loaded by their names."""

import unittest

NAMES = {names!r}


def load_tests(loader, standard_tests, pattern):
    return unittest.TestSuite(loader.loadTestsFromName("test." + name) for name in NAMES)
'''


class Cache:
    """Everything that is prepared once: a venv with the other runners, the suites, and repositories of the suites.

    Args:
        folder: the cache's folder.
        base: interpreter to create the venv with.
        has_venv: whether to create the venv; otherwise ``base`` runs the tests, with the runners it has.

    Attributes:
        python: interpreter that runs the tests.
        environment: environment for all runners: a home of its own, and nothing of the caller's repository or settings.
    """

    def __init__(self, folder: Path, base: Path, *, has_venv: bool = True) -> None:
        self.folder = folder.expanduser().resolve()
        self._base = base
        self._has_venv = has_venv
        self.python = self.folder / "venv" / "bin" / "python" if has_venv else base
        kept = {name: value for name, value in os.environ.items() if not name.startswith(SCRUBBED_PREFIXES)}
        path = os.pathsep.join((str(self.python.parent), os.environ.get("PATH", os.defpath)))
        self.environment = kept | {"HOME": str(self.folder / "home"), "GIT_CONFIG_NOSYSTEM": "1", "PATH": path}

    def project_environment(self, suite: Suite) -> dict[str, str]:
        """Return the environment for runs in a suite's folder."""
        return self.environment_in(self.root(suite))

    def environment_in(self, root: Path) -> dict[str, str]:
        """Return the environment with a project's folders on the import path, as batchhook sets it."""
        roots = [str(folder) for folder in (root / "src", root) if folder.is_dir()]
        return self.environment | {"PYTHONPATH": os.pathsep.join(roots), "PYTHON": str(self.python)}

    def root(self, suite: Suite) -> Path:
        """Return the folder that a suite runs in."""
        return self.folder / "suites" / suite.name

    def repository(self, suite: Suite) -> Path:
        """Return the repository with the same files and batchhook's settings."""
        return self.folder / "repositories" / suite.name

    def prepare(self, suite: Suite) -> str:
        """Prepare a suite, unless it is cached.

        Returns:
            The error if it cannot be prepared, or "".
        """
        self._make_home()
        if self._has_venv:
            self._make_venv()
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
        (home / ".gitconfig").write_text(GIT_CONFIG)
        (self.folder / "pytest.ini").write_text("[pytest]\npython_files = test*.py\n")

    def _make_venv(self) -> None:
        marker = self.folder / "venv.ready"
        description = f"{self._base}\n{RIVALS.read_text()}"
        if marker.exists() and marker.read_text() == description:
            return
        print(f"Creating {self.folder / 'venv'} ...", file=sys.stderr)
        self._run(self._base, "-m", "venv", "--clear", self.folder / "venv")
        self._run(self.python, "-m", "pip", "install", "--quiet", "--requirement", RIVALS)
        marker.write_text(description)

    def _unpack(self, suite: Suite) -> None:
        sdists = self.folder / "sdists" / suite.name
        if not list(sdists.glob("*.tar.gz")):
            print(f"Fetching {suite.sdist} ...", file=sys.stderr)
            options = ("--quiet", "--no-deps", "--no-binary", ":all:", "--dest", sdists)
            self._run(self.python, "-m", "pip", "download", *options, suite.sdist)
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
        settings = {"python": str(self.python), "start_dir": suite.start_dir, "top_level_dir": suite.top_level_dir}
        lines = [f"{name} = {json.dumps(value)}\n" for name, value in settings.items()]
        (folder / ".batchhook.toml").write_text("".join(lines))
        for command in ("init --quiet", "add --force --all", "commit --quiet --message Begin"):
            self._run("git", *command.split(), cwd=folder)
        self._run(sys.executable, "-m", "batchhook", "install", cwd=folder)


# --- command line -----------------------------------------------------------------------------------------------------


def add_arguments(parser: argparse.ArgumentParser, default: str = "") -> None:
    """Add the options that choose suites and where to cache them.

    Args:
        parser: of the benchmark.
        default: names of the suites to use without options, separated by commas; "" for all.
    """
    parser.add_argument("--suites", default=default, metavar="A,B", help=f"suites to use ({default or 'all'})")
    parser.add_argument("--project", type=Path, metavar="FOLDER", help="use this project, without fetching anything")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers")
    parser.add_argument("--python", type=Path, default=Path(sys.executable), help="Python that runs the tests")
    parser.add_argument("--cache", type=Path, default=Path("~/.cache/batchhook-benchmarks"), metavar="FOLDER")


def open_cache(options: argparse.Namespace) -> Cache:
    """Open the cache of the command line; with ``--project``, only the runners of ``--python`` take part."""
    cache = Cache(options.cache, options.python, has_venv=options.project is None)
    cache.folder.mkdir(parents=True, exist_ok=True)
    return cache


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
    suites = {suite.name: suite for suite in SUITES if suite.has_sources or not with_sources}
    if options.project:
        project: Path = options.project.resolve()
        selected = [Suite(project.name, folder=project)]
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
