"""Detection of the CI service, and folding of its log."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import Enum
from typing import TextIO

from batchhook.report.ci import github


class CiProvider(Enum):
    """A supported CI service."""

    NONE = ""
    GITHUB = "GitHub Actions"
    GITLAB = "GitLab CI"


def detect_provider(environment: Mapping[str, str]) -> CiProvider:
    """Return the service that a process runs on, by its environment variables."""
    if environment.get("GITHUB_ACTIONS") == "true":
        return CiProvider.GITHUB
    return CiProvider.GITLAB if environment.get("GITLAB_CI") == "true" else CiProvider.NONE


@contextmanager
def folded(stream: TextIO, provider: CiProvider, title: str) -> Iterator[None]:
    """Make the output of a block a foldable part of the log, in which GitHub obeys no commands.

    Args:
        stream: the log.
        provider: nothing is written for ``NONE``.
        title: of the part, in plain words; empty to keep it unfolded.
    """
    before, after = _marks(provider, title)
    stream.write(before)
    stream.flush()
    try:
        yield
    finally:
        stream.write(after)
        stream.flush()


def _marks(provider: CiProvider, title: str) -> tuple[str, str]:
    if provider is CiProvider.GITHUB:
        return github.fold_marks(title)
    if provider is CiProvider.GITLAB and title:
        now, name = int(time.time()), "batchhook_" + "".join(filter(str.isalnum, title)).lower()
        return f"\x1b[0Ksection_start:{now}:{name}\r\x1b[0K{title}\n", f"\x1b[0Ksection_end:{now}:{name}\r\x1b[0K\n"
    return "", ""
