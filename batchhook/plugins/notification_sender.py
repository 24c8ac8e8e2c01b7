"""The process that sends one notification: ``python -m batchhook.plugins.notification_sender ORDER ANSWER``.

The address is in an environment variable whose name is in the order. It is a secret: it must not appear in a file, on a
command line, or in the output of this process.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

APPRISE_MISSING = 'apprise is not installed: pip install "batchhook[notify]"'


def main() -> None:
    """Send the notification and write the answer: the problem, empty if there was none."""
    order, answer = (Path(argument) for argument in sys.argv[1:3])
    try:
        problem = send(json.loads(order.read_text("utf-8")))
    except Exception as error:  # noqa: BLE001 - anything that apprise and its transports raise
        problem = f"sending failed with {type(error).__name__}"  # the text of the error may contain the address
    answer.write_text(json.dumps({"problem": problem}), "utf-8")


def send(order: Mapping[str, Any]) -> str:
    """Send a notification.

    Args:
        order: ``variable`` names the environment variable with the addresses, and ``position`` the one of them to use,
            from 0; ``title``, ``body`` and ``kind`` as in ``core.notification.Message``.

    Returns:
        the problem; empty if it was sent.
    """
    try:
        import apprise  # noqa: PLC0415 - an optional dependency
    except ImportError:
        return APPRISE_MISSING
    addresses = os.environ.get(order["variable"], "").split()
    if order["position"] >= len(addresses):
        return f"the environment variable {order['variable']} is not set"
    address = addresses[order["position"]]
    warnings = _LastWarning()
    logging.getLogger("apprise").addHandler(warnings)
    notifier = apprise.Apprise(asset=apprise.AppriseAsset(app_id="batchhook", app_desc="batchhook"))
    if not notifier.add(address):
        return "apprise does not support this address, or it is incomplete: docs/notifications.md"
    is_sent = notifier.notify(
        title=order["title"], body=order["body"], notify_type=order["kind"], body_format=apprise.NotifyFormat.TEXT
    )
    return "" if is_sent else _redact(warnings.message or "it was not accepted", address)


class _LastWarning(logging.Handler):
    """Keeps the last warning of apprise."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.message = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.message = record.getMessage()


def _redact(text: str, address: str) -> str:
    """Return a text without any part of an address that may be a secret."""
    parts = sorted({address, *re.split(r"[/:@?&=,]+", address)}, key=len, reverse=True)
    for part in parts:
        if len(part) > 3:  # noqa: PLR2004 - shorter parts occur in any text, and are no secrets
            text = text.replace(part, "***")
    return text


if __name__ == "__main__":
    main()
