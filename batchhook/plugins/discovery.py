"""Discovery of installed plug-ins: entry points of the group ``batchhook``."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import metadata

GROUP = "batchhook"


@dataclass(frozen=True, slots=True)
class Plugin:
    """An installed plug-in.

    Attributes:
        name: of its entry point; the first one of a name wins.
        value: its location, ``module`` or ``module:object``.
        distribution: name and version of the distribution that provides it; empty if unknown.
    """

    name: str
    value: str
    distribution: str


def find_plugins() -> tuple[Plugin, ...]:
    """Return all plug-ins by name, without importing them."""
    plugins: dict[str, Plugin] = {}
    for point in sorted(metadata.entry_points(group=GROUP)):
        distribution = f"{point.dist.name} {point.dist.version}" if point.dist else ""
        plugins.setdefault(point.name, Plugin(point.name, point.value, distribution))
    return tuple(plugins.values())
