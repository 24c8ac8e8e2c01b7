"""What the harness may say, line by line; anything else ends the run.

The harness runs the project's code in its own process, so its words are outside data: each line carries the run's
token, counts up by one, and must fit one of these models to the letter.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from batchhook.core.results import Company, Outcome, TestResult

Name = Annotated[str, Field(max_length=1200)]
Text = Annotated[str, Field(max_length=4096)]
LongText = Annotated[str, Field(max_length=20_000)]
Origin = tuple[Name, Text]
"""A first-party module's name, and the file that it was loaded from."""

UnitRow = tuple[Name, Name, Name, Name]
"""A unit's test id, its module, its class, and the name of the group that has to stay together (empty: none)."""

_OUTCOMES = {outcome.value: outcome for outcome in Outcome}


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    line: int
    """Number of the line in its process, from 0."""


class Hello(_Message):
    """The harness lives."""

    kind: Literal["hello"]
    pid: int
    python: Name


class Loading(_Message):
    """A module is about to be imported."""

    kind: Literal["loading"]
    module: Name


class Unloadable(_Message):
    """unittest's discovery itself gave up."""

    kind: Literal["unloadable"]
    error_type: Text
    message: Text


class Units(_Message):
    """The next piece of the list of tests."""

    kind: Literal["units"]
    units: list[UnitRow]


class Discovered(_Message):
    """The list of tests is complete."""

    kind: Literal["discovered"]
    total: int
    origins: list[Origin]


class Fixture(_Message):
    """A class's or a module's fixture begins."""

    kind: Literal["fixture"]
    id: Name


class Started(_Message):
    """A test begins: one of the list (then ``id`` is empty), or another (then ``unit`` is -1)."""

    kind: Literal["started"]
    unit: Annotated[int, Field(ge=-1)]
    id: Name


class Passed(_Message):
    """A test of the list has passed, and there is nothing more to say about it: most of what is ever said."""

    kind: Literal["passed"]
    unit: Annotated[int, Field(ge=0)]
    duration: Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Finished(_Message):
    """A test has ended, or a fixture has failed or skipped what it was for (``unit`` -1)."""

    kind: Literal["finished"]
    unit: Annotated[int, Field(ge=-1)]
    id: Name
    module: Name
    outcome: Literal["passed", "failed", "errored", "skipped", "expected failure", "unexpected success"]
    duration: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    error_type: Name
    message: Text
    location: Name
    traceback: LongText
    subtests_failed: Annotated[int, Field(ge=0)]

    def result(self, seen_in: Company) -> TestResult:
        """The same as a value of the core."""
        return TestResult(
            test_id=self.id,
            module=self.module,
            outcome=_OUTCOMES[self.outcome],
            duration=self.duration,
            error_type=self.error_type,
            message=self.message,
            location=self.location,
            traceback=self.traceback,
            subtests_failed=self.subtests_failed,
            seen_in=seen_in,
        )


class Done(_Message):
    """Everything that was asked for has been run."""

    kind: Literal["done"]
    origins: list[Origin]


class Abandoned(_Message):
    """An exception that unittest lets through ends this process; its cause has been reported."""

    kind: Literal["abandoned"]


Message = Hello | Loading | Unloadable | Units | Discovered | Fixture | Started | Passed | Finished | Done | Abandoned

_ADAPTER: TypeAdapter[Message] = TypeAdapter(Annotated[Message, Field(discriminator="kind")])


def parse(line: bytes) -> Message:
    """Read a line without its token.

    Raises:
        ValueError: it is none of the above.
    """
    try:
        return _ADAPTER.validate_json(line)
    except ValidationError as error:
        raise ValueError(f"a line of the wrong form ({error.errors()[0]['msg']})") from error
