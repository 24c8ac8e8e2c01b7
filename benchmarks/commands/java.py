"""A project for Maven, without the network where Debian's packages have what it needs."""

from __future__ import annotations

from pathlib import Path

from benchmarks.commands.project import Edit, Fault, Project, counter

_DEBIAN = Path("/usr/share/maven-repo")
"""Where Debian's packages put Maven's artifacts; apt install maven libmaven-compiler-plugin-java
libmaven-resources-plugin-java libsurefire-java junit4."""
_OFFLINE = {".mvn/maven.config": f"--offline\n-Dmaven.repo.local={_DEBIAN}\n"} if _DEBIAN.is_dir() else {}
_POM = """\
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>cart</groupId>
  <artifactId>cart</artifactId>
  <version>1</version>
  <properties>
    <maven.compiler.source>11</maven.compiler.source>
    <maven.compiler.target>11</maven.compiler.target>
    <project.build.sourceEncoding>UTF-8</project.build.sourceEncoding>
  </properties>
  <dependencies>
    <dependency>
      <groupId>junit</groupId>
      <artifactId>junit</artifactId>
      <version>4.13.2</version>
      <scope>test</scope>
    </dependency>
  </dependencies>
</project>
"""
_TESTS = "src/test/java/cart"

MAVEN = Project(
    tool="maven",
    version=("mvn", "--version"),
    files={
        "pom.xml": _POM,
        ".gitignore": "target/\n",
        **_OFFLINE,
        "src/main/java/cart/Cart.java": """\
package cart;

public class Cart {
    public static int total(int... prices) {
        int sum = 0;
        for (int price : prices) sum += price;
        return sum;
    }

    public static int discount(int price, int percent) {
        return price - price * percent / 100;
    }
}
""",
        f"{_TESTS}/TotalTest.java": """\
package cart;

import static org.junit.Assert.*;

import org.junit.*;

public class TotalTest {
    @Test public void adds() { assertEquals(3, Cart.total(1, 2)); }
    @Test public void isZero() { assertEquals(0, Cart.total()); }
    @Ignore("no euros yet") @Test public void euros() { fail(); }
}
""",
        f"{_TESTS}/ManyTest.java": """\
package cart;

import static org.junit.Assert.*;

import java.util.*;
import org.junit.*;
import org.junit.runner.RunWith;
import org.junit.runners.Parameterized;

@RunWith(Parameterized.class)
public class ManyTest {
    @Parameterized.Parameters(name = "{0} (times) 5")
    public static List<Object[]> counts() { return Arrays.asList(new Object[][] {{2}, {3}}); }

    @Parameterized.Parameter public int count;

    @Test public void fives() {
        int[] prices = new int[count];
        Arrays.fill(prices, 5);
        assertEquals(5 * count, Cart.total(prices));
    }
}
""",
        f"{_TESTS}/DiscountTest.java": """\
package cart;

import static org.junit.Assert.*;

import org.junit.*;

public class DiscountTest {
    @Test public void takesTenPercentOff() { assertEquals(180, Cart.discount(200, 10)); }
    @Test public void mayBeAll() { assertEquals(0, Cart.discount(200, 100)); }
    @Test public void works() { assertEquals(50, Cart.discount(50, 0)); }
}
""",
    },
    faults=(
        Fault(
            Edit("src/main/java/cart/Cart.java", "sum += price", "sum = price"),
            frozenset(
                {"cart.TotalTest::adds", "cart.ManyTest::fives[2 (times) 5]", "cart.ManyTest::fives[3 (times) 5]"}
            ),
        ),
        Fault(
            Edit("src/main/java/cart/Cart.java", "percent / 100", "percent / 50"),
            frozenset({"cart.DiscountTest::takesTenPercentOff", "cart.DiscountTest::mayBeAll"}),
        ),
    ),
    coin=(
        f"{_TESTS}/CoinTest.java",
        """\
package cart;

import static org.junit.Assert.*;

import org.junit.*;

public class CoinTest {
    @Test public void heads() { assertTrue(System.getenv("COIN") != null || Math.random() < 0.5); }
}
""",
    ),
    coin_id="cart.CoinTest::heads",
    by_hand=("mvn", "--batch-mode", "test"),
    count=counter(r"Tests run: (\d+), .*Skipped: \d+$", r"Failures: (\d+), .*Skipped: \d+$", r"Skipped: (\d+)$"),
    unbuildable=Fault(Edit("src/main/java/cart/Cart.java", "percent / 50", "percents / 50"), frozenset({"."})),
)
PROJECTS = (MAVEN,)
