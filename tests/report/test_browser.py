"""The page in a real browser: what a reader on a laptop or a phone gets."""

import os
import shutil
from urllib.parse import unquote, urlparse

import pytest

from bench.report.page import write_report

HEADINGS = [
    "Summary",
    "How to read this page",
    "Leaderboard",
    "Mode coverage and fidelity",
    "Learning curves",
    "Loss and quality",
    "Samples",
    "Controls",
    "Runs",
    "Objectives",
    "Provenance",
]


@pytest.fixture(scope="module")
def index(demo):
    return write_report(demo)


@pytest.fixture(scope="module")
def browser():
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        message = "chromium is not on PATH: install it (apt-get install chromium)"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        chromium = driver.chromium.launch(executable_path=path, args=flags)
        yield chromium
        chromium.close()


@pytest.fixture
def load(browser, index):
    """Open the page at a width; fails on console errors and on requests to any host."""
    contexts, problems = [], []

    def load(width, scheme="light", javascript=True):
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,
            java_script_enabled=javascript,
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on(
            "request",
            lambda request: (
                problems.append(request.url)
                if urlparse(request.url).scheme not in ("file", "data")
                else None
            ),
        )
        page.goto(index.as_uri())
        return page

    yield load
    for context in contexts:
        context.close()
    assert problems == []


@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_never_scrolls_sideways(load, width):
    page = load(width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.evaluate("window.scrollTo(500, 0)")
    assert page.evaluate("window.scrollX") == 0


def test_a_wide_table_scrolls_inside_its_own_box(load):
    boxes = load(390).locator(".scroll:has(table)")
    wider = boxes.evaluate_all("all => all.filter(b => b.scrollWidth > b.clientWidth).length")
    assert wider > 0


def test_all_headings_are_there_and_the_contents_lead_to_them(load):
    page = load(1280)
    assert page.locator("h2").all_inner_texts() == HEADINGS
    targets = page.locator("nav a").evaluate_all("all => all.map(a => a.getAttribute('href'))")
    assert len(targets) == len(HEADINGS)
    for target in targets:
        assert page.locator(f"h2{target}").count() == 1


def test_every_link_leads_to_a_file_that_exists(load, index):
    page = load(1280)
    links = page.locator("a[href]").evaluate_all("all => all.map(a => a.getAttribute('href'))")
    files = [link for link in links if not link.startswith("#")]
    assert all((index.parent / unquote(link)).is_file() for link in files)
    assert {"csv", "svg"} == {link.rsplit(".", 1)[-1] for link in files}
    written = {path.name for path in (index.parent / "figures").glob("*.svg")}
    assert written == {link.rsplit("/", 1)[-1] for link in files if link.endswith("svg")}


def test_every_figure_and_table_has_its_file_beside_it(load):
    page = load(1280)
    figures = page.locator("figure")
    assert figures.count() == page.locator("figure > figcaption > a[href]").count() > 15


def test_figures_alone_are_valid_and_drawn(load, index, browser):
    page = browser.new_page()
    for path in sorted((index.parent / "figures").glob("*.svg")):
        page.goto(path.as_uri())
        assert page.evaluate("document.documentElement.tagName") == "svg", path.name
        assert page.evaluate("document.documentElement.getBBox().width") > 100, path.name
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_and_ink_stand_out_from_the_background(load, scheme):
    page = load(1280, scheme)
    colours = page.evaluate(
        """() => ['body', 'figcaption', 'nav a', 'figure svg text'].map(selector => {
            const style = getComputedStyle(document.querySelector(selector));
            return selector.includes('svg') ? style.fill : style.color;
        }).concat(getComputedStyle(document.body).backgroundColor)"""
    )
    *inks, paper = ([int(n) for n in c[c.index("(") + 1 : -1].split(",")[:3]] for c in colours)

    def luminance(rgb):
        parts = [v / 255 for v in rgb]
        linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for ink in inks:
        low, high = sorted([luminance(ink), luminance(paper)])
        assert (high + 0.05) / (low + 0.05) > 4.5


def test_a_click_on_a_heading_sorts_the_table_both_ways(load):
    page = load(1280)
    table = page.locator("#leaderboard ~ figure table").first
    column = table.locator("th", has_text="W₁, last")

    def keys():
        cells = table.locator("tbody tr td:nth-child(4)")
        return [float(k) for k in cells.evaluate_all("all => all.map(c => c.dataset.sort)")]

    column.click()
    assert keys() == sorted(keys())
    column.click()
    assert keys() == sorted(keys(), reverse=True)
    assert keys()[0] == 1e300


def test_the_page_works_without_javascript(load):
    page = load(390, javascript=False)
    page.locator("summary").first.click()
    assert page.locator("details[open] svg").first.is_visible()
    assert page.locator("h2").count() == len(HEADINGS)
