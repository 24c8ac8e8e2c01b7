"""The pages in a real browser: every view, live, by keyboard, without scripts, in the dark and on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.driving import CALCULATOR, Repository
from tests.serve.conftest import Server

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
TEST = "test_calculator.CalculatorTest.test_add"
PATHS = ("/", "/batches", "/batches/1", "/tests", f"/tests/one?id={TEST}", "/changes", "/operations", "/compare")

pytestmark = [
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed"),
    pytest.mark.timeout(240),
]


@pytest.fixture
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield browser
        browser.close()


def enter(page: Page, server: Server) -> list[str]:
    """Open the address that the server printed; return the list that collects what should not be."""
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on(
        "request",
        lambda request: None if request.url.startswith((server.origin, "data:")) else wrong.append(request.url),
    )
    page.goto(server.address)
    assert page.url == f"{server.origin}/", "the token does not stay in the address"
    return wrong


def serious(page: Page) -> list[str]:
    """Return the findings of axe that keep people out."""
    return [
        f"{page.url}: {each['id']}: {each['nodes'][0]['html']}"
        for each in Axe().run(page).response["violations"]
        if each["impact"] in {"serious", "critical"}
    ]


def test_every_page_in_every_way(server: Server, browser: Browser) -> None:
    for options in (
        {"viewport": {"width": 1280, "height": 900}},
        {"viewport": {"width": 390, "height": 800}, "color_scheme": "dark"},
        {"viewport": {"width": 390, "height": 800}, "java_script_enabled": False},
    ):
        context = browser.new_context(**options)
        page = context.new_page()
        wrong = enter(page, server)
        for path in PATHS:
            page.goto(f"{server.origin}{path}")
            assert page.locator("h1").count() == 1, path
            if options.get("java_script_enabled", True):
                assert serious(page) == []
                widths = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
                assert widths[0] <= widths[1], (path, widths)
        assert wrong == []
        context.close()


def test_it_is_live_and_acts(server: Server, browser: Browser, failed: Repository) -> None:
    page = browser.new_context().new_page()
    wrong = enter(page, server)
    page.evaluate("window.isStillThere = true")
    expect(page.locator("#live")).to_contain_text("1/5")
    failed.commit("by another hand", notes__txt="x\n")
    expect(page.locator("#live")).to_contain_text("by another hand", timeout=10_000)
    for number in range(3):
        failed.commit(f"more {number}", notes__txt=f"{number}\n")
    expect(page.locator("#live")).to_contain_text("Batch 2", timeout=10_000)
    failed.run("wait", "2", "--timeout", "90")
    expect(page.locator("#live")).to_contain_text("0/5", timeout=10_000)
    assert page.evaluate("window.isStillThere"), "the page was not loaded again"

    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()

    page.goto(f"{server.origin}/batches/1")
    page.get_by_role("link", name="Roll back").first.click()
    button = page.get_by_role("button", name="Roll back")
    page.get_by_label("Type rollback 1 to carry it out").fill("rollback")
    button.click()
    assert failed.read("calculator.py") != CALCULATOR, "the words are not those"
    page.get_by_label("Type rollback 1 to carry it out").fill("rollback 1")
    button.click()
    expect(page).to_have_url(f"{server.origin}/operations")
    assert failed.read("calculator.py") == CALCULATOR
    page.get_by_role("button", name="Undo").first.click()
    expect(page.get_by_role("button", name="Redo")).to_be_visible()
    assert failed.read("calculator.py") != CALCULATOR
    assert wrong == []
