"""The fixtures that several tests share: which ones a test uses."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

EVERY_FIXTURE = "*"
"""In place of names: a test may ask for any fixture while it runs."""


def fixture_name(definition: Any) -> str:  # noqa: ANN401 - pytest's FixtureDef
    """Return a name of a fixture that no other one has."""
    return f"{definition.baseid}::{definition.argname}"


def shared_fixtures(item: Any) -> list[str]:  # noqa: ANN401
    """Return the names of the fixtures that a test uses and shares with others."""
    definitions = getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", None)
    if definitions is None:  # no function: a plug-in's own kind of test
        return [EVERY_FIXTURE]
    names = [fixture_name(each) for several in definitions.values() for each in several if each.scope != "function"]
    return [EVERY_FIXTURE, *names] if "request" in getattr(item, "fixturenames", ()) else names
