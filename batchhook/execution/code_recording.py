"""Collect the code that each test of a run has executed, from the reports of all of its processes."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from batchhook.core.test_ids import join_suite
from batchhook.errors import SuiteError

if TYPE_CHECKING:
    from batchhook.execution.protocol import CodeRecorded

ANY_FIXTURE = "*"
"""In place of a fixture's name: a test may use any of its process (``harness/fixtures.py``)."""

Place = tuple[str, int, str]
"""Path relative to the checkout, first line and name of a function; or of a file, folder or program, with line 0."""


@dataclass(slots=True)
class ProcessCode:
    """Reports of one process.

    Attributes:
        suite: name of its suite, if the project has several.
        numbers: of its places, in the recording.
        fixtures: the places of each fixture.
        tests: id, own places and fixtures of each test.
    """

    suite: str = ""
    numbers: list[int] = field(default_factory=list)
    fixtures: dict[str, set[int]] = field(default_factory=dict)
    tests: list[tuple[str, array[int], tuple[str, ...]]] = field(default_factory=list)


@dataclass(slots=True)
class CodeRecording:
    """Code that the tests of a run have executed.

    Places are numbered, and those of a test held as an array: ten thousand tests run three hundred functions each.

    Attributes:
        suite, folder: of the part that is running, if the project has several suites.
        places: by number.
        outside: numbers of the places that ran outside of tests.
    """

    suite: str = ""
    folder: str = ""
    places: list[Place] = field(default_factory=list)
    outside: set[int] = field(default_factory=set)
    _index: dict[Place, int] = field(default_factory=dict)
    _processes: list[ProcessCode] = field(default_factory=list)

    def for_part(self, suite: str, folder: str) -> CodeRecording:
        """Return a recording of one of several suites, which adds to this one."""
        return CodeRecording(suite, folder, self.places, self.outside, self._index, self._processes)

    def add_process(self) -> ProcessCode:
        """Return where to collect the reports of another process."""
        process = ProcessCode(self.suite)
        self._processes.append(process)
        return process

    def add(self, process: ProcessCode, test_id: str, message: CodeRecorded) -> None:
        """Add a report.

        Args:
            process: that sent it.
            test_id: of the test; empty if it is not about one.
            message: the report.

        Raises:
            SuiteError: it is not of our harness.
        """
        process.numbers.extend(map(self._number, message.listed))
        if message.codes and max(message.codes) >= len(process.numbers):
            raise SuiteError("The harness sent an invalid report: there is no such place in the code")
        codes = [process.numbers[code] for code in message.codes]
        if test_id:
            process.tests.append((join_suite(self.suite, test_id), array("I", codes), tuple(message.uses)))
        elif message.fixture:
            process.fixtures.setdefault(message.fixture, set()).update(codes)
        else:
            self.outside.update(codes)

    def _number(self, place: Place) -> int:
        path, line, name = place
        if self.folder and path:
            place = (str(PurePosixPath(self.folder, path)), line, name)
        number = self._index.setdefault(place, len(self.places))
        if number == len(self.places):
            self.places.append(place)
        return number

    @property
    def has_tests(self) -> bool:
        """Return whether the code of any test was recorded."""
        return any(process.tests for process in self._processes)

    def tests(self) -> Iterator[tuple[str, frozenset[int]]]:
        """Yield the id of each test, and the numbers of the places that it has run; an id may come repeatedly."""
        for process in self._processes:
            for test_id, codes, uses in process.tests:
                names = process.fixtures if ANY_FIXTURE in uses else uses
                yield test_id, frozenset(codes).union(*(process.fixtures.get(name, ()) for name in names))
