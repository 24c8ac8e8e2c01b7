"""Presets, and the signs by which a project shows that it uses one."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest

from batchhook.engines.command.presets import PRESETS, find_presets, matches
from batchhook.engines.command.template import SelectedTest, expand, expand_selection, selects

PLACES = {name: f"/private/{name}" for name in ("report", "reports", "build", "cache", "reporters")} | {"jobs": "2"}
CMAKE = "project(cart)\nenable_testing()\nadd_test(NAME adds COMMAND cart)\n"


def found(files: Mapping[str, str]) -> dict[str, str]:
    matching = find_presets(PRESETS, files, lambda path: files[path].encode())
    return {match.preset.name: match.reason for match in matching}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"package.json": '{"devDependencies": {"jest": "^30"}}'}, {"jest": "package.json depends on jest"}),
        ({"package.json": '{"devDependencies": {"vitest": "3"}}'}, {"vitest": "package.json depends on vitest"}),
        ({"package.json": '{"scripts": {"test": "node --test"}}'}, {"node": "package.json"}),
        ({"package.json": '{"scripts": {"test": "node --import tsx --test"}}'}, {"node": "package.json"}),
        ({"package.json": '{"scripts": {"test": "node run.js && other --test"}}'}, {}),
        ({"test/a.test.mjs": 'import test from "node:test";'}, {"node": "test/a.test.mjs"}),
        ({"package.json": "not json"}, {}),
        ({"package.json": '["jest"]'}, {}),
        ({"node_modules/x/package.json": '{"dependencies": {"jest": "1"}}'}, {}),
        ({"go.mod": "module cart"}, {"go": "go.mod"}),
        ({"vendor/go.mod": ""}, {}),
        ({"Cargo.toml": "[package]"}, {"cargo": "Cargo.toml"}),
        (
            {"Cargo.toml": "[package]", ".config/nextest.toml": ""},
            {"nextest": ".config/nextest.toml", "cargo": "Cargo.toml"},
        ),
        ({"CMakeLists.txt": CMAKE}, {"ctest": "CMakeLists.txt"}),
        ({"CMakeLists.txt": "project(cart)"}, {}),
        ({"t/basic.t": "", "t/deep/more.t": ""}, {"prove": "t/basic.t"}),
        ({"phpunit.xml.dist": ""}, {"phpunit": "phpunit.xml.dist"}),
        ({"spec/models/cart_spec.rb": ""}, {"rspec": "spec/models/cart_spec.rb"}),
        ({".rspec": ""}, {"rspec": ".rspec"}),
        ({"pom.xml": ""}, {"maven": "pom.xml"}),
        ({"build.gradle.kts": ""}, {"gradle": "build.gradle.kts"}),
        ({"Cart.sln": ""}, {"dotnet": "Cart.sln"}),
        ({"test/cart.bats": ""}, {"bats": "test/cart.bats"}),
        ({"README.md": "", "setup.py": ""}, {}),
    ],
)
def test_signs(files: dict[str, str], expected: dict[str, str]) -> None:
    assert found(files) == expected


@pytest.mark.parametrize(
    ("path", "pattern", "fits"),
    [
        ("a.sln", "*.sln", True),
        ("x/a.sln", "*.sln", False),
        ("x/a.csproj", "*/*.csproj", True),
        ("x/y/a.csproj", "*/*.csproj", False),
        ("spec/a_spec.rb", "spec/**/*_spec.rb", True),
        ("spec/x/y/a_spec.rb", "spec/**/*_spec.rb", True),
        ("other/a_spec.rb", "spec/**/*_spec.rb", False),
        ("x/y.xml", "**/*.xml", True),
    ],
)
def test_patterns_of_paths(path: str, pattern: str, fits: bool) -> None:  # noqa: FBT001 - as parametrized
    assert matches(path, pattern) is fits


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: str(preset.name))
def test_templates_are_complete(preset) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001 - as parametrized
    for line in (preset.command, *preset.variants.values(), *preset.build, preset.list):
        assert not re.search(r"\{[a-z]+\}", " ".join(expand(line, PLACES)))
        assert not selects(line)
    if preset.selection:
        words = expand_selection(preset.selection, PLACES, [SelectedTest("a.Cart", "adds (1)")], preset.as_pattern)
        assert words
        assert not re.search(r"\{[a-z]+ ?[^}]*\}", " ".join(words))
    if preset.list:
        assert re.compile(preset.listed).groups == 1
