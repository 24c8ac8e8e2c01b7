"""What a search over a range of history is asked for, and whether there is anything to search for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import inf

from batchhook.core.culprits.attribution import Sight
from batchhook.core.sanitize import encodable
from batchhook.errors import BatchhookError, UsageError
from batchhook.workflow.context.revisions import State
from batchhook.workflow.culprits.command_probe import Told
from batchhook.workflow.culprits.probe_cache import Look

_MOST_NAMED = 3
"""Tests that an error names."""
_AN_ID = "the id of a single test is needed, as unittest writes it: package.module.Class.method"
_WHY_UNTESTABLE = (
    f"{_AN_ID}; or its module cannot be imported there, or a fixture of it fails: search for that, by the name that "
    "unittest gives it (unittest.loader._FailedTest.MODULE, setUpClass (CLASS))"
)
_USAGE = "batchhook bisect TEST... GOOD BAD; batchhook bisect --exec CMD GOOD BAD"
_LOOK_AGAIN = "if it fails there now and then, --fresh looks again"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a search is asked for.

    Attributes:
        tests: ids; none where it is about a command.
        good, bad: revisions: of a commit in which the tests pass, and of one in which they fail.
        environment: the caller's.
        command: None where it is about tests.
        budget: seconds; infinite for any.
        fresh: whether to forget what was seen before.
    """

    tests: tuple[str, ...]
    good: str
    bad: str
    environment: Mapping[str, str]
    command: Told | None = None
    budget: float = inf
    fresh: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Ids of what is searched for, as the store has them; a command's is its text."""
        names = self.tests if self.command is None else (self.command.text,)
        return tuple(dict.fromkeys(map(encodable, names)))


def asked(  # noqa: PLR0913 - all that a search can be asked for
    tests: Sequence[str],
    good: str,
    bad: str,
    environment: Mapping[str, str],
    *,
    command: str | None = None,
    timeout: float | None = None,
    budget: float | None = None,
    fresh: bool = False,
) -> Asked:
    """Put together what is asked for; ``timeout`` and ``budget`` are seconds, None for any.

    Raises:
        UsageError: it is not either tests or a command; or a time is set for a command that is none.
    """
    if bool(tests) == (command is not None):
        raise UsageError("TEST or --exec CMD is needed, and not both", _USAGE)
    if timeout is not None and command is None:
        raise UsageError("--timeout is for --exec", "the setting test_timeout is for tests")
    told = None if command is None else Told(command, timeout or 0.0)
    return Asked(tuple(tests), good, bad, environment, told, inf if budget is None else budget, fresh)


def check_failing(asked: Asked, bad: State, seen: Mapping[str, Look]) -> None:
    """Make sure that there is something to search for: that what was asked for is there at the end, and fails.

    Raises:
        BatchhookError: it is not.
    """
    where = f"at {asked.bad} ({bad.oid[:8]})"
    for name in asked.names:
        look = seen[name]
        if look.sight is Sight.ABSENT:
            hint = f"there is {_named(look.alike)}" if look.alike else _AN_ID
            raise BatchhookError(f"{name} does not exist {where}", hint)
        if look.sight is Sight.UNTESTABLE:
            raise _untestable(asked, look, f"{_called(asked, name)} cannot be tested {where}")
    if all(look.sight is not Sight.FAILED for look in seen.values()):
        names = _named(_called(asked, name) for name in asked.names)
        raise BatchhookError(f"{names} {'does' if len(seen) == 1 else 'do'} not fail {where}", _LOOK_AGAIN)


def _untestable(asked: Asked, look: Look, said: str) -> BatchhookError:
    if look.trouble:
        return BatchhookError(f"{said}: {look.trouble}", look.hint)
    if asked.command is None:
        return BatchhookError(said, _WHY_UNTESTABLE)
    return BatchhookError(said, "it ended with 125, or took too long; the search needs a commit in which it fails")


def _called(asked: Asked, name: str) -> str:
    return name if asked.command is None else f"`{name}`"


def _named(names: Iterable[str]) -> str:
    """Names one after another; of many the first ones."""
    these = list(names)
    more = f" and {len(these) - _MOST_NAMED} more" if len(these) > _MOST_NAMED else ""
    return ", ".join(these[:_MOST_NAMED]) + more
