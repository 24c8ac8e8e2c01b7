"""What batchhook prints and writes for programs is what its published schemas say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import typer

from batchhook.cli.app import application
from batchhook.report import json_models, schemas
from batchhook.report.json_models import Document
from tests.driving import CALCULATOR, Repository

BROKEN = CALCULATOR.replace("a + b", "a * b")
TEST = "test_calculator.CalculatorTest.test_add"


def is_valid(name: str, document: object) -> None:
    schema = schemas.schema(name)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker()).validate(document)


def commands_with_json(group: typer.Typer, words: str = "") -> set[str]:
    """The words of every command that takes --json."""
    found = set()
    for command in group.registered_commands:
        assert command.callback
        if "_json" in command.callback.__annotations__:
            found.add(words + (command.name or command.callback.__name__).rstrip("_"))
    for inner in group.registered_groups:
        assert inner.typer_instance
        whole = inner.typer_instance.registered_callback
        if whole and whole.callback and "_json" in whole.callback.__annotations__:
            found.add(f"{words}{inner.name}")
        found |= commands_with_json(inner.typer_instance, f"{words}{inner.name} ")
    return found


def test_every_command_with_json_has_a_schema() -> None:
    published = {name for name, entry in schemas.PUBLISHED.items() if entry.describes.startswith("batchhook ")}
    assert published == {words.replace(" ", "-") for words in commands_with_json(application(()))}


def test_every_document_is_in_a_schema() -> None:
    """One that is in none is printed by nothing, or its schema was forgotten."""
    reached = set(json.dumps([schemas.schema(name) for name in schemas.PUBLISHED]).split('"'))
    roots = {one.model.__name__ for one in schemas.PUBLISHED.values()}
    every = {name for name in json_models.__all__ if name.endswith("Document") and name != "Document"}
    assert every <= roots | reached


def test_a_schema_says_what_it_is_of() -> None:
    schema = schemas.schema("batch_tracker.json")
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert (schema["$id"], schema["title"]) == ("urn:batchhook:schema:batch_tracker", "batch_tracker.json")
    assert schemas.schema("baseline compare")["$id"] == "urn:batchhook:schema:baseline-compare"


def test_it_refuses_what_it_does_not_know() -> None:
    with pytest.raises(jsonschema.ValidationError):
        is_valid("error", {"error": "e", "hint": "h", "exit_code": 3, "more": 1})
    with pytest.raises(jsonschema.ValidationError):
        is_valid("error", {"error": "e", "hint": "h"})


def test_the_command(tmp_path: Path) -> None:
    outside = Repository(tmp_path)
    assert "CRITICAL_FAILURE_batch_N.json" in outside.batchhook("schema")
    assert json.loads(outside.batchhook("schema", "analyze")) == schemas.schema("analyze")
    assert {each["name"] for each in outside.json("schema")["schemas"]} == set(schemas.PUBLISHED)
    is_valid("schema", outside.json("schema"))
    assert "list them: batchhook schema" in outside.batchhook("schema", "nothing", code=3)


def printed(project: Repository, *words: str, code: int = 0) -> Any:  # noqa: ANN401 - as json.loads
    """What a command prints with --json, which is what its schema says."""
    name = "-".join(words[: 2 if words[0] == "baseline" else 1])  # "baseline" alone is a command, too
    document = project.json(*words, code=code)
    is_valid(name, document)
    return document


def test_what_commands_print_and_write_is_valid(project: Repository, tmp_path: Path) -> None:
    first = project.head()
    printed(project, "doctor")
    for words in (("baseline",), ("baseline", "show"), ("baseline", "compare")):
        is_valid("error", project.json(*words, code=3))
    printed(project, "baseline", "set")
    printed(project, "baseline")
    project.commit("break", calculator__py=BROKEN)
    for number in range(2, 6):
        project.commit(f"change-{number}")
    assert printed(project, "wait", "1", "--timeout", "90", code=1)["culprits"]
    printed(project, "prune", "--keep", "1", "--dry-run")
    printed(project, "ci", "--output", str(tmp_path / "ci"), code=1)
    is_valid("ci_test_results", json.loads((tmp_path / "ci/ci_test_results.json").read_text()))
    project.commit("next")
    assert printed(project, "status")["open"]["changes"]
    printed(project, "log")
    printed(project, "risk")
    printed(project, "show", "1")
    printed(project, "backup", "--verify")
    printed(project, "analyze", "1", code=1)
    printed(project, "baseline", "show")
    printed(project, "baseline", "compare", code=2)
    printed(project, "bisect", TEST, first, "HEAD")
    printed(project, "test", code=1)
    printed(project, "rollback", "1", "--dry-run")
    printed(project, "rollback", "1", "--culprit", "-y")
    printed(project, "undo", "-y")
    assert len(printed(project, "operations")["operations"]) == 2
    printed(project, "report", "1")
    is_valid("error", project.json("analyze", "9", code=3))
    names = printed(project, "export", str(tmp_path / "out"))["files"]
    found = [name for name in names if name.endswith(".json")]
    assert len(found) == 6
    for name in found:
        schema = name.replace("_batch_1", "")
        is_valid(schema, json.loads((tmp_path / "out" / name).read_text()))


def test_documents_refuse_unknown_fields() -> None:
    assert all(one.model.model_config.get("extra") == "forbid" for one in schemas.PUBLISHED.values())
    assert all(issubclass(one.model, Document) for one in schemas.PUBLISHED.values())
