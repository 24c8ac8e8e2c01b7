"""Typer's command classes with a plainer help and a faster start."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption


class Option(TyperOption):
    """An option whose default is not converted: to convert it, typer would import pydantic, which is slow."""

    def process_value(self, ctx: typer.Context, value: Any) -> Any:  # type: ignore[override] # noqa: ANN401 - as in typer
        """Convert a value from the command line, and call the option's callback."""
        if self.required or isinstance(value, (str, list, tuple)):
            return super().process_value(ctx, value)
        return value if self.callback is None else self.callback(ctx, self, value)


class Argument(TyperArgument):
    """An argument whose help is its name and its text: typer adds ``<list[str]>`` and ``<int range> [x>=1]``."""

    def _usage_display_name(self) -> str:
        """Return the name for the usage line: ``GOOD``, ``[N]``, ``[TEST]...``; typer has ``{GOOD}``."""
        return super()._usage_display_name().strip("{}")

    def display_type_rich(self, ctx: typer.Context) -> None:  # type: ignore[override]
        """Return no type."""

    def _get_number_range_help_str(self) -> None:
        """Return no range."""


def _adapt(params: Iterable[object]) -> None:
    for param in params:
        if isinstance(param, TyperOption):
            param.__class__ = Option
            if param.is_flag:
                param.metavar = ""  # typer shows <bool>
        elif isinstance(param, TyperArgument):
            param.__class__ = Argument


class Command(TyperCommand):
    """A command."""

    def get_params(self, ctx: typer.Context) -> list[Any]:  # type: ignore[override] # typer has its own Context
        """Return the parameters."""
        params = super().get_params(ctx)
        _adapt(params)
        return params


class Group(TyperGroup):
    """A command with subcommands."""

    def get_params(self, ctx: typer.Context) -> list[Any]:  # type: ignore[override] # typer has its own Context
        """Return the parameters."""
        params = super().get_params(ctx)
        _adapt(params)
        return params
