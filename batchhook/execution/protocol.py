"""Messages of the harness; a line that is none of them breaks the run.

The harness runs the project's code in its own process, so its messages are untrusted input: each line carries the run's
token, has the next number, and must match one of these models exactly.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from batchhook.core.results import Outcome, TestResult

Name = Annotated[str, Field(max_length=1200)]
Text = Annotated[str, Field(max_length=4096)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
ItemNumber = Annotated[int, Field(ge=-1)]
"""Position of a test in the worker's list; -1 for a fixture, or a test that is not in the list."""
Origin = tuple[Name, Text]
"""Name of a first-party module, and the file that it was loaded from."""
CodePlace = tuple[Text, Annotated[int, Field(ge=0)], Text]
"""Path relative to the checkout, first line and name of a function; line 0 for what is none."""
ItemRow = tuple[Name, Name, Name, Name]
"""The fields of a ``TestItem``."""

_LIMITS = {
    "test_id": 1200,
    "module": 1200,
    "error_type": 1200,
    "message": 4096,
    "location": 1200,
    "traceback": 20_000,
}
"""Characters in the texts of a result."""
_ASSIGNED_LATER = ("isolation", "first_outcome", "note")
"""Fields of a result that batchhook sets, never the harness."""
_ASSIGNED_OUTCOMES = (Outcome.CRASHED, Outcome.TIMED_OUT)


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    line: int
    """Number of the line in its process, from 0."""


class Hello(_Message):
    """The harness has started."""

    kind: Literal["hello"]
    pid: int
    python: Annotated[str, Field(max_length=20, pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$")]


class ImportStarted(_Message):
    """A module is about to be imported."""

    kind: Literal["import_started"]
    module: Name


class DiscoveryFailed(_Message):
    """Discovery itself raised."""

    kind: Literal["discovery_failed"]
    error_type: Text
    message: Text


class ItemsListed(_Message):
    """The next part of the list of tests."""

    kind: Literal["items"]
    items: list[ItemRow]


class DiscoveryFinished(_Message):
    """The list of tests is complete."""

    kind: Literal["discovery_finished"]
    origins: list[Origin]
    deselected: Annotated[int, Field(ge=0)] = 0
    """Tests that the project's own options leave out."""

    is_forkable: bool = False
    """Whether copies of the process can run the tests."""


class FixtureStarted(_Message):
    """A fixture of a class or module starts."""

    kind: Literal["fixture_started"]
    id: Name


class TestStarted(_Message):
    """A test starts; ``id`` is empty for one of the list."""

    kind: Literal["started"]
    item: ItemNumber
    id: Name


class TestPassed(_Message):
    """A test of the list has passed without further information: the bulk of all messages."""

    kind: Literal["passed"]
    item: Annotated[int, Field(ge=0)]
    duration: Seconds


def _check_reported(result: TestResult) -> TestResult:
    """Refuse what a harness must not report: oversized texts, invalid numbers, and fields that batchhook sets.

    Raises:
        ValueError: the result holds such a value.
    """
    for name, limit in _LIMITS.items():
        if len(getattr(result, name)) > limit:
            raise ValueError(f"{name} too long")
    if not 0 <= result.duration < float("inf") or result.subtests_failed < 0:
        raise ValueError("number out of range")
    if result.outcome in _ASSIGNED_OUTCOMES:
        raise ValueError("outcome not of a harness")
    defaults = TestResult(result.test_id, result.module, result.outcome)
    if any(getattr(result, name) != getattr(defaults, name) for name in _ASSIGNED_LATER):
        raise ValueError("field not of a harness")
    return result


class TestFinished(_Message):
    """A test has ended, or a fixture has failed or skipped its tests (``item`` -1)."""

    kind: Literal["finished"]
    item: ItemNumber
    result: Annotated[TestResult, AfterValidator(_check_reported)]


class CodeRecorded(_Message):
    """The code that a test, a fixture that tests share, or no test has run (``harness/code_recorder.py``)."""

    kind: Literal["code"]
    item: ItemNumber
    """The test; -1 for none."""

    fixture: Text
    """The fixture, if ``item`` is -1; empty for what ran outside of tests."""

    uses: list[Text]
    """The fixtures that the test uses; ``*`` for any."""

    listed: list[CodePlace]
    """Places that this process reports for the first time; they are numbered in this order."""

    codes: list[Annotated[int, Field(ge=0)]]
    """Numbers of the places."""


class NextItemNeeded(_Message):
    """Every item but the last has been run; how that one ends depends on the test after it."""

    kind: Literal["next_item_needed"]


class ChunkFinished(_Message):
    """Every item of the command has been run."""

    kind: Literal["chunk_finished"]
    origins: list[Origin]


class Aborted(_Message):
    """An exception that the framework does not catch ends this process; its cause has been reported."""

    kind: Literal["aborted"]


HarnessMessage = (
    Hello
    | ImportStarted
    | DiscoveryFailed
    | ItemsListed
    | DiscoveryFinished
    | FixtureStarted
    | TestStarted
    | TestPassed
    | TestFinished
    | CodeRecorded
    | NextItemNeeded
    | ChunkFinished
    | Aborted
)

_ADAPTER: TypeAdapter[HarnessMessage] = TypeAdapter(Annotated[HarnessMessage, Field(discriminator="kind")])


def parse(line: bytes) -> HarnessMessage:
    """Parse a line without its token.

    Raises:
        ValueError: the line is none of these messages.
    """
    try:
        return _ADAPTER.validate_json(line)
    except ValidationError as error:
        raise ValueError(f"malformed line ({error.errors()[0]['msg']})") from error
