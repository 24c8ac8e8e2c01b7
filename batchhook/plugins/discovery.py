"""Which plug-ins are installed beside batchhook: entry points of the group ``batchhook``."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import metadata

GROUP = "batchhook"


@dataclass(frozen=True, slots=True)
class Plugin:
    """A plug-in.

    Attributes:
        name: its entry point's; the first of a name counts.
        value: where it is, ``module`` or ``module:object``.
        distribution: what brought it, with its version.
    """

    name: str
    value: str
    distribution: str


def installed() -> tuple[Plugin, ...]:
    """All plug-ins, by name; none of them is imported."""
    found: dict[str, Plugin] = {}
    for point in sorted(metadata.entry_points(group=GROUP)):
        brought = f"{point.dist.name} {point.dist.version}" if point.dist else ""
        found.setdefault(point.name, Plugin(point.name, point.value, brought))
    return tuple(found.values())
