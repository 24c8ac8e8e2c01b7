"""The examples of a document, run as a reader would type them."""

from __future__ import annotations

import doctest
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[2] / "docs"


def run_examples(document: Path, known: dict[str, Any] | None = None) -> int:
    """Run all examples of a document, in the working folder; gives how many there were."""
    parser, said = doctest.DocTestParser(), list[str]()
    test = parser.get_doctest(document.read_text("utf-8"), known or {}, document.name, str(document), 0)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS, verbose=False)
    results = runner.run(test, out=said.append)
    assert not results.failed, "".join(said)
    return results.attempted
