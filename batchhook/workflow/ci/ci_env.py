"""What a CI service says about the change under test."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from batchhook.errors import UsageError
from batchhook.git.command import Git
from batchhook.report.ci.provider import Service, service_of
from batchhook.workflow.ci import shallow
from batchhook.workflow.ci.ranges import Span


def span_under_test(git: Git, environment: Mapping[str, str]) -> Span:
    """The range that a pull request, a merge request or a push consists of, as the service says it.

    It is empty where the service names no earlier commit (a branch is pushed for the first time), or one that is no
    more (the branch was overwritten).

    Raises:
        UsageError: this is no service that would say.
    """
    service = service_of(environment)
    if service is Service.NONE:
        raise UsageError("--range without A..B: no CI service says one here", "batchhook ci --range origin/main..HEAD")
    target = environment.get("GITHUB_BASE_REF", "")
    if service is Service.GITHUB and target:
        return Span(f"origin/{target}", "HEAD")
    base = environment.get("CI_MERGE_REQUEST_DIFF_BASE_SHA", "")
    if service is Service.GITLAB and base:
        return Span(base, "HEAD")
    before = _before_push(environment) if service is Service.GITHUB else environment.get("CI_COMMIT_BEFORE_SHA", "")
    is_known = bool(before.strip("0")) and git.succeeds("cat-file", "-e", f"{before}^{{commit}}")
    return Span(before if is_known or (before.strip("0") and shallow.boundary(git)) else "HEAD", "HEAD")


def _before_push(environment: Mapping[str, str]) -> str:
    """What a branch was before a push to GitHub."""
    with suppress(OSError, ValueError, AttributeError):
        event = json.loads(Path(environment.get("GITHUB_EVENT_PATH", "")).read_text("utf-8"))
        return str(event.get("before") or "")
    return ""


def branch_under_test(environment: Mapping[str, str]) -> str:
    """The full ref name of the branch that is tested, as the service says it: HEAD is detached there. Else empty."""
    service = service_of(environment)
    if service is Service.GITHUB:
        proposed, ref = environment.get("GITHUB_HEAD_REF", ""), environment.get("GITHUB_REF", "")
        return f"refs/heads/{proposed}" if proposed else ref
    if service is Service.GITLAB:
        proposed = environment.get("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "")
        branch = proposed or environment.get("CI_COMMIT_BRANCH", "")
        return f"refs/heads/{branch}" if branch else ""
    return ""
