"""What ``--json`` prints: one document for each command, validated before it leaves the house."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import BaseModel, ConfigDict

from batchhook.core.analysis import Analysis
from batchhook.core.changes import Batch, Commit, FileEdit
from batchhook.core.culprits.attribution import Attribution, Sight, Sighting
from batchhook.core.culprits.bisection import Bisection, Finding
from batchhook.core.outcomes import Run, TestResult, Totals
from batchhook.core.rollback import FileFate
from batchhook.core.verdicts import Verdict


class Document(BaseModel):
    """Any of the documents; unknown fields are a defect."""

    model_config = ConfigDict(frozen=True, extra="forbid", from_attributes=True)


class FileDocument(Document):
    """A file that a change touched; ``sha256`` is that of its content after the change, empty for a deleted one."""

    path: str
    status: str
    mode: str
    sha256: str


class ChangeDocument(Document):
    """A change; times are seconds since the epoch."""

    oid: str
    summary: str
    author: str
    committed_at: int
    files: tuple[FileDocument, ...]


class BatchDocument(Document):
    """A batch; ``base`` is empty where nothing was before it."""

    id: int
    branch: str
    status: str
    size: int
    base: str
    head: str
    changes: tuple[ChangeDocument, ...]


class TotalsDocument(Document):
    """How many tests ended how; ``failure_rate`` is the share (0 to 1) of those that ran."""

    tests: int
    passed: int
    failed: int
    errored: int
    skipped: int
    duration_s: float
    failure_rate: float


class EvidenceDocument(Document):
    """What was seen of a test at a commit, and how many times; ``oid`` is empty before a repository's first commit.

    ``outcome`` is "passed", "failed", "absent", "skipped", or "untestable".
    """

    oid: str
    outcome: str
    times: int


class AttributionDocument(Document):
    """What became of a failing test: ``kind`` is "culprit", "introduced failing", "pre-existing", "flaky", "ambiguous".

    ``change`` is the commit that is to blame, empty where none is; ``suspects`` those among which it is;
    ``confidence`` is how sure that is, 0 to 1; ``runs`` and ``failed`` count what the evidence holds.
    """

    kind: str
    change: str
    confidence: float
    suspects: tuple[str, ...]
    reason: str
    runs: int
    failed: int
    evidence: tuple[EvidenceDocument, ...]


class CulpritDocument(Document):
    """A change that is to blame, and the ids of the tests that it broke."""

    change: str
    summary: str
    author: str
    tests: tuple[str, ...]


class FailureDocument(Document):
    """A failing test.

    ``note`` is what batchhook found out about the cause; ``first_outcome`` how it ended beside others, where it was run
    again and ended otherwise; ``flips`` how often it both failed and did not on one tree, as far as is known.
    ``attribution`` is null where nobody looked for what broke it, or not yet.
    """

    test_id: str
    module: str
    outcome: str
    duration_s: float
    error_type: str
    message: str
    location: str
    traceback: str
    subtests_failed: int
    first_outcome: str
    note: str
    flips: int
    attribution: AttributionDocument | None


class UnsteadyDocument(Document):
    """A test that failed beside others and passed when it was run once more and nothing else was."""

    test_id: str
    first_outcome: str
    note: str


class ComparisonDocument(Document):
    """What is different since an earlier run: ids of tests; of the whole suite, or of one module."""

    newly_failing: tuple[str, ...]
    still_failing: tuple[str, ...]
    fixed: tuple[str, ...]
    newly_skipped: tuple[str, ...]
    new: tuple[str, ...]
    vanished: tuple[str, ...]


class ComparedDocument(Document):
    """A comparison of the whole suite, and of each module in which anything is different."""

    whole: ComparisonDocument
    by_module: dict[str, ComparisonDocument]


class BaselineDocument(Document):
    """``baseline set`` and ``show``: the commit, when it was set, and whether tests failed that were taken as given."""

    oid: str
    set_at: float
    forced: bool
    totals: TotalsDocument


class BaselineComparisonDocument(Document):
    """``baseline compare``."""

    oid: str
    baseline: str
    verdict: str
    totals: TotalsDocument
    compared: ComparedDocument


class AnalysisDocument(Document):
    """``analyze N --json``.

    ``tree`` is what was tested, at ``tested_at`` (seconds since the epoch); ``remembered`` where that was before the
    batch was full, and it was not tested again. ``compared_with`` is the number of the batch before, 0 for none, and
    ``since_previous`` what is different since that; ``baseline`` is a commit. ``searching`` while it is being found out
    what broke the failing tests.
    """

    batch: BatchDocument
    verdict: str
    broken: str
    hint: str
    python: str
    tree: str
    tested_at: float
    remembered: bool
    critical_failure_threshold: float
    totals: TotalsDocument
    searching: bool
    culprits: tuple[CulpritDocument, ...]
    failures: tuple[FailureDocument, ...]
    unsteady: tuple[UnsteadyDocument, ...]
    compared_with: int
    new_failures: tuple[str, ...]
    fixed: tuple[str, ...]
    since_previous: ComparedDocument | None
    baseline: str
    since_baseline: ComparedDocument | None


class EntryDocument(Document):
    """A batch in ``log`` and ``status``; ``verdict`` and ``totals`` are null while it has no run."""

    batch: BatchDocument
    verdict: str | None
    totals: TotalsDocument | None


class StatusDocument(Document):
    """``status --json``; ``open`` is null in the middle of a rebase."""

    open: BatchDocument | None
    latest: tuple[EntryDocument, ...]


class LogDocument(Document):
    """``log --json``, newest first."""

    batches: tuple[EntryDocument, ...]


class TestDocument(Document):
    """``test --json``.

    ``tree`` is what was tested, at ``tested_at`` (seconds since the epoch); ``remembered`` where that was before;
    ``complete`` where every test of the suite had its turn.
    """

    __test__ = False  # not one of pytest's own

    commit: str
    tree: str
    tested_at: float
    remembered: bool
    complete: bool
    verdict: str
    broken: str
    hint: str
    totals: TotalsDocument
    failures: tuple[FailureDocument, ...]
    unsteady: tuple[UnsteadyDocument, ...]


class FateDocument(Document):
    """What becomes, or became, of a file: restored, merged, recreated, removed."""

    path: str
    fate: str


class ProofDocument(Document):
    """What a run without the changes showed: ids of tests that it mended, did not mend, or broke, or that are flaky."""

    mended: tuple[str, ...]
    unmended: tuple[str, ...]
    broken: tuple[str, ...]
    flaky: tuple[str, ...]


class OperationDocument(Document):
    """``rollback``, ``undo`` and each of ``operations``; ``id`` is null for a plan that was not carried out.

    ``changes`` are those of the batch that are taken out, none for all; ``proof`` is there with ``--culprit`` only.
    """

    id: int | None
    kind: str
    batch: int | None
    undoes: int | None
    status: str
    changes: tuple[str, ...]
    proof: ProofDocument | None = None
    files: tuple[FateDocument, ...]
    diff: str = ""


class OperationsDocument(Document):
    """``operations --json``, newest first."""

    operations: tuple[OperationDocument, ...]


class FindingDocument(AttributionDocument):
    """The same of a test in ``bisect``; ``merges`` are those that the search went through, outermost first."""

    merges: tuple[str, ...]
    note: str


class BisectDocument(Document):
    """``bisect --json``.

    ``base`` is the commit just before the range, ``commits`` how many it has along first parents, ``visits`` how many
    checkouts were looked at; ``tests`` what became of each test that fails at ``bad``, ``not_failing`` what was seen of
    the others there; ``changes`` the commits that are to blame.
    """

    good: str
    bad: str
    base: str
    commits: int
    visits: int
    tests: dict[str, FindingDocument]
    not_failing: dict[str, str]
    changes: tuple[ChangeDocument, ...]
    remarks: tuple[str, ...]


class ErrorDocument(Document):
    """What a command prints with ``--json`` when it could not do its work."""

    error: str
    hint: str
    exit_code: int


class CheckDocument(Document):
    """One line of ``doctor``: what was looked at, whether it is well, what to do."""

    name: str
    ok: bool
    detail: str
    hint: str


class DoctorDocument(Document):
    """``doctor --json``."""

    ok: bool
    checks: tuple[CheckDocument, ...]


def batch_document(batch: Batch, edits: dict[str, tuple[FileEdit, ...]]) -> BatchDocument:
    """A batch with the files of its changes, by commit name."""
    return BatchDocument(
        id=batch.id,
        branch=batch.branch.removeprefix("refs/heads/"),
        status=batch.status.value,
        size=batch.size,
        base=batch.base,
        head=batch.head,
        changes=tuple(_change(change, edits.get(change.oid, ())) for change in batch.changes),
    )


def _change(change: Commit, files: tuple[FileEdit, ...]) -> ChangeDocument:
    return ChangeDocument(
        oid=change.oid,
        summary=change.subject,
        author=change.author,
        committed_at=change.committed_at,
        files=tuple(
            FileDocument(path=_text(file.path), status=file.status.value, mode=file.mode, sha256=file.sha256)
            for file in files
        ),
    )


def totals_document(totals: Totals) -> TotalsDocument:
    """Totals, with the failure rate worked out."""
    return TotalsDocument(
        tests=totals.tests,
        passed=totals.passed,
        failed=totals.failed,
        errored=totals.errored,
        skipped=totals.skipped,
        duration_s=totals.duration,
        failure_rate=totals.failure_rate,
    )


def attribution_document(found: Attribution) -> AttributionDocument:
    """What became of a failing test."""
    return AttributionDocument(
        kind=found.kind.value,
        change=found.change,
        confidence=found.confidence,
        suspects=found.suspects,
        reason=found.reason,
        runs=found.runs,
        failed=found.failed,
        evidence=tuple(document for sighting in found.evidence for document in _evidence(sighting)),
    )


def _evidence(sighting: Sighting) -> Iterator[EvidenceDocument]:
    seen = ((Sight.PASSED, sighting.passed), (Sight.FAILED, sighting.failed), (sighting.silence, 1))
    for sight, times in seen:
        if sight and times:
            yield EvidenceDocument(oid=sighting.state, outcome=sight.name.lower(), times=times)


def failure_documents(
    results: tuple[TestResult, ...],
    flips: Mapping[str, int] | None = None,
    attributions: Mapping[str, Attribution] | None = None,
) -> tuple[FailureDocument, ...]:
    """The failing ones among results; ``flips`` and ``attributions`` as in ``Analysis``."""
    known = flips or {}
    found = {name: attribution_document(one) for name, one in (attributions or {}).items()}
    return tuple(
        FailureDocument(
            test_id=result.test_id,
            module=result.module,
            outcome=result.outcome.value,
            duration_s=result.duration,
            error_type=result.error_type,
            message=result.message,
            location=result.location,
            traceback=result.traceback,
            subtests_failed=result.subtests_failed,
            first_outcome=result.first_outcome.value if result.first_outcome else "",
            note=result.note,
            flips=known.get(result.test_id, 0),
            attribution=found.get(result.test_id),
        )
        for result in results
        if result.outcome.is_failure
    )


def unsteady_documents(results: tuple[TestResult, ...]) -> tuple[UnsteadyDocument, ...]:
    """Those among results that failed only beside others."""
    return tuple(
        UnsteadyDocument(test_id=result.test_id, first_outcome=result.first_outcome.value, note=result.note)
        for result in results
        if result.first_outcome and result.needs_company
    )


def test_document(
    commit: str, run: Run, verdict: Verdict, flips: Mapping[str, int], *, remembered: bool
) -> TestDocument:
    """A run by hand as ``test --json`` prints it; ``flips`` as in ``Analysis``."""
    outcome = run.outcome
    return TestDocument(
        commit=commit,
        tree=run.tree,
        tested_at=run.started_at,
        remembered=remembered,
        complete=outcome.complete,
        verdict=verdict.value,
        broken=outcome.broken,
        hint=outcome.hint,
        totals=totals_document(outcome.totals),
        failures=failure_documents(outcome.results, flips),
        unsteady=unsteady_documents(outcome.results),
    )


def analysis_document(analysis: Analysis) -> AnalysisDocument:
    """An analysis as ``analyze N --json`` prints it."""
    return AnalysisDocument(
        batch=batch_document(analysis.batch, dict(analysis.edits)),
        verdict=analysis.verdict.value,
        broken=analysis.outcome.broken,
        hint=analysis.outcome.hint,
        python=analysis.python,
        tree=analysis.tree,
        tested_at=analysis.tested_at,
        remembered=analysis.is_remembered,
        critical_failure_threshold=analysis.critical_threshold,
        totals=totals_document(analysis.outcome.totals),
        searching=analysis.is_searching,
        culprits=tuple(
            CulpritDocument(
                change=change.oid,
                summary=change.subject,
                author=change.author,
                tests=tuple(result.test_id for result in tests),
            )
            for change, tests in analysis.blamed
        ),
        failures=failure_documents(analysis.outcome.results, analysis.flips, analysis.attributions),
        unsteady=unsteady_documents(analysis.outcome.results),
        compared_with=analysis.previous,
        new_failures=analysis.since_previous.whole.newly_failing,
        fixed=analysis.since_previous.whole.fixed,
        since_previous=ComparedDocument.model_validate(analysis.since_previous) if analysis.previous else None,
        baseline=analysis.baseline,
        since_baseline=ComparedDocument.model_validate(analysis.since_baseline) if analysis.baseline else None,
    )


def bisect_document(found: Bisection) -> BisectDocument:
    """What a search over a range of history found out, as ``bisect --json`` prints it."""
    blamed = dict.fromkeys(one.attribution.change for one in found.findings.values() if one.is_solved)
    return BisectDocument(
        good=found.good,
        bad=found.bad,
        base=found.base,
        commits=found.size,
        visits=found.visits,
        tests={_text(name): _finding(finding) for name, finding in found.findings.items()},
        not_failing={_text(name): sight.name.lower() for name, sight in found.sound.items()},
        changes=tuple(_change(found.commits[oid], found.edits.get(oid, ())) for oid in blamed),
        remarks=found.remarks,
    )


def _finding(finding: Finding) -> FindingDocument:
    shared = dict(attribution_document(finding.attribution))
    return FindingDocument(**shared, merges=finding.merges, note=finding.note)


def entry_document(batch: Batch, verdict: Verdict | None, totals: Totals | None) -> EntryDocument:
    """A batch in a list."""
    return EntryDocument(
        batch=batch_document(batch, {}),
        verdict=verdict.value if verdict else None,
        totals=totals_document(totals) if totals else None,
    )


def fate_documents(files: tuple[FileFate, ...]) -> tuple[FateDocument, ...]:
    """What becomes of files."""
    return tuple(FateDocument(path=_text(file.path), fate=file.fate.value) for file in files)


def _text(path: str) -> str:
    """A path as JSON can hold it: bytes that are no UTF-8 stand escaped."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
