"""The open batch as reconciling would find it, without writing anything: for readers of a database that is read-only.

What only a reconciliation can tell (commits that were rewritten, or made where no hook ran) is missing until one took
place; the next command does that.
"""

from __future__ import annotations

from batchhook.core.batch import Batch, BatchQuota, BatchStatus
from batchhook.core.ledger import Ledger, open_changes, split_into_batches
from batchhook.core.timeline import merge_timeline
from batchhook.git.command import Git
from batchhook.git.location import Location, read_head
from batchhook.store import batches, branches, journal, recordings
from batchhook.store.branches import Branch
from batchhook.store.database import Database
from batchhook.store.state_dir import StateDir
from batchhook.workflow.counting.reconcile import read_chain, weigh


def read_open_batch(database: Database, git: Git, location: Location, quota: BatchQuota) -> Batch | None:
    """Return the open batch of the checked-out branch, as far as it can be told without writing.

    Args:
        database: the repository's.
        git: in the work tree.
        location: of the work tree.
        quota: size and unit of a batch.

    Returns:
        None during a rebase, and for a branch that was never counted.
    """
    head = read_head(git, location)
    branch = branches.find(database, head.branch)
    if location.is_rebasing or branch is None:
        return None
    chain = read_chain(database, git, head) if head.oid else ()
    oids = [commit.oid for commit in chain]
    ledger = branches.load_ledger(database, branch, oids)
    steps = chain
    if recordings.has_any(database, branch.id):
        start = chain[0].parent if chain else head.oid
        steps = merge_timeline(
            start,
            chain,
            recordings.list_since_sealed(database, branch.id),
            branches.load_ledger(database, branch, [start, *oids]).former_oids,
            recordings.filter_duplicates(database, branch.id, frozenset(oids)),
        )
        ledger = branches.load_ledger(database, branch, [step.oid for step in steps])
    changes = open_changes(steps, _with_journal(database, location, branch, ledger))
    _, rest = split_into_batches(changes, quota.size, weigh(git, changes, quota.unit))
    return Batch(
        id=batches.find_open(database, branch) or batches.next_id(database),
        branch=head.branch,
        quota=quota,
        status=BatchStatus.OPEN,
        base=rest.changes[0].predecessor if rest.changes else head.oid,
        head=steps[-1].oid if steps else head.oid,
        changes=rest.changes,
        filled=rest.weight,
    )


def _with_journal(database: Database, location: Location, branch: Branch, ledger: Ledger) -> Ledger:
    """Return the ledger with the commits that hooks noted, and no reconciliation has read yet."""
    path = StateDir.for_repository(location.common_dir).journal
    entries, _ = journal.read(path, int(database.metadata("journal_offset", "0")))
    made = {each.oid for each in entries if isinstance(each, journal.CommitEntry) and each.branch == branch.name}
    return Ledger(ledger.local_commits | made, ledger.sealed, ledger.rewrites, ledger.duplicates)
