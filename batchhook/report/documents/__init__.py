"""What ``--json`` prints: one document for each command, validated before it leaves the house."""

from __future__ import annotations

from batchhook.report.documents.analysis import (
    AnalysisDocument,
    CriticalDocument,
    CulpritDocument,
    ErrorGroupDocument,
    ModuleDocument,
    analysis_document,
    critical_document,
)
from batchhook.report.documents.attributions import AttributionDocument, EvidenceDocument, attribution_document
from batchhook.report.documents.backups import BackedUpFileDocument, BackupDocument, BackupsDocument
from batchhook.report.documents.batches import (
    BatchDocument,
    ChangeDocument,
    EntryDocument,
    FileDocument,
    LogDocument,
    StatusDocument,
    batch_document,
    entry_document,
)
from batchhook.report.documents.bisection import BisectDocument, FindingDocument, bisect_document
from batchhook.report.documents.ci import CiDocument, RegressionsDocument, ci_document, regressions_document
from batchhook.report.documents.ci_results import (
    BaselineResultsDocument,
    BaselineTestDocument,
    CiFailureDocument,
    CiModuleDocument,
    CiResultsDocument,
    baseline_results_document,
    ci_results_document,
    results_of_baseline,
)
from batchhook.report.documents.commands import CheckDocument, DoctorDocument, ErrorDocument, InstalledDocument
from batchhook.report.documents.comparisons import (
    BaselineComparisonDocument,
    BaselineDocument,
    ComparedDocument,
    ComparisonDocument,
)
from batchhook.report.documents.document import Document, shown
from batchhook.report.documents.operations import (
    FateDocument,
    OperationDocument,
    OperationsDocument,
    ProofDocument,
    WayBackDocument,
    fate_documents,
    way_back_document,
)
from batchhook.report.documents.results import (
    FailureDocument,
    TestDocument,
    TotalsDocument,
    UnsteadyDocument,
    failure_documents,
    test_document,
    totals_document,
    unsteady_documents,
)
from batchhook.report.documents.room import PartDocument, PruneDocument, SparedDocument, prune_document

__all__ = [
    "AnalysisDocument",
    "AttributionDocument",
    "BackedUpFileDocument",
    "BackupDocument",
    "BackupsDocument",
    "BaselineComparisonDocument",
    "BaselineDocument",
    "BaselineResultsDocument",
    "BaselineTestDocument",
    "BatchDocument",
    "BisectDocument",
    "ChangeDocument",
    "CheckDocument",
    "CiDocument",
    "CiFailureDocument",
    "CiModuleDocument",
    "CiResultsDocument",
    "ComparedDocument",
    "ComparisonDocument",
    "CriticalDocument",
    "CulpritDocument",
    "DoctorDocument",
    "Document",
    "EntryDocument",
    "ErrorDocument",
    "ErrorGroupDocument",
    "EvidenceDocument",
    "FailureDocument",
    "FateDocument",
    "FileDocument",
    "FindingDocument",
    "InstalledDocument",
    "LogDocument",
    "ModuleDocument",
    "OperationDocument",
    "OperationsDocument",
    "PartDocument",
    "ProofDocument",
    "PruneDocument",
    "RegressionsDocument",
    "SparedDocument",
    "StatusDocument",
    "TestDocument",
    "TotalsDocument",
    "UnsteadyDocument",
    "WayBackDocument",
    "analysis_document",
    "attribution_document",
    "baseline_results_document",
    "batch_document",
    "bisect_document",
    "ci_document",
    "ci_results_document",
    "critical_document",
    "entry_document",
    "failure_documents",
    "fate_documents",
    "prune_document",
    "regressions_document",
    "results_of_baseline",
    "shown",
    "test_document",
    "totals_document",
    "unsteady_documents",
    "way_back_document",
]
