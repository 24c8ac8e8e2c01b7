"""Store the code that the tests of a run have executed: turn places in files into parts of the code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from batchhook.core.impact.code_map import DYNAMIC_IMPORT, FILE, FOLDER, PROGRAM, CodePart, find_affected
from batchhook.core.impact.source_code import TOP_LEVEL, SourceCode
from batchhook.core.results import Outcome, Run
from batchhook.core.test_ids import is_fixture, split_suite
from batchhook.execution.code_recording import CodeRecording
from batchhook.store import code_map
from batchhook.workflow.context.project import Project
from batchhook.workflow.impact.affected import TreeComparison
from batchhook.workflow.impact.sources import SourceFiles

_INCOMPLETE = (Outcome.CRASHED, Outcome.TIMED_OUT)


def store_recording(project: Project, run: Run, recording: CodeRecording) -> None:
    """Store the code that the tests of a run have executed.

    Raises:
        StoreError, GitError: it cannot be stored, or the tree cannot be read.
    """
    modules = {
        result.test_id: result.module
        for result in run.result.results
        if result.outcome not in _INCOMPLETE and not is_fixture(result.test_id)
    }
    own: dict[str, frozenset[int]] = {}
    for test_id, numbers in recording.tests():
        if test_id in modules:
            own[test_id] = own.get(test_id, frozenset()) | numbers
    if own:
        sources = SourceFiles(project.git, project.database, run.tree, project.settings.source_roots)
        parts = _PartNames(recording, sources)
        imports = _ImportedParts(recording, sources, parts)
        records = {
            test: (parts.of(numbers), imports.of(modules[test], parts.of(numbers))) for test, numbers in own.items()
        }
        _merge(project, run, records)
        code_map.add(project.database, run.suite, run.tree, records)
    if run.result.is_complete and not run.result.broken_reason:
        code_map.delete_tests(project.database, run.suite, modules)


def _merge(project: Project, run: Run, records: dict[str, tuple[frozenset[CodePart], frozenset[CodePart]]]) -> None:
    """Add what earlier runs of the same code have recorded: a test may run less where another has filled a cache."""
    known = code_map.load(project.database, run.suite)
    names = {number: part for part, number in known.numbers.items()}
    comparison = TreeComparison(project, known)
    for tree, tests in comparison.tests_by_tree(records).items():
        changes = comparison.compare(tree, run.tree)
        if changes is None:
            continue
        affected = {each.test_id for each in find_affected(known, tests, changes)}
        for test in tests:
            if test not in affected:
                own, imports = records[test]
                record = known.records[test]
                records[test] = (
                    own.union(names[number] for number in record.runs),
                    imports.union(names[number] for number in record.imports),
                )


class _PartNames:
    """The parts of the code at the places of a recording."""

    def __init__(self, recording: CodeRecording, sources: SourceFiles) -> None:
        codes = sources.parse({path for path, line, _ in recording.places if line})
        self._parts = [_part_at(*place, codes) for place in recording.places]

    def of(self, numbers: Iterable[int]) -> frozenset[CodePart]:
        """Return the parts at some places."""
        return frozenset(part for number in numbers for part in [self._parts[number]] if part is not None)


def _part_at(path: str, line: int, name: str, codes: Mapping[str, SourceCode]) -> CodePart | None:
    """Return the part at a place; None for files that are not in the tree, such as generated code."""
    if not line:
        return PROGRAM if name == PROGRAM.name else CodePart(path, name)
    if path not in codes:
        return None
    return CodePart(path, TOP_LEVEL if name == TOP_LEVEL else codes[path].part_at(line))


class _ImportedParts:
    """The parts that run when the modules of tests are imported."""

    def __init__(self, recording: CodeRecording, sources: SourceFiles, parts: _PartNames) -> None:
        self._sources = sources
        self._by_path: dict[str, set[CodePart]] = {}
        self._common: set[CodePart] = set()
        for part in parts.of(recording.outside):
            if part.name in {FILE, FOLDER} or part == PROGRAM:
                self._common.add(part)
            else:
                self._by_path.setdefault(part.path, set()).add(part)
        self._cache: dict[tuple[str, frozenset[str]], frozenset[CodePart]] = {}

    def of(self, module: str, runs: frozenset[CodePart]) -> frozenset[CodePart]:
        """Return the parts that run when a test's module is imported.

        Args:
            module: of the test.
            runs: parts that the test runs: it may import modules itself.
        """
        loaded = frozenset(part.path for part in runs if part.name == TOP_LEVEL)
        key = module, loaded
        if key not in self._cache:
            self._cache[key] = self._find(module, loaded)
        return self._cache[key]

    def _find(self, module: str, loaded: frozenset[str]) -> frozenset[CodePart]:
        path = self._sources.module_file(module) or split_suite(module)[1]
        if not path.endswith(".py"):  # a text with doctests
            return frozenset({CodePart(path, FILE)} | self._common)
        starts = {path, *loaded, *self._conftests(path)}
        closure = frozenset().union(*(self._sources.closure(each) for each in starts))
        codes = self._sources.parse(closure)
        parts = {CodePart(each, TOP_LEVEL) for each in closure} | self._common
        for each in closure:
            parts |= self._by_path.get(each, set())
        if self._sources.is_truncated or any(code.is_dynamic for code in codes.values()):
            parts.add(DYNAMIC_IMPORT)
        return frozenset(parts)

    def _conftests(self, path: str) -> list[str]:
        names = (str(folder / "conftest.py") for folder in PurePosixPath(path).parents)
        return [name for name in names if name in self._sources.blobs]
