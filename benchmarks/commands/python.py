"""Projects for Python's frameworks, started by a command instead of by batchhook's own engines."""

from __future__ import annotations

from benchmarks.commands.project import Edit, Fault, Project, counter, sum_counter

_PYTHON = {
    ".gitignore": "__pycache__/\n.pytest_cache/\n",
    "cart.py": """\
def total(prices):
    return sum(prices)


def discount(price, percent):
    return price - price * percent // 100
""",
    "tests/__init__.py": "",
}
_PYTHON_FAULTS = (Edit("cart.py", "sum(prices)", "max(prices, default=0)"), Edit("cart.py", "// 100", "// 50"))
PYTEST = Project(
    tool="pytest",
    version=("python", "-m", "pytest", "--version"),
    files={
        ".batchhook.toml": 'preset = "pytest"\n',
        **_PYTHON,
        "tests/test_total.py": """\
import pytest

from cart import total


def test_adds():
    assert total([1, 2]) == 3


def test_is_zero():
    assert total([]) == 0


class TestMany:
    @pytest.mark.parametrize("count", [2, 3], ids=["two (2)", "three | 3"])
    def test_fives(self, count):
        assert total([5] * count) == 5 * count


@pytest.mark.skip(reason="no euros yet")
def test_euros():
    raise AssertionError
""",
        "tests/test_discount.py": """\
from cart import discount


def test_ten_percent():
    assert discount(200, 10) == 180


def test_all():
    assert discount(200, 100) == 0


def test_works():
    assert discount(50, 0) == 50
""",
    },
    faults=(
        Fault(
            _PYTHON_FAULTS[0],
            frozenset(
                {
                    "tests.test_total::test_adds",
                    "tests.test_total.TestMany::test_fives[two (2)]",
                    "tests.test_total.TestMany::test_fives[three | 3]",
                }
            ),
        ),
        Fault(_PYTHON_FAULTS[1], frozenset({"tests.test_discount::test_ten_percent", "tests.test_discount::test_all"})),
    ),
    coin=(
        "tests/test_coin.py",
        'import os\nimport random\n\n\ndef test_heads():\n    assert "COIN" in os.environ or random.random() < 0.5\n',
    ),
    coin_id="tests.test_coin::test_heads",
    by_hand=("python", "-m", "pytest"),
    count=sum_counter(r"^=+ .*?(\d+) passed.* in ", r"^=+ .*?(\d+) failed.* in ", r"^=+ .*?(\d+) skipped.* in "),
    unbuildable=Fault(
        Edit("tests/test_discount.py", "import discount", "import discount,"), frozenset({"./tests.test_discount"})
    ),
)
UNITTEST = Project(
    tool="unittest",
    version=("python", "--version"),
    files={
        ".batchhook.toml": 'preset = "unittest"\n',
        **_PYTHON,
        "tests/test_total.py": '''\
import unittest

from cart import total


class TotalTest(unittest.TestCase):
    def test_adds(self):
        """Adds 1 and 2 ... ok"""
        self.assertEqual(total([1, 2]), 3)

    def test_is_zero(self):
        self.assertEqual(total([]), 0)

    def test_many(self):
        for count in (1, 2):
            with self.subTest(count=count):
                self.assertEqual(total([5] * count), 5 * count)

    @unittest.skip("no euros yet")
    def test_euros(self):
        raise AssertionError
''',
        "tests/test_discount.py": """\
import unittest

from cart import discount


class DiscountTest(unittest.TestCase):
    def test_ten_percent(self):
        self.assertEqual(discount(200, 10), 180)

    def test_all(self):
        print("some output", end="")
        self.assertEqual(discount(200, 100), 0)

    def test_works(self):
        self.assertEqual(discount(50, 0), 50)
""",
    },
    faults=(
        Fault(
            _PYTHON_FAULTS[0],
            frozenset({"tests.test_total.TotalTest::test_adds", "tests.test_total.TotalTest::test_many"}),
        ),
        Fault(
            _PYTHON_FAULTS[1],
            frozenset(
                {"tests.test_discount.DiscountTest::test_ten_percent", "tests.test_discount.DiscountTest::test_all"}
            ),
        ),
    ),
    coin=(
        "tests/test_coin.py",
        (
            "import os\nimport random\nimport unittest\n\n\nclass CoinTest(unittest.TestCase):\n"
            "    def test_heads(self):\n"
            '        self.assertTrue("COIN" in os.environ or random.random() < 0.5)\n'
        ),
    ),
    coin_id="tests.test_coin.CoinTest::test_heads",
    by_hand=("python", "-m", "unittest", "-v"),
    count=counter(r"^Ran (\d+) tests?", r"(?:failures|errors)=(\d+)", r"skipped=(\d+)"),
    unbuildable=Fault(
        Edit("tests/test_discount.py", "import discount", "import discount,"), frozenset({"./tests.test_discount"})
    ),
)
PROJECTS = (PYTEST, UNITTEST)
