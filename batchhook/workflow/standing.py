"""What stands for the present state where a commit is asked for."""

from __future__ import annotations

from batchhook.errors import BatchhookError
from batchhook.git import history
from batchhook.git.location import read_head
from batchhook.workflow.project import Project


def here(project: Project) -> str:
    """The name of the commit that HEAD is at; without git, of what was recorded last.

    Raises:
        BatchhookError: nothing is committed, or recorded, yet.
    """
    if project.location.is_private:
        count = project.reconcile()
        if count is None or count.last is None:
            raise BatchhookError("nothing is recorded here yet", "batchhook record")
        return count.last.oid
    head = read_head(project.git, project.location)
    if not head.oid:
        raise BatchhookError("nothing is committed here yet", "git commit first: what is tested is what is committed")
    return head.oid


def named(project: Project, revision: str) -> str:
    """The name of the commit that a revision means; without git, HEAD is what was recorded last.

    Raises:
        BatchhookError: there is none.
    """
    if project.location.is_private and revision == "HEAD":
        return here(project)
    return history.named(project.git, revision)
