"""Failures whose cause is that something stands in the user's work tree but was never committed."""

# os.path says no where it may not look, or where a name is none; pathlib raises.
# ruff: noqa: PTH112, PTH114, PTH117

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from itertools import chain, islice
from pathlib import Path

from batchhook.core.missing_files import Missing, MissingFile, missing_in
from batchhook.core.results import SuiteOutcome, TestResult
from batchhook.core.sanitize import one_line
from batchhook.core.settings import Isolation, Settings
from batchhook.errors import GitError
from batchhook.git.command import Git

_NAMED = 3
"""Paths that a note names; more are counted."""
_LONGEST_NAME = 200
_MOST_THINGS = 500
"""Different missing things of one run that are looked for."""
_MOST_FOLDERS = 50
"""Folders in which a package without ``__init__.py`` is searched for Python files."""

_FOLDER = "tree"
_EXTENSIONS = (".so", ".pyd")

_flat = chain.from_iterable

_Candidate = tuple[str, ...]
"""Paths that would explain one missing thing, the widest first: a package's folder, then its ``__init__.py``."""


@dataclass(frozen=True, slots=True)
class _Places:
    """Where a missing thing may be.

    Attributes:
        checkout: the private work tree that was tested.
        top: the user's.
        roots: folders that modules are imported from, relative to both; empty for the top itself.
    """

    checkout: Path
    top: Path
    roots: tuple[str, ...]


def explained(outcome: SuiteOutcome, checkout: Path, top: Path, source_roots: Sequence[str], git: Git) -> SuiteOutcome:
    """Say which failures come from what exists in the user's work tree but is not committed.

    Nothing is looked at where nothing failed, and git is asked only where something was found.

    Args:
        outcome: of a run in the checkout.
        checkout: the private work tree; its HEAD is the commit that was tested, and nobody else uses it meanwhile.
        top: the user's work tree.
        source_roots: folders that modules are imported from, relative to the checkout: ``""``, ``"src"``, ``"tests"``.
        git: in the same repository.

    Returns:
        the outcome, with a note in each result that is explained by this. It is the same one where git cannot say what
        is committed: tests may have done anything to the checkout, and a run does not fail for the lack of a note.
    """
    told = [missing_in(result) if result.outcome.is_failure else () for result in outcome.results]
    if not any(told) or checkout == top:  # in place, nothing can be missing that is there
        return outcome
    places = _Places(checkout, top, tuple(dict.fromkeys(_inside(root, ()) for root in source_roots)))
    things = islice(dict.fromkeys(_flat(told)), _MOST_THINGS)
    found = {thing: candidates for thing in things if (candidates := _candidates(thing, places))}
    if not found:
        return outcome
    try:
        committed = _committed(Git(checkout, git.environment), "HEAD", _flat(_flat(found.values())))
        names = {thing: _uncommitted(candidates, committed) for thing, candidates in found.items()}
        ignored = _ignored(git.at(top), set(_flat(names.values())))
    except (GitError, OSError):
        return outcome
    results = (
        _noted(result, dict.fromkeys(name for thing in things for name in names.get(thing, ())), ignored)
        for result, things in zip(outcome.results, told, strict=True)
    )
    return replace(outcome, results=tuple(results))


def explained_broken(outcome: SuiteOutcome, settings: Settings, commit: str, top: Path, git: Git) -> SuiteOutcome:
    """Say that a suite could not run because its tests exist in the user's work tree but are not committed.

    Args:
        outcome: of a run; it is looked at only where it is broken and its reason names the start folder.
        settings: of that run.
        commit: what was tested.
        top: the user's work tree.
        git: in the same repository.

    Returns:
        the outcome, with a hint that says so if it is so. That takes the place of the hint that was there: to change a
        setting would not help.
    """
    in_place = settings.isolation is Isolation.IN_PLACE
    if in_place or f"`{settings.start_dir}`" not in outcome.broken:
        return outcome
    inside = git.at(top)
    try:
        name = _uncommitted_tests(settings, commit, inside)
        ignored = _ignored(inside, {name} if name else ())
    except (GitError, OSError):
        return outcome
    return replace(outcome, hint=_sentence(name, ignored)) if name else outcome


def _noted(result: TestResult, names: Iterable[str], ignored: frozenset[str]) -> TestResult:
    sentences = [_sentence(name, ignored) for name in names]
    if not sentences:
        return result
    more = [f"and {len(sentences) - _NAMED} more"] if len(sentences) > _NAMED else []
    said = [result.note] if result.note else []
    return replace(result, note="; ".join([*said, *sentences[:_NAMED], *more]))


def _sentence(name: str, ignored: frozenset[str]) -> str:
    way_out = " (it is ignored: `link` in [tool.batchhook] brings it into the tested checkout)"
    shown = one_line(name, _LONGEST_NAME)
    return f"`{shown}` exists in your work tree but is not committed{way_out if name in ignored else ''}"


def _inside(path: str, tops: Iterable[str]) -> str:
    """A path relative to the checkout's top; empty for the top itself, a git dir, and all that is elsewhere.

    Args:
        path: relative to the top, or absolute. Somebody else's text.
        tops: the top's names.
    """
    plain = os.path.normpath(path)
    for top in tops:
        plain = plain.removeprefix(f"{top}/")
    parts = plain.split("/")
    if os.path.isabs(plain) or plain == "." or parts[0] == ".." or ".git" in map(str.lower, parts) or "\0" in plain:
        return ""
    return plain


def _candidates(thing: Missing, places: _Places) -> list[_Candidate]:
    """What there is in the user's work tree in a missing thing's place."""
    if isinstance(thing, MissingFile):
        return _of_file(thing.path, places)
    parts = thing.name.split(".")
    for length in range(len(parts), 0, -1):  # where a package is missing, Python may name what was wanted from it
        bases = ["/".join(filter(None, (root, *parts[:length]))) for root in places.roots]
        found = [candidate for base in bases for candidate in _of_module(base, places.top)]
        if found:
            return found
    return []


def _of_file(path: str, places: _Places) -> list[_Candidate]:
    rel = _inside(path, (os.fspath(places.checkout), os.path.realpath(places.checkout)))
    if not rel:
        return []
    if os.path.lexists(places.top / rel):
        return [(rel,)]
    # A file cannot be made in a folder that is not there, and git commits no empty folders.
    folder = rel.rpartition("/")[0]
    only_there = folder and os.path.isdir(places.top / folder) and not os.path.lexists(places.checkout / folder)
    return [(folder,)] if only_there else []


def _of_module(base: str, top: Path) -> Iterator[_Candidate]:
    """The files and folders that would be imported for a module.

    Args:
        base: its path below the top, without a suffix.
        top: the user's work tree.
    """
    package = f"{base}/__init__.py"
    if os.path.lexists(top / package):
        yield base, package
    elif _has_python_files(top / base):
        yield (base,)
    if os.path.lexists(top / f"{base}.py"):
        yield (f"{base}.py",)
    yield from ((path,) for path in _built(base, top))


def _has_python_files(folder: Path) -> bool:
    """Whether a folder can be a package without ``__init__.py``."""
    walk = islice(os.walk(folder), _MOST_FOLDERS)
    return any(name.endswith(".py") for _, _, names in walk for name in names)


def _built(base: str, top: Path) -> Iterator[str]:
    """Extension modules: ``base.so``, ``base.cpython-311-x86_64-linux-gnu.so``."""
    folder, _, stem = base.rpartition("/")
    try:
        names = sorted(os.listdir(top / folder))  # noqa: PTH208 - names are all that is wanted
    except OSError:
        return
    for name in names:
        if name.startswith(f"{stem}.") and name.endswith(_EXTENSIONS):
            yield f"{folder}/{name}" if folder else name


def _committed(git: Git, commit: str, names: Iterable[str]) -> Mapping[str, str]:
    """What a commit holds of some paths and of the folders around them: path -> git's word for its kind.

    Not what the checkout holds: tests make and remove files. One list of all is asked for, since the names may be more
    than a command line takes.

    Raises:
        GitError: git cannot say.
    """
    wanted = {os.fsencode(path) for name in names for path in (name, *_around(name))}
    committed = {}
    for row in git.run("ls-tree", "-r", "-t", "-z", "--full-tree", commit).stdout.split(b"\0")[:-1]:
        what, _, path = row.partition(b"\t")
        if path in wanted:
            committed[os.fsdecode(path)] = what.split()[1].decode()
    return committed


def _around(name: str) -> Iterator[str]:
    """The folders that a path is in, the innermost first."""
    while name := name.rpartition("/")[0]:
        yield name


def _uncommitted(candidates: Iterable[_Candidate], committed: Mapping[str, str]) -> list[str]:
    """Of each candidate the widest part that is not committed."""
    names = (next((name for name in candidate if name not in committed), "") for candidate in candidates)
    # What is behind a committed symbolic link or in a submodule, this list does not say.
    return [name for name in names if name and all(committed.get(path, _FOLDER) == _FOLDER for path in _around(name))]


def _ignored(git: Git, names: Iterable[str]) -> frozenset[str]:
    """Those of some paths that git is told to ignore.

    Args:
        git: in the user's work tree.
        names: paths below its top.
    """
    # Behind a symbolic link git ignores nothing and says that it is wrong to ask: the link is what it would ignore.
    asked = {name: next(_links(name, git.folder), name) for name in names}
    if not asked:
        return frozenset()
    # With ./ before it no name is taken for pathspec magic, as :(top) would be.
    stdin = b"".join(b"./" + os.fsencode(path) + b"\0" for path in sorted(set(asked.values())))
    said = git.run("check-ignore", "-z", "--stdin", stdin=stdin, check=False).stdout
    ignored = {os.fsdecode(path).removeprefix("./") for path in said.split(b"\0")}
    return frozenset(name for name, path in asked.items() if path in ignored)


def _links(name: str, top: Path) -> Iterator[str]:
    """The symbolic links on the way to a path, the outermost first."""
    yield from (path for path in reversed(list(_around(name))) if os.path.islink(top / path))


def _uncommitted_tests(settings: Settings, commit: str, git: Git) -> str:
    """The start folder, or the first file of tests in it, that is not committed; empty if there is none.

    Raises:
        GitError: git cannot say.
    """
    folder = _inside(settings.start_dir, ())
    if folder and not os.path.isdir(git.folder / folder):
        folder = folder.replace(".", "/")  # unittest takes a package's name, too
    if not os.path.isdir(git.folder / folder):
        return ""
    if folder and not _committed(git, commit, [folder]):
        return folder
    files = list(_files_of_tests(folder, settings.pattern, git))
    committed = _committed(git, commit, files) if files else {}
    return next(iter(_uncommitted([(file,) for file in files], committed)), "")


def _files_of_tests(folder: str, pattern: str, git: Git) -> Iterator[str]:
    """Files below a folder whose names match a pattern, without ignored ones; paths below the top.

    Raises:
        GitError: git cannot say.
    """
    inside = git.at(git.folder / folder)  # the folder's name may hold letters that a pathspec obeys
    listed = ("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", f":(glob)**/{pattern}")
    for path in sorted(os.fsdecode(path) for path in inside.run(*listed).stdout.split(b"\0")[:-1]):
        file = f"{folder}/{path}" if folder else path
        if fnmatch(path.rpartition("/")[2], pattern) and os.path.lexists(git.folder / file):
            yield file
