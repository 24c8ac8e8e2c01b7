"""Projects for the test tools of JavaScript, with the same tests for each of them."""

from __future__ import annotations

import json

from benchmarks.commands.project import Edit, Fault, Project, counter

_CART = """\
function total(prices) {
  return prices.reduce((sum, price) => sum + price, 0);
}

function discount(price, percent) {
  return price - (price * percent) / 100;
}

module.exports = { total, discount };
"""
_TOTAL = """\
const { total } = require("../cart.js");

describe("total", () => {
  test("adds (1 + 2)", () => expect(total([1, 2])).toBe(3));
  test("is 0 for [] | {}", () => expect(total([])).toBe(0));
  describe('of "many"', () => {
    for (const count of [2, 3]) test(`${count} times $5`, () => expect(total(Array(count).fill(5))).toBe(5 * count));
  });
  test.skip("counts in euros", () => {});
});
test("works", () => expect(total([7])).toBe(7));
"""
_DISCOUNT = """\
const { discount } = require("../cart.js");

describe("discount", () => {
  test("takes 10 % off", () => expect(discount(200, 10)).toBe(180));
  test("may be all", () => expect(discount(200, 100)).toBe(0));
});
test("works", () => expect(discount(50, 0)).toBe(50));
"""
_COIN = """\
test("lands on heads", () => expect(Boolean(process.env.COIN) || Math.random() < 0.5).toBe(true));
"""
_BREAK_TOTAL = Edit("cart.js", "sum + price, 0)", "price, 0)")
_BREAK_DISCOUNT = Edit("cart.js", "price - (price * percent)", "price - (2 * price * percent)")
_NODE = """\
const { test, describe } = require("node:test");
const assert = require("node:assert");
const expect = (value) => ({ toBe: (expected) => assert.strictEqual(value, expected) });
"""
_VITEST = 'import { describe, expect, test } from "vitest";\nimport { createRequire } from "node:module";\n'
_UNLOADABLE = Edit("test/discount.test.js", "describe(", "describe((")

_TOTAL_NAMES = ("total > adds (1 + 2)", 'total > of "many" > 2 times $5', 'total > of "many" > 3 times $5')
_DISCOUNT_NAMES = ("discount > takes 10 % off", "discount > may be all")


def _tests(header: str, name: str) -> dict[str, str]:
    """Return the test files, and the code that they test."""
    return {
        "cart.js": _CART,
        name.format("total"): header + _TOTAL,
        name.format("discount"): header + _DISCOUNT,
    }


def _manifest(**tables: object) -> str:
    return json.dumps({"name": "cart", "version": "1.0.0", "private": True, **tables}, indent=2) + "\n"


def _faults(name: str) -> tuple[Fault, Fault]:
    """Return the changes that break tests, in files with such names."""
    total, discount = (name.format(each) for each in ("total", "discount"))
    return (
        Fault(_BREAK_TOTAL, frozenset(f"{total}::{each}" for each in _TOTAL_NAMES)),
        Fault(_BREAK_DISCOUNT, frozenset(f"{discount}::{each}" for each in _DISCOUNT_NAMES)),
    )


_LOCK = (("npm", "install", "--package-lock-only", "--ignore-scripts", "--no-audit", "--no-fund"),)
_CI = (("npm", "ci", "--no-audit", "--no-fund"),)

NODE = Project(
    tool="node",
    version=("node", "--version"),
    files={"package.json": _manifest(scripts={"test": "node --test"}), **_tests(_NODE, "test/{}.test.js")},
    faults=_faults("test/{}.test.js"),
    coin=("test/coin.test.js", _NODE + _COIN),
    coin_id="test/coin.test.js::lands on heads",
    by_hand=("node", "--test"),
    count=counter(r"tests (\d+)$", r"fail (\d+)$", r"skipped (\d+)$"),
    unbuildable=Fault(_UNLOADABLE, frozenset({"test/discount.test.js"})),
)
JEST = Project(
    tool="jest",
    version=("npm", "--version"),
    files={
        "package.json": _manifest(scripts={"test": "jest"}, devDependencies={"jest": "^30.0.0"}),
        ".gitignore": "node_modules/\n",
        **_tests("", "test/{}.test.js"),
    },
    faults=_faults("test/{}.test.js"),
    coin=("test/coin.test.js", _COIN),
    coin_id="test/coin.test.js::lands on heads",
    by_hand=("node_modules/.bin/jest",),
    own_version=("node_modules/.bin/jest", "--version"),
    count=counter(r"^Tests:.* (\d+) total", r"^Tests:.* (\d+) failed", r"^Tests:.* (\d+) skipped"),
    unbuildable=Fault(_UNLOADABLE, frozenset({"test/discount.test.js"})),
    prepare=_LOCK,
    before=_CI,
)
VITEST = Project(
    tool="vitest",
    version=("npm", "--version"),
    files={
        "package.json": _manifest(scripts={"test": "vitest run"}, devDependencies={"vitest": "^3.0.0"}),
        ".gitignore": "node_modules/\n",
        **_tests(_VITEST + "const require = createRequire(import.meta.url);\n", "test/{}.test.mjs"),
    },
    faults=_faults("test/{}.test.mjs"),
    coin=("test/coin.test.mjs", _VITEST + _COIN),
    coin_id="test/coin.test.mjs::lands on heads",
    by_hand=("node_modules/.bin/vitest", "run"),
    own_version=("node_modules/.bin/vitest", "--version"),
    count=counter(r"^ +Tests .*\((\d+)\)", r"^ +Tests .*?(\d+) failed", r"^ +Tests .*?(\d+) skipped"),
    unbuildable=Fault(Edit("test/discount.test.mjs", "describe(", "describe(("), frozenset({"test/discount.test.mjs"})),
    prepare=_LOCK,
    before=_CI,
)
PROJECTS = (NODE, JEST, VITEST)
