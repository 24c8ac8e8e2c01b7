"""What a user may set, with the values that hold where nothing is set.

Reading and validating them is ``workflow/context/config.py``'s business; here is only what they are, so that the
hook can have the defaults without loading a validator.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class Order(str, Enum):
    """In which order tests are run."""

    AUTO = "auto"
    """What failed lately or was changed first, then the longest; on one processor as unittest does."""

    ORIGINAL = "original"
    """unittest's, in one process: for suites whose tests need those before them."""


class Unit(str, Enum):
    """What fills a batch."""

    COMMIT = "commit"
    FILE = "file"
    """Each file that a commit touched; the last commit of a batch may fill it to overflowing."""


class Gate(str, Enum):
    """What the pre-commit hook does as long as the branch's last batch failed critically and nothing was done."""

    OFF = "off"
    WARN = "warn"
    BLOCK = "block"


class AutoRollback(str, Enum):
    """What is done by itself about a critical failure."""

    OFF = "off"
    PROPOSE = "propose"
    """Rolling back the changes that broke something is prepared, proven, and told."""

    APPLY = "apply"
    """It is done, where the work tree holds nothing that is not committed."""


class Isolation(str, Enum):
    """Where tests are run."""

    WORKTREE = "worktree"
    """In a private checkout of what was committed."""

    IN_PLACE = "in-place"
    """In the user's own work tree, as it is: for suites that work nowhere else."""


class NotifyEvent(str, Enum):
    """Of what people elsewhere can be told."""

    CRITICAL = "critical"
    FAILED = "failed"
    """Tests fail, and not critically."""

    REGRESSED = "regressed"
    """Nothing fails, but something became slower."""

    BROKEN = "broken"
    """The suite could not run."""

    FIXED = "fixed"
    """A batch passed, and the one before on its branch had not."""

    PASSED = "passed"
    """Any other batch passed."""

    ROLLED_BACK = "rolled-back"
    """A rollback, or an undo of one."""


@dataclass(frozen=True)
class Notify:
    """The table ``notify``: notifications."""

    events: tuple[NotifyEvent, ...] = (
        NotifyEvent.CRITICAL,
        NotifyEvent.FAILED,
        NotifyEvent.REGRESSED,
        NotifyEvent.BROKEN,
        NotifyEvent.FIXED,
        NotifyEvent.ROLLED_BACK,
    )
    """Of what to tell."""

    urls: tuple[str, ...] = ()
    """Where to: ``${NAME}`` each, an environment variable that has an address as apprise has them."""

    messages: bool = False
    """Whether to tell what failing tests said."""


@dataclass(frozen=True)
class Settings:
    """Every setting of ``[tool.batchhook]`` (``docs/guide.md`` explains each)."""

    batch_size: int = 5
    """How much fills a batch; at least 1."""

    unit: Unit = Unit.COMMIT
    """``commit``, or ``file``: what ``batch_size`` counts."""

    critical_failure_threshold: float = 0.10
    """Share of the tests that ran, 0 to 1, from which on a batch's failure is critical."""

    gate: Gate = Gate.WARN
    """``off``, ``warn``, or ``block``: what a commit meets after a critical batch."""

    auto_rollback: AutoRollback = AutoRollback.OFF
    """``off``, ``propose``, or ``apply``: what is done by itself about a critical failure."""

    wait: float = 10.0
    """Seconds for which the terminal that filled a batch watches its run; 0 lets it go at once."""

    python: str = "auto"
    """The interpreter that runs the tests: a path, or ``auto``."""

    start_dir: str = "."
    """Where discovery starts, relative to the repository's top; as ``unittest discover -s``."""

    pattern: str = "test*.py"
    """Which files hold tests; as ``unittest discover -p``."""

    top_level_dir: str = ""
    """The folder that modules are imported from; as ``unittest discover -t``; empty: as unittest decides."""

    test_timeout: float = 300.0
    """Seconds after which one test is stopped; 0 for never."""

    culprit_budget: float = 300.0
    """Seconds that may be spent on finding out which change broke what, after a batch failed; 0 for no search."""

    slowdown_threshold: float = 0.50
    """Share by which a test or a module may be slower than before a batch; 0 leaves slowdowns alone."""

    slowdown_budget: float = 120.0
    """Seconds that may be spent on measuring what seems slower; 0 for no measuring."""

    jobs: int = 0
    """Processes that run tests side by side; 0 for as many as there are processors."""

    order: Order = Order.AUTO
    """``auto``, or ``original`` for suites whose tests need those before them."""

    isolation: Isolation = Isolation.WORKTREE
    """``worktree``, or ``in-place`` for suites that work in no other folder than the user's."""

    link: tuple[str, ...] = ()
    """Files and folders that are not committed and that tests need: the run's checkout gets links to them."""

    setup: str = ""
    """A command line that prepares a run's checkout, for instance ``python setup.py build_ext --inplace``."""

    setup_timeout: float = 600.0
    """Seconds after which ``setup`` is stopped; 0 for never."""

    plugin_timeout: float = 10.0
    """Seconds after which a plug-in that is told of something is stopped, and the sending of a notification."""

    notify: Notify = field(default_factory=Notify)
    """Of what people elsewhere are told, and where."""
