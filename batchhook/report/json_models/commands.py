"""How a command itself fared."""

from __future__ import annotations

from batchhook.report.json_models.base import Document


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


class InstalledDocument(Document):
    """``install --json``.

    ``folder`` is where the hooks are; ``written`` names those that were written, ``chained`` those that were there
    before and still run first; ``is_new`` says whether counting begins with this. ``taken_over`` is where the
    repository is now that was used before there was git; empty where there was none.
    """

    folder: str
    written: tuple[str, ...]
    chained: tuple[str, ...]
    is_new: bool
    taken_over: str = ""


class UninstalledDocument(Document):
    """``uninstall --json``: the hooks that were taken out; none where none was there."""

    removed: tuple[str, ...]


class AckDocument(Document):
    """``ack N --json``: the batch that is taken as it is from now on."""

    acknowledged: int


class SentDocument(Document):
    """How a notification fared: where it was to go, and what was the matter, empty where nothing was."""

    to: str
    problem: str


class NotifiedDocument(Document):
    """``notify --test --json``."""

    sent: tuple[SentDocument, ...]
