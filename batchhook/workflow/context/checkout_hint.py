"""The command that checks out a branch which a batch or an operation belongs to."""

from __future__ import annotations

import shlex

from batchhook.workflow.context.project import Project


def branch_label(branch: str) -> str:
    """Return a branch's short name, as part of a sentence."""
    return branch.removeprefix("refs/heads/") if branch.startswith("refs/") else "a detached HEAD"


def checkout_hint(project: Project, branch: str, oid: str) -> str:
    """Return the command that checks out a branch; one that does not exist any more is created again.

    Args:
        project: the repository.
        branch: full ref name, or the label of a detached HEAD.
        oid: a commit of it, for a branch that cannot be switched to.
    """
    name = branch.removeprefix("refs/heads/")
    if name != branch and project.git.succeeds("show-ref", "--verify", "--quiet", branch):
        return f"git switch {shlex.quote(name)}"
    if name != branch and project.git.succeeds("check-ref-format", branch):
        return f"git switch -c {shlex.quote(name)} {oid[:8]}" if oid else ""
    return f"git switch --detach {oid[:8]}" if oid else ""
