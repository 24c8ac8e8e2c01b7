"""The suites that take part, and the folder in which they, their Python and the rivals are kept."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

RIVALS = Path(__file__).parents[2] / "requirements" / "rivals.txt"

STRANGE = ("GIT_", "PRE_COMMIT", "PREK_", "BATCHHOOK_", "XDG_", "PYTHON", "VIRTUAL_ENV", "PYTEST_")
"""Beginnings of the names of variables that the suites do not get."""

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
    """One suite.

    Attributes:
        name: what it is called here.
        sdist: the source distribution that holds it; empty: it is made of CPython's own.
        modules: modules and packages of CPython's ``test``, copied; without doctests, since pytest knows no load_tests.
        loaded: modules of CPython's ``test``, loaded by name; only unittest's own protocol can do that.
        start_dir: as ``unittest discover -s``.
        top_level_dir: as ``unittest discover -t``.
    """

    name: str
    sdist: str = ""
    modules: tuple[str, ...] = ()
    loaded: tuple[str, ...] = ()
    start_dir: str = "."
    top_level_dir: str = ""

    @property
    def discovery(self) -> list[str]:
        """The arguments of ``unittest discover``."""
        top = ["-t", self.top_level_dir] if self.top_level_dir else []
        return [] if self.start_dir == "." else ["-s", self.start_dir, *top]


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
    """Everything that is made once: a venv with the rivals, the suites, and repositories made of them.

    Args:
        folder: where it is kept.
        base: the interpreter that the venv is made with.

    Attributes:
        python: the venv's interpreter, which runs the tests.
        environment: what all runners get: a home of its own, nothing of the caller's repository or settings.
    """

    def __init__(self, folder: Path, base: Path) -> None:
        self.folder = folder.expanduser().resolve()
        self._base = base
        self.python = self.folder / "venv" / "bin" / "python"
        kept = {name: value for name, value in os.environ.items() if not name.startswith(STRANGE)}
        path = os.pathsep.join((str(self.python.parent), os.environ.get("PATH", os.defpath)))
        self.environment = kept | {"HOME": str(self.folder / "home"), "GIT_CONFIG_NOSYSTEM": "1", "PATH": path}

    def of_project(self, suite: Suite) -> dict[str, str]:
        """The environment of a suite's own folder."""
        return self.in_folder(self.root(suite))

    def in_folder(self, root: Path) -> dict[str, str]:
        """The environment with the folders on the import path that batchhook, too, puts there."""
        roots = [str(folder) for folder in (root / "src", root) if folder.is_dir()]
        return self.environment | {"PYTHONPATH": os.pathsep.join(roots), "PYTHON": str(self.python)}

    def root(self, suite: Suite) -> Path:
        """The folder in which a suite is run."""
        return self.folder / "suites" / suite.name

    def repository(self, suite: Suite) -> Path:
        """The same files, committed, with batchhook's settings."""
        return self.folder / "repositories" / suite.name

    def prepare(self, suite: Suite) -> str:
        """Make whatever is not there yet; why the suite cannot take part, or nothing."""
        self._make_home()
        self._make_venv()
        marker = self.root(suite).with_name(suite.name + ".ready")
        wanted = repr(suite)
        if marker.exists() and marker.read_text() == wanted:
            return ""
        for folder in (self.root(suite), self.repository(suite)):
            shutil.rmtree(folder, ignore_errors=True)
            folder.parent.mkdir(parents=True, exist_ok=True)
        try:
            if suite.sdist:
                self._unpack(suite)
            else:
                self._copy_cpython(suite)
            self._make_repository(suite)
        except (OSError, subprocess.CalledProcessError, tarfile.TarError) as error:
            return str(error)
        (self.root(suite) / ".stestr.conf").write_text(
            f"[DEFAULT]\ntest_path={suite.start_dir}\ntop_dir={suite.top_level_dir or suite.start_dir}\n"
        )
        self._run(self.python, "-m", "compileall", "-q", self.root(suite), check=False)
        marker.write_text(wanted)
        return ""

    # --- making things ----------------------------------------------------------------------------------------------

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
        wanted = f"{self._base}\n{RIVALS.read_text()}"
        if marker.exists() and marker.read_text() == wanted:
            return
        print(f"Making {self.folder / 'venv'} ...", file=sys.stderr)
        self._run(self._base, "-m", "venv", "--clear", self.folder / "venv")
        self._run(self.python, "-m", "pip", "install", "--quiet", "--requirement", RIVALS)
        marker.write_text(wanted)

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
            else:  # the tests take what stands in __init__.py from CPython's own package
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
