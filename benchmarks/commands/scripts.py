"""Projects for the test tools of Perl, Ruby, PHP and the shell."""

from __future__ import annotations

import re

from benchmarks.commands.project import Counts, Edit, Fault, Project, counter

_POINT = re.compile(r"^ *(not )?ok \d+(.*# skip)?", re.MULTILINE)
_SUBTEST = re.compile(r"^ +1\.\.\d+\n(not )?ok ", re.MULTILINE)


def _count_points(text: str) -> Counts | None:
    """Count the test points in what prove prints; not those that sum up a subtest, which prove's own number has."""
    found = _POINT.findall(text)
    sums = _SUBTEST.findall(text)
    failed, skipped = (sum(bool(point[column]) for point in found) for column in (0, 1))
    return Counts(len(found) - len(sums), failed - sum(map(bool, sums)), skipped) if found else None


PROVE = Project(
    tool="prove",
    version=("prove", "--version"),
    files={
        "lib/Cart.pm": """\
package Cart;
use strict;
use warnings;

sub total {
    my $sum = 0;
    $sum += $_ for @_;
    return $sum;
}

sub discount {
    my ($price, $percent) = @_;
    return $price - $price * $percent / 100;
}

1;
""",
        "t/total.t": """\
use strict;
use warnings;
use Test::More;
use Cart;

is(Cart::total(1, 2), 3, 'adds (1 + 2)');
is(Cart::total(), 0, 'is 0 for ()');
for my $count (2, 3) {
    subtest "many: $count" => sub {
        is(Cart::total((5) x $count), 5 * $count, 'of 5 each');
        isnt(Cart::total((5) x $count), 1, 'not 1');
    };
}
SKIP: {
    skip 'no euros yet', 1;
    ok(0, 'counts in euros');
}
is(Cart::total(7), 7);
done_testing();
""",
        "t/discount.t": """\
use strict;
use warnings;
use Test::More tests => 3;
use Cart;

is(Cart::discount(200, 10), 180, 'takes 10 % off');
is(Cart::discount(200, 100), 0, 'may be all');
is(Cart::discount(50, 0), 50, 'works');
""",
    },
    faults=(
        Fault(
            Edit("lib/Cart.pm", "$sum += $_", "$sum = $_"),
            frozenset({"t/total.t::adds (1 + 2)", "t/total.t::many: 2 > of 5 each", "t/total.t::many: 3 > of 5 each"}),
        ),
        Fault(
            Edit("lib/Cart.pm", "* $percent / 100", "* $percent / 50"),
            frozenset({"t/discount.t::takes 10 % off", "t/discount.t::may be all"}),
        ),
    ),
    coin=(
        "t/coin.t",
        "use strict;\nuse warnings;\nuse Test::More tests => 1;\n\nok($ENV{COIN} || rand() < 0.5, 'lands on heads');\n",
    ),
    coin_id="t/coin.t::lands on heads",
    by_hand=("prove", "-lrv", "t"),
    count=_count_points,
    unbuildable=Fault(
        Edit("t/discount.t", "is(Cart::discount(200, 10)", "is((Cart::discount(200, 10)"), frozenset({"t/discount.t"})
    ),
)
RSPEC = Project(
    tool="rspec",
    version=("rspec", "--version"),
    files={
        "lib/cart.rb": """\
module Cart
  def self.total(prices)
    prices.sum
  end

  def self.discount(price, percent)
    price - price * percent / 100
  end
end
""",
        "spec/total_spec.rb": """\
require_relative "../lib/cart"

RSpec.describe "total" do
  it("adds (1 + 2)") { expect(Cart.total([1, 2])).to eq(3) }
  it("is 0 for [] | {}") { expect(Cart.total([])).to eq(0) }

  context 'of "many"' do
    [2, 3].each { |count| it("#{count} times 5") { expect(Cart.total([5] * count)).to eq(5 * count) } }
  end

  it("counts in euros", skip: "no euros yet") { raise }
  it { expect(Cart.total([7])).to eq(7) }
end
""",
        "spec/discount_spec.rb": """\
require_relative "../lib/cart"

RSpec.describe "discount" do
  it("takes 10 % off") { expect(Cart.discount(200, 10)).to eq(180) }
  it("may be all") { expect(Cart.discount(200, 100)).to eq(0) }
  it("works") { expect(Cart.discount(50, 0)).to eq(50) }
end
""",
    },
    faults=(
        Fault(
            Edit("lib/cart.rb", "prices.sum", "prices.last.to_i"),
            frozenset(
                {
                    "spec/total_spec.rb::total adds (1 + 2)",
                    'spec/total_spec.rb::total of "many" 2 times 5',
                    'spec/total_spec.rb::total of "many" 3 times 5',
                }
            ),
        ),
        Fault(
            Edit("lib/cart.rb", "percent / 100", "percent / 50"),
            frozenset({"spec/discount_spec.rb::discount takes 10 % off", "spec/discount_spec.rb::discount may be all"}),
        ),
    ),
    coin=(
        "spec/coin_spec.rb",
        (
            'RSpec.describe "coin" do\n'
            '  it("lands on heads") { expect(ENV.key?("COIN") || rand < 0.5).to be(true) }\n'
            "end\n"
        ),
    ),
    coin_id="spec/coin_spec.rb::coin lands on heads",
    by_hand=("rspec",),
    count=counter(r"^(\d+) examples?", r"^\d+ examples?, (\d+) failures?", r"(\d+) pending$"),
    unbuildable=Fault(
        Edit("spec/discount_spec.rb", 'RSpec.describe "discount" do', 'RSpec.describe "discount"'),
        frozenset({"spec/discount_spec.rb"}),
    ),
)
PHPUNIT = Project(
    tool="phpunit",
    version=("phpunit", "--version"),
    files={
        "phpunit.xml": """\
<?xml version="1.0"?>
<phpunit>
  <testsuites><testsuite name="all"><directory>tests</directory></testsuite></testsuites>
</phpunit>
""",
        ".gitignore": ".phpunit.result.cache\n",
        "src/cart.php": """\
<?php
namespace Cart;

function total(array $prices): int {
    return array_sum($prices);
}

function discount(int $price, int $percent): int {
    return $price - intdiv($price * $percent, 100);
}
""",
        "tests/TotalTest.php": """\
<?php
namespace Cart;

require_once __DIR__ . "/../src/cart.php";

final class TotalTest extends \\PHPUnit\\Framework\\TestCase {
    public function testAdds(): void { $this->assertSame(3, total([1, 2])); }
    public function testIsZero(): void { $this->assertSame(0, total([])); }

    /** @dataProvider counts */
    public function testMany(int $count): void { $this->assertSame(5 * $count, total(array_fill(0, $count, 5))); }

    public static function counts(): array { return ["two (2)" => [2], "three | 3" => [3], "#4" => [4]]; }

    public function testEuros(): void { $this->markTestSkipped("no euros yet"); }
}
""",
        "tests/DiscountTest.php": """\
<?php
namespace Cart;

require_once __DIR__ . "/../src/cart.php";

final class DiscountTest extends \\PHPUnit\\Framework\\TestCase {
    public function testTakesTenPercentOff(): void { $this->assertSame(180, discount(200, 10)); }
    public function testMayBeAll(): void { $this->assertSame(0, discount(200, 100)); }
    public function testWorks(): void { $this->assertSame(50, discount(50, 0)); }
}
""",
    },
    faults=(
        Fault(
            Edit("src/cart.php", "array_sum($prices)", "(int) end($prices)"),
            frozenset(
                {
                    "Cart.TotalTest::testAdds",
                    'Cart.TotalTest::testMany with data set "two (2)"',
                    'Cart.TotalTest::testMany with data set "three | 3"',
                    'Cart.TotalTest::testMany with data set "#4"',
                }
            ),
        ),
        Fault(
            Edit("src/cart.php", "$percent, 100", "$percent, 50"),
            frozenset({"Cart.DiscountTest::testTakesTenPercentOff", "Cart.DiscountTest::testMayBeAll"}),
        ),
    ),
    coin=(
        "tests/CoinTest.php",
        (
            "<?php\nfinal class CoinTest extends \\PHPUnit\\Framework\\TestCase {\n"
            '    public function testHeads(): void { $this->assertTrue(getenv("COIN") || mt_rand(0, 1)); }\n}\n'
        ),
    ),
    coin_id="CoinTest::testHeads",
    by_hand=("phpunit",),
    count=counter(r"(?:Tests: |OK \()(\d+)", r"(?:Failures|Errors): (\d+)", r"Skipped: (\d+)"),
    unbuildable=Fault(
        Edit("src/cart.php", "function total(array $prices)", "function total(array $prices"), frozenset({"."})
    ),
)
BATS = Project(
    tool="bats",
    version=("bats", "--version"),
    files={
        "cart.sh": """\
total() {
    local sum=0 price
    for price; do sum=$((sum + price)); done
    echo $sum
}

discount() {
    echo $(($1 - $1 * $2 / 100))
}
""",
        "test/total.bats": """\
setup() { source cart.sh; }

@test "adds (1 + 2)" { [ "$(total 1 2)" = 3 ]; }
@test "is 0 for [] | {}" { [ "$(total)" = 0 ]; }
@test "many: 5 & 5" { [ "$(total 5 5)" = 10 ]; }
@test "counts in euros" { skip "no euros yet"; }
@test "works" { [ "$(total 7)" = 7 ]; }
""",
        "test/discount.bats": """\
setup() { source cart.sh; }

@test "takes 10 % off" { [ "$(discount 200 10)" = 180 ]; }
@test "may be all" { [ "$(discount 200 100)" = 0 ]; }
@test "works" { [ "$(discount 50 0)" = 50 ]; }
""",
    },
    faults=(
        Fault(
            Edit("cart.sh", "sum + price", "price"), frozenset({"total.bats::adds (1 + 2)", "total.bats::many: 5 & 5"})
        ),
        Fault(
            Edit("cart.sh", "$2 / 100", "$2 / 50"),
            frozenset({"discount.bats::takes 10 % off", "discount.bats::may be all"}),
        ),
    ),
    coin=("test/coin.bats", '@test "lands on heads" { [ -n "$COIN" ] || [ $((RANDOM % 2)) = 0 ]; }\n'),
    coin_id="coin.bats::lands on heads",
    by_hand=("bats", "--pretty", "test"),
    count=counter(r"^(\d+) tests?,", r"^\d+ tests?, (\d+) failures?", r", (\d+) skipped"),
    unbuildable=Fault(
        Edit("test/discount.bats", "source cart.sh; }", "source cart.sh; }}"), frozenset({"./discount.bats"})
    ),
)
PROJECTS = (PROVE, RSPEC, PHPUNIT, BATS)
