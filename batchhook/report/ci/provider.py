"""Which CI service this runs on, and how parts of its log are folded."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import Enum
from typing import TextIO

from batchhook.report.ci import github


class Service(Enum):
    """A CI service whose ways are known."""

    NONE = ""
    GITHUB = "GitHub Actions"
    GITLAB = "GitLab CI"


def service_of(environment: Mapping[str, str]) -> Service:
    """The service that a process runs on, by the variables that it sets."""
    if environment.get("GITHUB_ACTIONS") == "true":
        return Service.GITHUB
    return Service.GITLAB if environment.get("GITLAB_CI") == "true" else Service.NONE


@contextmanager
def folded(stream: TextIO, service: Service, title: str) -> Iterator[None]:
    """Let what is printed in a block be a part of the log that can be folded, and in which nothing is a command.

    Args:
        stream: where it is printed.
        service: decides how it is done; without one, nothing is.
        title: of the part, in plain words; without one it is not folded.
    """
    before, after = _marks(service, title)
    stream.write(before)
    stream.flush()
    try:
        yield
    finally:
        stream.write(after)
        stream.flush()


def _marks(service: Service, title: str) -> tuple[str, str]:
    if service is Service.GITHUB:
        return github.opening(title)
    if service is Service.GITLAB and title:
        now, name = int(time.time()), "batchhook_" + "".join(filter(str.isalnum, title)).lower()
        return f"\x1b[0Ksection_start:{now}:{name}\r\x1b[0K{title}\n", f"\x1b[0Ksection_end:{now}:{name}\r\x1b[0K\n"
    return "", ""
