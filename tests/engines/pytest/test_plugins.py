"""Plug-ins of the project: the same outcomes as under pytest, and nothing left in the checkout."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engines.pytest.conftest import PytestProject

SUITES = {
    "pytest_asyncio": """
        import asyncio, pytest, pytest_asyncio
        @pytest_asyncio.fixture(scope="module", loop_scope="module")
        async def shared(): yield asyncio.get_running_loop()
        @pytest.mark.asyncio(loop_scope="module")
        async def test_loop(shared): assert asyncio.get_running_loop() is shared
        @pytest.mark.asyncio
        async def test_fails(): await asyncio.sleep(0); assert 0
        async def test_unmarked(): pass
    """,
    "anyio": """
        import anyio, pytest
        @pytest.fixture(scope="module")
        def anyio_backend(): return "asyncio"
        @pytest.fixture(scope="module")
        async def shared(anyio_backend): yield 1
        @pytest.mark.anyio
        async def test_fine(shared): await anyio.sleep(0)
        @pytest.mark.anyio
        async def test_fails(shared): assert 0
    """,
    "pytest_rerunfailures": """
        import pytest
        runs = []
        @pytest.mark.flaky(reruns=3)
        def test_flaky(): runs.append(1); assert len(runs) > 2
        @pytest.mark.flaky(reruns=1)
        def test_fails(): assert 0
        def test_fine(): pass
    """,
    "pytest_timeout": """
        import pytest, time
        @pytest.mark.timeout(0.3)
        def test_slow(): time.sleep(9)
        @pytest.mark.timeout(20)
        def test_fine(): pass
    """,
    "pytest_mock": """
        import os
        def test_mock(mocker):
            mocker.patch("os.getcwd", return_value="x"); assert os.getcwd() == "x"
        def test_after(): assert os.getcwd() != "x"
        def test_fails(mocker): mocker.Mock().assert_called_once()
    """,
    "hypothesis": """
        from hypothesis import given, settings, strategies as st
        @given(st.integers())
        def test_fine(n): assert n == n
        @given(st.lists(st.integers()))
        def test_fails(xs): assert sum(xs) < 100
        @given(st.integers())
        @settings(max_examples=3)
        def test_few(n): pass
    """,
    "pytest_benchmark": """
        def test_speed(benchmark): assert benchmark.pedantic(lambda: 1) == 1
        def test_fails(benchmark): assert benchmark.pedantic(lambda: 1) == 2
    """,
    "pytest_repeat": """
        import pytest
        seen = []
        @pytest.mark.repeat(4)
        def test_often(): seen.append(1); assert len(seen) != 3
    """,
    "pytest_forked": """
        import os, pytest
        @pytest.mark.forked
        def test_dies(): os._exit(1)
        @pytest.mark.forked
        def test_fails(): assert 0
        @pytest.mark.forked
        def test_fine(): pass
        def test_plain(): pass
    """,
    "pytest_randomly": """
        import random
        def test_first(): assert random.random() == random.Random(1).random()
        def test_second(): assert random.random() == random.Random(1).random()
    """,
    "pytest_lazyfixture": """
        import pytest
        @pytest.fixture(scope="module")
        def one(): return 1
        @pytest.mark.parametrize("value", [pytest.lazy_fixture("one"), 2])
        def test_lazy(value): assert value == 1
    """,
    "pytest_bdd": """
        from pytest_bdd import given, scenarios, then
        scenarios("x.feature")
        @given("one", target_fixture="value")
        def one(): return 1
        @then("it is one")
        def is_one(value): assert value == 1
        @then("it is two")
        def is_two(value): assert value == 2
    """,
}
FEATURE = """
Feature: Numbers
    Scenario: Right
        Given one
        Then it is one
    Scenario: Wrong
        Given one
        Then it is two
"""


@pytest.mark.parametrize("name", SUITES)
def test_plugin(project: PytestProject, name: str, require: Callable[..., None]) -> None:
    require(name)
    if name != "hypothesis":  # it takes longer to import than all others
        project.variables["PYTEST_ADDOPTS"] = "-p no:hypothesispytest"
    project.write({"test_p.py": SUITES[name], "test_q.py": SUITES[name], "x.feature": FEATURE})
    arguments = ("-p", "no:randomly") if name != "pytest_randomly" else ("--randomly-seed=1",)
    project.compare(*arguments)


DJANGO = {
    "pytest.ini": "[pytest]\nDJANGO_SETTINGS_MODULE = settings\n",
    "settings.py": """
        from pathlib import Path
        import os
        SECRET_KEY = "x"
        USE_TZ = True
        INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth"]
        NAME = os.path.join(os.path.dirname(os.environ["LOG"]), "db.sqlite3")
        DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": NAME, "TEST": {"NAME": NAME + "-t"}}}
    """,
}
DJANGO_TESTS = """
import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import TestCase
@pytest.mark.django_db
def test_create(): User.objects.create(username="a"); assert User.objects.count() == 1
@pytest.mark.django_db
def test_empty(): assert User.objects.count() == 0
@pytest.mark.django_db(transaction=True)
def test_transaction(): User.objects.create(username="b"); assert User.objects.count() == 1
def test_no_access(): User.objects.count()
class A(TestCase):
    @classmethod
    def setUpTestData(cls): cls.user = User.objects.create(username="c")
    def test_data(self): assert User.objects.get() == self.user
    def test_fails(self): assert User.objects.count() == 2
"""


def test_django(project: PytestProject, require: Callable[..., None]) -> None:
    require("pytest_django")
    project.write({**DJANGO, **{f"test_{name}.py": DJANGO_TESTS for name in "abcd"}})
    rows = project.compare("-p", "no:randomly")
    assert [outcome for _, outcome, _ in rows].count("failed") == 8
