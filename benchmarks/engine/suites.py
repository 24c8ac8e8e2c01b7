"""The benchmarked suites, and the command lines of their own frameworks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from batchhook.core.settings import EngineName

UNITTEST, PYTEST = EngineName.UNITTEST, EngineName.PYTEST


@dataclass(frozen=True, slots=True)
class Suite:
    """A test suite, from one of four sources.

    Attributes:
        name: label in the tables, and folder name in the cache.
        sdist: requirement of the source distribution that contains it.
        engine: its framework.
        modules: modules and packages of CPython's ``test`` to copy; none with doctests, as pytest has no load_tests.
        loaded: modules of CPython's ``test`` to load by name, through the load_tests protocol.
        folder: local project to copy.
        start_dir: as ``unittest discover -s``; for pytest, the folder to collect.
        top_level_dir: as ``unittest discover -t``.
        options: of pytest, that switch off what batchhook switches off by itself.
    """

    name: str
    sdist: str = ""
    engine: EngineName = UNITTEST
    modules: tuple[str, ...] = ()
    loaded: tuple[str, ...] = ()
    folder: Path | None = None
    start_dir: str = "."
    top_level_dir: str = ""
    options: tuple[str, ...] = ()

    @property
    def discovery(self) -> list[str]:
        """Arguments of ``unittest discover``, or of pytest."""
        if self.engine is PYTEST:
            folders = [] if self.start_dir == "." else [self.start_dir]
            return [*self.options, "--continue-on-collection-errors", *folders]
        top = ["-t", self.top_level_dir] if self.top_level_dir else []
        return [] if self.start_dir == "." else ["-s", self.start_dir, *top]

    @property
    def launch(self) -> list[str]:
        """Arguments of ``launcher.py``."""
        top = ["-t", self.top_level_dir] if self.top_level_dir else []
        return ["--engine", self.engine.value, "-s", self.start_dir, *top]

    @property
    def has_sources(self) -> bool:
        """Whether the suite comes with the code that it tests, unlike CPython's own tests."""
        return bool(self.sdist or self.folder)

    def command(self, python: Path, *options: str) -> list[str]:
        """Return the command line that runs the whole suite, as a developer of the project would.

        Args:
            python: the interpreter.
            options: further ones of the framework.
        """
        if self.engine is PYTEST:
            return [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, *self.discovery]
        return [str(python), "-m", "unittest", "discover", *options, *self.discovery]

    def test_command(self, python: Path, test_id: str) -> list[str]:
        """Return the command line that runs one test."""
        if self.engine is PYTEST:
            return [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", *self.options, test_id]
        return [str(python), "-m", "unittest", test_id]


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
    Suite("pluggy", "pluggy==1.7.0", PYTEST),
    Suite("itsdangerous", "itsdangerous==2.2.0", PYTEST, start_dir="tests"),
    Suite("jinja2", "jinja2==3.1.6", PYTEST),
    Suite("toolz", "toolz==1.2.0", PYTEST),
    Suite("cachetools", "cachetools==8.0.2", PYTEST),
    Suite("h11", "h11==0.16.0", PYTEST),
    Suite("tomlkit", "tomlkit==0.15.2", PYTEST),
    Suite("click", "click==8.5.1", PYTEST, start_dir="tests"),
    Suite("mistune", "mistune==3.4.0", PYTEST),
    Suite("attrs", "attrs==26.1.0", PYTEST, start_dir="tests"),
    Suite("idna", "idna==3.20", PYTEST),
    Suite("arrow", "arrow==1.4.0", PYTEST, options=("--no-cov",)),
    Suite("more-itertools", "more-itertools==11.2.1", PYTEST),
    Suite("packaging", "packaging==26.4", PYTEST),
)
