"""Presets: how the common tools run all tests, run some, and report what these did. Pure.

Each was written after the tool's own manual, which ``docs/commands.md`` links to, with the versions that were tried.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch

from batchhook.core.settings import ReportFormat
from batchhook.core.suite_setup import Setup

Reader = Callable[[str], bytes]
"""Returns the beginning of a file, by its path relative to the suite's folder; empty for none."""

_NO_SETUP = Setup()
_MAX_READ = 50
"""Files that are searched for one text."""
_FOREIGN = re.compile(r"(?:node_modules|vendor|target|\.(?!config/)[^/]+)/")
"""Folders whose files say nothing about the project's own tests."""


@dataclass(frozen=True, slots=True)
class Sign:
    """A file by which a project shows that it uses a tool.

    Attributes:
        pattern: of its path, relative to the suite's folder; ``*`` stands for no slash.
        text: regular expression for something in it; empty if its presence is enough.
        dependency: a package that it depends on, where it is a ``package.json``; empty for any.
    """

    pattern: str
    text: str = ""
    dependency: str = ""


@dataclass(frozen=True, slots=True)
class Preset:
    """A tool that runs tests.

    Attributes:
        name: in the setting ``preset``.
        signs: of its use, the plainest first; empty if it is never chosen without being asked for.
        command: template of the command that runs all tests (``template.py``).
        variants: templates for projects with a certain file, by its pattern; the first that fits replaces ``command``.
        build: templates of the commands that build the tests.
        format: of the report.
        report: pattern of the files, relative to the suite's folder; empty for ``{report}``, ``{reports}`` or the
            output, whichever the command mentions.
        selection: template of the words that are added to ``command``, so that it runs some tests, and perhaps others.
        list: template of the command that prints the tests; empty if the tool has none.
        listed: regular expression for a line of that with a test.
        env: environment variables, as templates.
        setup: the command that installs the project's dependencies, used if the first of its inputs exists; empty if
            the tool does so by itself.
        as_pattern: returns the part of a test's name that the tool compares with patterns.
    """

    name: str
    signs: tuple[Sign, ...]
    command: str
    format: ReportFormat
    variants: Mapping[str, str] = field(default_factory=dict)
    build: tuple[str, ...] = ()
    report: str = ""
    selection: str = ""
    list: str = ""
    listed: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    setup: Setup = _NO_SETUP
    as_pattern: Callable[[str], str] = str


def _joined_by_blanks(name: str) -> str:
    """Return the full name of a test inside ``describe`` blocks, as JavaScript's tools compare it with patterns."""
    return name.replace(" > ", " ")


def _innermost(name: str) -> str:
    return name.rpartition(" > ")[2]


def _outermost(name: str) -> str:
    """Return the test function of a subtest of Go's."""
    return name.partition("/")[0]


def _without_parameters(name: str) -> str:
    return name.partition("[")[0].partition(" with data set")[0]


_NPM = Setup("", "npm ci --no-audit --no-fund", ("package-lock.json", "package.json"), ("node_modules",))
_COMPOSER = Setup(
    "", "composer install --no-interaction --no-progress", ("composer.lock", "composer.json"), ("vendor",)
)
_CARGO_ENV = {"CARGO_TARGET_DIR": "{cache}/target", "CARGO_TERM_COLOR": "never"}

PRESETS = (
    Preset(
        "vitest",
        (Sign("package.json", dependency="vitest"), Sign("vitest.config.*")),
        "node_modules/.bin/vitest run --reporter=json --outputFile={report}",
        ReportFormat.JEST_JSON,
        selection="{class} -t {regex}",
        as_pattern=_joined_by_blanks,
        setup=_NPM,
    ),
    Preset(
        "jest",
        (Sign("package.json", dependency="jest"), Sign("jest.config.*")),
        "node_modules/.bin/jest --ci --json --outputFile={report} --testLocationInResults",
        ReportFormat.JEST_JSON,
        selection="--runTestsByPath {class} -t {regex}",
        as_pattern=_joined_by_blanks,
        setup=_NPM,
    ),
    Preset(
        "node",
        (Sign("package.json", text=r"node (?:[^\"&|]* )?--test\b"), Sign("*.test.*", text=r"[\"']node:test[\"']"),
         Sign("test/*", text=r"[\"']node:test[\"']"), Sign("tests/*", text=r"[\"']node:test[\"']")),
        # Of node's own reporters none tells which file a test is in.
        "node --test --test-reporter={reporters}/node.mjs --test-reporter-destination={report}",
        ReportFormat.JEST_JSON,
        selection="--test-name-pattern={regex} {class}",
        as_pattern=_innermost,
        setup=_NPM,
    ),
    Preset(
        "go",
        (Sign("go.mod"),),
        # Without -count=1, a test that has passed is not run again, however flaky it is.
        "go test -json -count=1 ./...",
        ReportFormat.GO_JSON,
        selection="-run ^({regex})$",
        list="go test -list . ./...",
        listed=r"^((?:Test|Example|Fuzz)\S*)$",
        as_pattern=_outermost,
    ),
    Preset(
        "nextest",
        (Sign(".config/nextest.toml"),),
        "cargo nextest run --no-fail-fast --no-tests=pass",
        ReportFormat.JUNIT,
        build=("cargo nextest run --no-run",),
        report="target/nextest/*/junit.xml",
        selection="-E test(/^({regex})$/)",
        list="cargo nextest list --message-format oneline",
        listed=r"^(\S+ \S+)$",
        env={"CARGO_TERM_COLOR": "never"},
    ),
    Preset(
        "cargo",
        (Sign("Cargo.toml"),),
        "cargo test --no-fail-fast",
        ReportFormat.LIBTEST,
        build=("cargo test --no-run",),
        selection="-- --exact {name}",
        list="cargo test -- --list",
        listed=r"^(.+): test$",
        env=_CARGO_ENV,
    ),
    Preset(
        "ctest",
        (Sign("CMakeLists.txt", text=r"(?i)^\s*(?:enable_testing|include\s*\(\s*CTest)\b"),),
        "ctest --test-dir {build} --output-junit {report} --output-on-failure --parallel {jobs}",
        ReportFormat.JUNIT,
        build=("cmake -S . -B {build}", "cmake --build {build} --parallel {jobs}"),
        selection="-R ^({regex})$",
        list="ctest --test-dir {build} --show-only",
        listed=r"^\s*Test\s+#\d+: (.+)$",
    ),
    Preset(
        "prove",
        (Sign("t/*.t"),),
        "prove -lr --merge --jobs {jobs} t",
        ReportFormat.TAP,
        report="{reports}/**/*",
        # --merge, since what a failing test explains goes to its standard error.
        variants={
            "Makefile.PL": "prove -blr --merge --jobs {jobs} t",
            "Build.PL": "prove -blr --merge --jobs {jobs} t",
        },
        # A documented variable of TAP::Harness, which writes each file's own output there.
        env={"PERL_TEST_HARNESS_DUMP_TAP": "{reports}"},
    ),
    Preset(
        "phpunit",
        (Sign("phpunit.xml"), Sign("phpunit.xml.dist"), Sign("phpunit.dist.xml")),
        "phpunit --log-junit {report}",
        ReportFormat.JUNIT,
        variants={"composer.json": "vendor/bin/phpunit --log-junit {report}"},
        selection="--filter ({regex})",
        list="phpunit --list-tests",
        listed=r"^ - (.+)$",
        setup=_COMPOSER,
        as_pattern=_without_parameters,
    ),
    Preset(
        "rspec",
        (Sign(".rspec"), Sign("spec/*_spec.rb"), Sign("spec/**/*_spec.rb")),
        "rspec --format json --out {report}",
        ReportFormat.RSPEC_JSON,
        variants={"Gemfile": "bundle exec rspec --format json --out {report}"},
        selection="--example {name}",
    ),
    Preset(
        "maven",
        (Sign("pom.xml"),),
        "mvn --batch-mode --fail-at-end test",
        ReportFormat.JUNIT,
        variants={"mvnw": "./mvnw --batch-mode --fail-at-end test"},
        report="**/target/surefire-reports/TEST-*.xml",
        selection="-Dtest={classes ,} -Dsurefire.failIfNoSpecifiedTests=false",
    ),
    Preset(
        "gradle",
        (Sign("build.gradle"), Sign("build.gradle.kts")),
        "gradle test --continue",
        ReportFormat.JUNIT,
        variants={"gradlew": "./gradlew test --continue"},
        report="**/build/test-results/test/TEST-*.xml",
        selection="--tests {class}",
    ),
    Preset(
        "dotnet",
        (Sign("*.sln"), Sign("*.csproj", text=r"Microsoft\.NET\.Test\.Sdk"),
         Sign("*/*.csproj", text=r"Microsoft\.NET\.Test\.Sdk")),
        "dotnet test --no-build --logger trx --results-directory {reports}",
        ReportFormat.TRX,
        build=("dotnet build",),
        report="{reports}/**/*.trx",
        selection="--filter FullyQualifiedName={names |FullyQualifiedName=}",
        list="dotnet test --no-build --list-tests",
        listed=r"^ {4}(\S.*)$",
        env={"DOTNET_CLI_TELEMETRY_OPTOUT": "1", "DOTNET_NOLOGO": "1"},
    ),
    Preset(
        "bats",
        (Sign("test/*.bats"), Sign("tests/*.bats"), Sign("*.bats")),
        # Not --report-formatter: bats ends before that has written everything.
        "bats --formatter junit .",
        ReportFormat.JUNIT,
        variants={
            "test/*.bats": "bats --formatter junit test",
            "tests/*.bats": "bats --formatter junit tests",
        },
        selection="--filter ^({regex})$",
    ),
    Preset(
        "pytest",
        (),
        "python -m pytest --junitxml={report}",
        ReportFormat.JUNIT,
        selection="-k '{names  or }'",
        as_pattern=_without_parameters,
    ),
    Preset(
        "unittest",
        (),
        "python -m unittest -v",
        ReportFormat.UNITTEST,
        selection="{class}.{name}",
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PresetMatch:
    """A preset that fits a project, and why: ``package.json depends on jest``."""

    preset: Preset
    reason: str


def find_presets(presets: Collection[Preset], files: Collection[str], read: Reader) -> Iterator[PresetMatch]:
    """Yield the presets that fit a project, in their order.

    Args:
        presets: known ones.
        files: the project's files, without ignored ones, relative to the suite's folder.
        read: returns the beginning of one.
    """
    own = [path for path in files if not _FOREIGN.match(path)]
    for preset in presets:
        reason = next(filter(None, (_find_sign(sign, own, read) for sign in preset.signs)), "")
        if reason:
            yield PresetMatch(preset, reason)


def _find_sign(sign: Sign, files: Collection[str], read: Reader) -> str:
    """Return how a project shows a sign; empty if it does not."""
    matching = [path for path in files if matches(path, sign.pattern)]
    if sign.dependency:
        used = [path for path in matching if _depends_on(read(path), sign.dependency)]
        return f"{used[0]} depends on {sign.dependency}" if used else ""
    if sign.text:
        used = [path for path in matching[:_MAX_READ] if re.search(sign.text.encode(), read(path), re.MULTILINE)]
        return used[0] if used else ""
    return matching[0] if matching else ""


def matches(path: str, pattern: str) -> bool:
    """Return whether a path matches a pattern, in which ``*`` stands for no slash, and ``**/`` for any folders."""
    folder, _, name = path.rpartition("/")
    folder_pattern, _, name_pattern = pattern.rpartition("/")
    if folder_pattern.endswith("**"):
        prefix = folder_pattern.removesuffix("**").rstrip("/")
        is_inside = not prefix or folder == prefix or folder.startswith(f"{prefix}/")
        return is_inside and fnmatch(name, name_pattern)
    same_depth = folder.count("/") == folder_pattern.count("/") and bool(folder) == bool(folder_pattern)
    return same_depth and fnmatch(folder, folder_pattern) and fnmatch(name, name_pattern)


def _depends_on(manifest: bytes, package: str) -> bool:
    """Return whether a ``package.json`` names a dependency."""
    try:
        tables = json.loads(manifest)
        groups = [tables.get(name) or {} for name in ("dependencies", "devDependencies", "optionalDependencies")]
        return any(package in group for group in groups)
    except (ValueError, AttributeError, TypeError):
        return False
