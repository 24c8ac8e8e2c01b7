"""The change under test, from the environment variables of a CI service."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from batchhook.errors import UsageError
from batchhook.git.command import Git
from batchhook.report.ci.provider import CiProvider, detect_provider
from batchhook.workflow.ci import shallow
from batchhook.workflow.ci.ranges import RevisionRange


def range_under_test(git: Git, environment: Mapping[str, str]) -> RevisionRange:
    """Return the commits of the pull request, merge request or push under test.

    The range is empty if the service names no earlier commit (the first push of a branch), or one that no longer exists
    (the branch was force-pushed).

    Raises:
        UsageError: not on a CI service that names a range.
    """
    service = detect_provider(environment)
    if service is CiProvider.NONE:
        raise UsageError("no CI service names a range here", "batchhook ci --range origin/main..HEAD")
    target = environment.get("GITHUB_BASE_REF", "")
    if service is CiProvider.GITHUB and target:
        return RevisionRange(f"origin/{target}", "HEAD")
    base = environment.get("CI_MERGE_REQUEST_DIFF_BASE_SHA", "")
    if service is CiProvider.GITLAB and base:
        return RevisionRange(base, "HEAD")
    before = _before_push(environment) if service is CiProvider.GITHUB else environment.get("CI_COMMIT_BEFORE_SHA", "")
    is_known = bool(before.strip("0")) and git.succeeds("cat-file", "-e", f"{before}^{{commit}}")
    return RevisionRange(before if is_known or (before.strip("0") and shallow.missing_parents(git)) else "HEAD", "HEAD")


def _before_push(environment: Mapping[str, str]) -> str:
    """Return the head of the branch before a push to GitHub."""
    with suppress(OSError, ValueError, AttributeError):
        event = json.loads(Path(environment.get("GITHUB_EVENT_PATH", "")).read_text("utf-8"))
        return str(event.get("before") or "")
    return ""


def branch_under_test(environment: Mapping[str, str]) -> str:
    """Return the full ref name of the branch under test, since HEAD is detached on a service; empty if unknown."""
    service = detect_provider(environment)
    if service is CiProvider.GITHUB:
        source, ref = environment.get("GITHUB_HEAD_REF", ""), environment.get("GITHUB_REF", "")
        return f"refs/heads/{source}" if source else ref
    if service is CiProvider.GITLAB:
        source = environment.get("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "")
        branch = source or environment.get("CI_COMMIT_BRANCH", "")
        return f"refs/heads/{branch}" if branch else ""
    return ""
