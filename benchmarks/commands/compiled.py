"""Projects for the test tools of Go, Rust, C++ and Java."""

from __future__ import annotations

import re

from benchmarks.commands.project import Counts, Edit, Fault, Project, lines_counter, sum_counter


def _count_ctest(text: str) -> Counts | None:
    """Count ctest's tests; its own number leaves out those that are disabled."""
    found = re.search(r"(\d+) tests? failed out of (\d+)", text)
    skipped = len(re.findall(r"\((?:Disabled|Skipped)\)$", text, re.MULTILINE))
    return Counts(int(found[2]) + skipped, int(found[1]), skipped) if found else None


GO = Project(
    tool="go",
    version=("go", "version"),
    files={
        "go.mod": "module example.com/cart\n\ngo 1.18\n",
        "total/total.go": """\
package total

func Total(prices []int) int {
	sum := 0
	for _, price := range prices {
		sum += price
	}
	return sum
}
""",
        "total/total_test.go": """\
package total

import (
	"fmt"
	"testing"
)

func TestTotal(t *testing.T) {
	for _, prices := range [][]int{{1, 2}, {5, 5, 5}, {}} {
		t.Run(fmt.Sprintf("adds %v (all)", prices), func(t *testing.T) {
			want := 0
			for _, price := range prices {
				want += price
			}
			if got := Total(prices); got != want {
				t.Errorf("got %d, want %d", got, want)
			}
		})
	}
}

func TestOfOne(t *testing.T) {
	fmt.Print("some output")
	if Total([]int{7}) != 7 {
		t.Fatal("not 7")
	}
}

func TestEuros(t *testing.T) { t.Skip("no euros yet") }
""",
        "discount/discount.go": """\
package discount

func Discount(price, percent int) int {
	return price - price*percent/100
}
""",
        "discount/discount_test.go": """\
package discount

import "testing"

func TestDiscount(t *testing.T) {
	if got := Discount(200, 10); got != 180 {
		t.Errorf("got %d", got)
	}
}

func TestAll(t *testing.T) {
	if got := Discount(200, 100); got != 0 {
		t.Errorf("got %d", got)
	}
}

func TestNone(t *testing.T) {
	if got := Discount(50, 0); got != 50 {
		t.Errorf("got %d", got)
	}
}
""",
    },
    faults=(
        Fault(
            Edit("total/total.go", "sum += price", "sum = price"),
            frozenset(
                {
                    "example.com/cart/total::TestTotal",
                    "example.com/cart/total::TestTotal/adds_[1_2]_(all)",
                    "example.com/cart/total::TestTotal/adds_[5_5_5]_(all)",
                }
            ),
        ),
        Fault(
            Edit("discount/discount.go", "/100", "/50"),
            frozenset({"example.com/cart/discount::TestDiscount", "example.com/cart/discount::TestAll"}),
        ),
    ),
    coin=(
        "total/coin_test.go",
        """\
package total

import (
	"os"
	"testing"
	"time"
)

func TestHeads(t *testing.T) {
	if os.Getenv("COIN") == "" && time.Now().UnixNano()/64%2 == 0 {
		t.Error("tails")
	}
}
""",
    ),
    coin_id="example.com/cart/total::TestHeads",
    by_hand=("go", "test", "-v", "-count=1", "./..."),
    count=lines_counter(r"--- (?:PASS|FAIL|SKIP): ", r"--- FAIL: ", r"--- SKIP: "),
    unbuildable=Fault(
        Edit("discount/discount.go", "price*percent/50", "price*percents/50"), frozenset({"example.com/cart/discount"})
    ),
)
CARGO = Project(
    tool="cargo",
    version=("cargo", "--version"),
    files={
        "Cargo.toml": '[package]\nname = "cart"\nversion = "0.1.0"\nedition = "2021"\n\n[dependencies]\n',
        "Cargo.lock": 'version = 3\n\n[[package]]\nname = "cart"\nversion = "0.1.0"\n',
        ".gitignore": "target/\n",
        "src/lib.rs": """\
/// Adds prices.
///
/// ```
/// assert_eq!(cart::total(&[4, 5]), 9);
/// ```
pub fn total(prices: &[i32]) -> i32 {
    prices.iter().sum()
}

/// Takes a percentage off.
pub fn discount(price: i32, percent: i32) -> i32 {
    price - price * percent / 100
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds() {
        assert_eq!(total(&[1, 2]), 3);
    }

    #[test]
    fn is_zero() {
        assert_eq!(total(&[]), 0);
    }

    mod many {
        #[test]
        fn fives() -> Result<(), String> {
            (crate::total(&[5, 5, 5]) == 15).then_some(()).ok_or("not 15".into())
        }

        #[test]
        #[should_panic(expected = "no negative")]
        fn negative() {
            panic!("no negative prices");
        }
    }

    #[test]
    #[ignore = "no euros yet"]
    fn euros() {}
}
""",
        "tests/discount.rs": """\
#[test]
fn takes_ten_percent_off() {
    assert_eq!(cart::discount(200, 10), 180);
}

#[test]
fn may_be_all() {
    assert_eq!(cart::discount(200, 100), 0);
}

#[test]
fn adds() {
    assert_eq!(cart::discount(50, 0), 50);
}
""",
    },
    faults=(
        Fault(
            Edit("src/lib.rs", "prices.iter().sum()", "prices.iter().copied().max().unwrap_or(0)"),
            frozenset(
                {
                    "cart src/lib.rs::tests::many::fives",
                    "cart src/lib.rs::tests::adds",
                    "doc-tests cart::src/lib.rs - total",
                }
            ),
        ),
        Fault(
            Edit("src/lib.rs", "percent / 100", "percent / 50"),
            frozenset({"tests/discount.rs::takes_ten_percent_off", "tests/discount.rs::may_be_all"}),
        ),
    ),
    coin=(
        "tests/coin.rs",
        """\
use std::time::{SystemTime, UNIX_EPOCH};

#[test]
fn heads() {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
    assert!(std::env::var("COIN").is_ok() || now / 64 % 2 == 0);
}
""",
    ),
    coin_id="tests/coin.rs::heads",
    by_hand=("cargo", "test", "--no-fail-fast"),
    count=sum_counter(r"(\d+) passed;", r"passed; (\d+) failed", r"(\d+) ignored;"),
    unbuildable=Fault(Edit("src/lib.rs", "percent / 50", "percents / 50"), frozenset({"."})),
)
CTEST = Project(
    tool="ctest",
    version=("ctest", "--version"),
    files={
        ".gitignore": "build/\n",
        "CMakeLists.txt": """\
cmake_minimum_required(VERSION 3.20)
project(cart CXX)
enable_testing()
file(GLOB sources tests/*.cpp)
foreach(source ${sources})
  get_filename_component(name ${source} NAME_WE)
  add_executable(${name} ${source})
  target_include_directories(${name} PRIVATE src)
endforeach()
add_test(NAME "total: adds (1 + 2)" COMMAND total 3 1 2)
add_test(NAME "total: is 0" COMMAND total 0)
add_test(NAME total.many COMMAND total 15 5 5 5)
add_test(NAME discount COMMAND discount)
if(TARGET coin)
  add_test(NAME coin COMMAND coin)
endif()
add_test(NAME euros COMMAND total 1 1)
set_tests_properties(euros PROPERTIES DISABLED TRUE)
""",
        "src/cart.h": """\
#include <vector>

inline int total(const std::vector<int> &prices) {
    int sum = 0;
    for (int price : prices) sum += price;
    return sum;
}

inline int discount(int price, int percent) { return price - price * percent / 100; }
""",
        "tests/total.cpp": """\
#include "cart.h"
#include <cstdlib>
#include <iostream>

int main(int count, char **words) {
    std::vector<int> prices;
    for (int number = 2; number < count; number++) prices.push_back(std::atoi(words[number]));
    std::cout << "total: " << total(prices) << std::endl;
    return total(prices) != std::atoi(words[1]);
}
""",
        "tests/discount.cpp": """\
#include "cart.h"
#include <iostream>

int main() {
    std::cout << "discount: " << discount(200, 10) << std::endl;
    return discount(200, 10) != 180;
}
""",
    },
    faults=(
        Fault(
            Edit("src/cart.h", "sum += price", "sum = price"),
            frozenset({"tests::total: adds (1 + 2)", "tests::total.many"}),
        ),
        Fault(Edit("src/cart.h", "percent / 100", "percent / 50"), frozenset({"tests::discount"})),
    ),
    coin=(
        "tests/coin.cpp",
        (
            "#include <cstdlib>\n#include <random>\n\n"
            'int main() { return !std::getenv("COIN") && std::random_device{}() % 2; }\n'
        ),
    ),
    coin_id="tests::coin",
    by_hand=("sh", "-c", "cmake -S . -B build >&2 && cmake --build build >&2 && ctest --test-dir build"),
    count=_count_ctest,
    unbuildable=Fault(Edit("src/cart.h", "percent / 50", "percents / 50"), frozenset({"."})),
)
PROJECTS = (GO, CARGO, CTEST)
