"""Settings and their defaults.

``workflow/context/config.py`` reads and validates them. This module only declares them, so that the hook gets the
defaults without loading a validator.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class EngineName(str, Enum):
    """Test framework that finds and runs the tests."""

    AUTO = "auto"
    """A command if one is set; pytest if the project speaks of it and its Python has it; unittest if there is a test in
    Python; else the preset of the project's other language; see ``core/engine_choice.py``."""

    UNITTEST = "unittest"
    PYTEST = "pytest"
    COMMAND = "command"
    """Any command that reports what its tests did; see ``engines/command``."""


class ReportFormat(str, Enum):
    """Format in which a command reports what its tests did."""

    AUTO = "auto"
    """That of the preset; else ``junit`` if there is a report, and ``exit`` if there is none."""

    EXIT = "exit"
    """The exit code: the whole command is one test."""

    JUNIT = "junit"
    TAP = "tap"
    GO_JSON = "go-json"
    JEST_JSON = "jest-json"
    RSPEC_JSON = "rspec-json"
    LIBTEST = "libtest"
    """What ``cargo test`` prints."""

    UNITTEST = "unittest"
    """What ``python -m unittest -v`` prints."""

    TRX = "trx"
    """Visual Studio's test results."""


class CodeMapMode(str, Enum):
    """Recording of the code that each test runs, from which the tests follow that a change can affect."""

    AUTO = "auto"
    """In each whole run from Python 3.12 on; before, where it costs more, while a fifth of the tests has none."""

    ALWAYS = "always"
    OFF = "off"


class EachCommit(str, Enum):
    """Tests that run in the background after each commit."""

    AFFECTED = "affected"
    """Those that it can affect, by the code that they run, if they take less than ``each_commit_budget``."""

    OFF = "off"


class RunOrder(str, Enum):
    """Order in which tests run."""

    AUTO = "auto"
    """Recently failed or changed tests first, then the slowest; unittest's order if there is only one processor."""

    ORIGINAL = "original"
    """unittest's order, in one process: for suites whose tests depend on earlier ones."""


class BatchUnit(str, Enum):
    """Unit in which the size of a batch is counted."""

    COMMIT = "commit"
    FILE = "file"
    """Files touched by each commit; the last commit of a batch may exceed its size."""


class GateMode(str, Enum):
    """Reaction of the pre-commit hook while the branch's last batch failed critically and is not acknowledged."""

    OFF = "off"
    WARN = "warn"
    BLOCK = "block"


class KnownFailures(str, Enum):
    """Earlier failures that are known, so that a batch in which nothing else fails does not count as failed."""

    PREVIOUS = "previous"
    """Those of the batch before, and those of the baseline."""

    BASELINE = "baseline"
    """Those of the baseline alone: a test that a batch breaks fails each batch until it is fixed or accepted."""

    NONE = "none"


class AutoRollback(str, Enum):
    """Automatic reaction to a critical failure."""

    OFF = "off"
    PROPOSE = "propose"
    """Prepare a rollback of the culprits, check that it fixes the tests, and report it."""

    APPLY = "apply"
    """Apply that rollback too, if the work tree is clean."""


class Isolation(str, Enum):
    """Place where tests run."""

    WORKTREE = "worktree"
    """In a private work tree with the committed files."""

    IN_PLACE = "in-place"
    """In the user's own work tree as it is, for suites that work nowhere else."""


class NotifyEvent(str, Enum):
    """Event that can be sent as a notification."""

    CRITICAL = "critical"
    FAILED = "failed"
    """Tests fail, but not critically."""

    REGRESSED = "regressed"
    """No test fails, but some became slower."""

    BROKEN = "broken"
    """The suite could not run."""

    FIXED = "fixed"
    """A batch passed, unlike the one before it on its branch."""

    KNOWN_FAILURES = "known-failures"
    """Tests fail, but each failed before, too."""

    PASSED = "passed"
    """Any other batch passed."""

    ROLLED_BACK = "rolled-back"
    """A rollback, undo or redo was done."""


@dataclass(frozen=True)
class NotifySettings:
    """Settings of the table ``notify``."""

    events: tuple[NotifyEvent, ...] = (
        NotifyEvent.CRITICAL,
        NotifyEvent.FAILED,
        NotifyEvent.REGRESSED,
        NotifyEvent.BROKEN,
        NotifyEvent.FIXED,
        NotifyEvent.ROLLED_BACK,
    )
    """Events to send."""

    urls: tuple[str, ...] = ()
    """Recipients: each ``${NAME}`` is an environment variable that holds an apprise URL."""

    messages: bool = False
    """Return whether to include the messages of failing tests."""


@dataclass(frozen=True)
class SuiteSettings:
    """One table of ``[[tool.batchhook.suites]]``; what is None is as in ``Settings``."""

    name: str
    """Name of the suite, before the ids of its tests."""

    folder: str = ""
    """Root of the suite, relative to the top of the work tree; empty for the top."""

    engine: EngineName | None = None
    preset: str | None = None
    command: str | None = None
    build: tuple[str, ...] | None = None
    report: str | None = None
    format: ReportFormat | None = None
    list: str | None = None
    select: str | None = None
    timeout: float | None = None
    python: str | None = None
    start_dir: str | None = None
    pattern: str | None = None
    top_level_dir: str | None = None
    test_timeout: float | None = None
    env: Mapping[str, str] | None = None
    env_file: str | None = None
    setup: str | None = None
    """Command that prepares the private work tree, started in the folder; besides the one of ``Settings``."""

    setup_inputs: tuple[str, ...] | None = None
    setup_outputs: tuple[str, ...] | None = None

    paths: tuple[str, ...] = ()
    """Files and folders outside of ``folder`` that the suite depends on, where ``*`` also stands for slashes: it runs
    for batches that touch one of them, and while it fails; empty for all files."""


_MEGABYTE = 1e6
USUAL_BATCH_SIZE = 5
ADAPTIVE = "adaptive"
"""A batch size that follows the risk of the changes, as far as it can be predicted."""


@dataclass(frozen=True)
class Settings:
    """All settings of ``[tool.batchhook]``; ``docs/guide.md`` explains each."""

    batch_size: int | str = USUAL_BATCH_SIZE
    """Number of units that fill a batch, at least 1; ``adaptive`` for 5 commits of usual risk, 1 to 10."""

    unit: BatchUnit = BatchUnit.COMMIT
    """``commit`` or ``file``: the unit of ``batch_size``."""

    critical_failure_threshold: float = 0.10
    """Share of failures among the tests that ran, 0 to 1, from which a batch is critical."""

    known_failures: KnownFailures = KnownFailures.PREVIOUS
    """``previous``, ``baseline`` or ``none``: the earlier failures that do not make a batch fail again."""

    gate: GateMode = GateMode.WARN
    """``off``, ``warn`` or ``block``: reaction to a commit after a critical batch."""

    auto_rollback: AutoRollback = AutoRollback.OFF
    """``off``, ``propose`` or ``apply``: automatic reaction to a critical failure."""

    wait: float = 10.0
    """Seconds that the commit which fills a batch waits in a terminal for the run; 0 for not at all."""

    python: str = "auto"
    """Interpreter that runs the tests: a path, or ``auto``."""

    engine: EngineName = EngineName.AUTO
    """``auto``, ``unittest``, ``pytest`` or ``command``: what finds and runs the tests."""

    preset: str = ""
    """Name of a known test command (``batchhook engines``); the settings that follow override its parts."""

    command: str = ""
    """Command that runs all tests, without a shell; see ``engines/command/template.py`` for its placeholders."""

    build: tuple[str, ...] = ()
    """Commands that build what is tested, before ``command``; if one fails, no test has failed."""

    report: str = ""
    """Files that the command writes, as a pattern relative to the suite's folder; empty for its output."""

    format: ReportFormat = ReportFormat.AUTO
    """Format of the report, or of the output."""

    list: str = ""
    """Command that prints the names of all tests, one a line."""

    select: str = ""
    """Command that runs some tests, and perhaps others as well."""

    timeout: float = 3600.0
    """Time limit of ``command`` in seconds; 0 for none."""

    start_dir: str = "."
    """Folder where discovery starts, relative to the top of the work tree; ``unittest discover -s``."""

    pattern: str = "test*.py"
    """Pattern of test files; ``unittest discover -p``."""

    top_level_dir: str = ""
    """Top-level folder for imports; ``unittest discover -t``; empty for unittest's default."""

    test_timeout: float = 300.0
    """Time limit of one test in seconds; 0 for none."""

    coverage: bool = False
    """Whether coverage.py measures runs of the whole suite, with the project's own configuration."""

    code_map: CodeMapMode = CodeMapMode.AUTO
    """``auto``, ``always`` or ``off``: whether runs record which code each test runs."""

    each_commit: EachCommit = EachCommit.AFFECTED
    """``affected`` or ``off``: the tests that run in the background after each commit."""

    each_commit_budget: float = 20.0
    """Seconds that they may take by their last durations; if they would take longer, none of them runs."""

    culprit_budget: float = 300.0
    """Time limit of the culprit search after a batch failed, in seconds; 0 for no search."""

    slowdown_threshold: float = 0.50
    """Share by which a test or module may become slower in a batch; 0 disables slowdown detection."""

    slowdown_budget: float = 120.0
    """Time limit of slowdown measurements after a batch, in seconds; 0 for no measurements."""

    jobs: int = 0
    """Number of worker processes; 0 for one per processor."""

    order: RunOrder = RunOrder.AUTO
    """``auto``, or ``original`` for suites whose tests depend on earlier ones."""

    isolation: Isolation = Isolation.WORKTREE
    """``worktree``, or ``in-place`` for suites that work only in the user's own work tree."""

    worktrees: str = ""
    """Folder for the private work trees; empty for one for temporary files."""

    link: tuple[str, ...] = ()
    """Uncommitted files and folders that tests need; they are linked into the private work tree."""

    setup: str = ""
    """Command that prepares the private work tree, such as ``python setup.py build_ext --inplace``."""

    setup_inputs: tuple[str, ...] = ()
    """Files on which the result of ``setup`` depends, such as ``package-lock.json``: it runs again only where one has
    changed. Empty: it runs in each checkout."""

    setup_outputs: tuple[str, ...] = ()
    """Folders that ``setup`` creates, such as ``node_modules``; they are kept, and shared by checkouts with equal
    ``setup_inputs``."""

    env: Mapping[str, str] = field(default_factory=dict)
    """Environment variables of the tests."""

    env_file: str = ""
    """File with lines ``NAME=VALUE``, relative to the top of the work tree: environment variables that are secret."""

    suites: tuple[SuiteSettings, ...] = ()
    """The suites of a project that has several."""

    setup_timeout: float = 600.0
    """Time limit of ``setup`` in seconds; 0 for none."""

    snapshot_limit: float = 20.0
    """Size in MB above which an untracked file stays out of snapshots; 0 for no limit."""

    plugin_timeout: float = 10.0
    """Time limit of each plug-in call and of sending a notification, in seconds."""

    notify: NotifySettings = field(default_factory=NotifySettings)
    """Notifications."""

    @property
    def usual_batch_size(self) -> int:
        """Return the number of units that fill a batch, without regard to risk."""
        return self.batch_size if isinstance(self.batch_size, int) else USUAL_BATCH_SIZE

    @property
    def is_batch_size_adaptive(self) -> bool:
        """Return whether the size of batches follows the risk of their changes; only commits have one."""
        return self.batch_size == ADAPTIVE and self.unit is BatchUnit.COMMIT

    @property
    def source_roots(self) -> tuple[str, ...]:
        """Return the folders that modules may be imported from, relative to the top; empty for the top itself."""
        own = ("src", "", self.top_level_dir, self.start_dir)
        return (*own, *(f"{suite.folder}/{root}" for suite in self.suites for root in ("src", suite.start_dir or "")))

    @property
    def snapshot_limit_bytes(self) -> float:
        """Return ``snapshot_limit`` in bytes."""
        return self.snapshot_limit * _MEGABYTE
