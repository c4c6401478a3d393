"""The pages in real headless Chromium: what a reader does with them, and what a hostile answer cannot do."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import sample_run
from test_reports import other_dify, two_nights, with_known_failures

from rename_tck.reports import html, matrix

playwright = pytest.importorskip(
    "playwright.sync_api", reason="the browser tests need playwright: pip install -e '.[dev]'"
)

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

# what the pages hold, test_reports proves without a browser
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        CHROMIUM is None, reason="the browser tests need Chromium on the path: apt-get install chromium"
    ),
]

WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 420, "height": 900}
USER = "#dify\\.user-required"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=CHROMIUM)
        yield started
        started.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The report of a hostile server, and several targets side by side, as files."""
    folder = tmp_path_factory.mktemp("pages")
    sources = {
        "report": html.render(with_known_failures(), two_nights()),
        "matrix": matrix.render(
            [(f"target {number}", sample_run.sample()) for number in range(7)]
            + [("x", other_dify()), ("part", sample_run.incomplete())]
        ),
    }
    for name, source in sources.items():
        (folder / f"{name}.html").write_text(source, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in sources}


class Tab:
    """One page, and everything in it that must not happen."""

    def __init__(self, browser: Any, path: Path, anchor: str = "", viewport: Any = None, **context: Any) -> None:
        self.address = path.as_uri()
        self.requests: list[str] = []
        self.faults: list[str] = []
        self.page = browser.new_context(viewport=viewport or WIDE, **context).new_page()
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        self.page.on("dialog", self._dismiss)
        self.page.on("console", lambda message: self.faults.append(f"console: {message.text}"))
        self.page.add_init_script(
            "addEventListener('securitypolicyviolation', (e) => (window.refused ??= []).push(e.effectiveDirective))"
        )
        self.page.goto(self.address + anchor)

    def _dismiss(self, dialog: Any) -> None:
        self.faults.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def shown(self) -> list[str]:
        """The requirements that the page shows."""
        found: list[str] = self.page.eval_on_selector_all(
            ".req", "(all) => all.filter((r) => !r.hidden).map((r) => r.id)"
        )
        return found

    def is_open(self, name: str) -> bool:
        """Whether a requirement's row is open, for the eye and for who listens."""
        expanded, visible = self.page.evaluate(
            """(name) => {
              const row = document.getElementById(name);
              const [button, more] = ["button", ".more"].map((part) => row.querySelector(part));
              return [button.ariaExpanded === "true", more.checkVisibility()];
            }""",
            name,
        )
        assert expanded == visible
        return bool(visible)


@pytest.fixture(params=["report", "matrix"])
def any_page(request: pytest.FixtureRequest, pages: dict[str, Path]) -> Path:
    return pages[request.param]


@pytest.fixture
def report(browser: Any, pages: dict[str, Path]) -> Iterator[Tab]:
    tab = Tab(browser, pages["report"])
    yield tab
    assert tab.faults == []
    tab.page.context.close()


# What a reader does


def test_filter(report: Tab) -> None:
    assert len(report.shown()) == 17
    report.page.get_by_role("radio", name=re.compile("^fail")).check()
    assert report.shown() == [
        "dify.name-exact", "dify.not-found-shape", "dify.long-name-exact", "dify.user-required",
    ], "a known failure comes last"  # fmt: skip
    assert report.page.get_by_role("status").inner_text() == "4 of 17 requirements shown"
    assert report.page.get_by_text("No requirement of this run matches.").locator("visible=true").count() == 1
    report.page.get_by_role("radio", name=re.compile("^all")).check()
    assert len(report.shown()) == 17


def test_filter_stands_in_the_address(report: Tab, browser: Any, pages: dict[str, Path]) -> None:
    report.page.get_by_role("radio", name=re.compile("^not tested")).check()
    report.page.get_by_role("searchbox").fill("session-id")
    shown = report.shown()
    assert shown == ["dify.auto-generate-ignores-name", "dify.auto-generate-stores"]
    assert report.page.url.partition("?")[2] == "show=not+tested&search=session-id"
    shared = Tab(browser, pages["report"], "?show=not+tested&search=session-id")
    assert shared.shown() == shown
    report.page.get_by_role("searchbox").fill("")
    report.page.get_by_role("radio", name=re.compile("^pass")).check()
    assert report.page.locator("[id='dify.rename-twice'] .row").is_visible(), "what passed is not folded then"
    report.page.go_back()
    assert "dify.rename-twice" not in report.shown()
    assert report.page.get_by_role("radio", name=re.compile("^not tested")).is_checked()
    odd = Tab(browser, pages["report"], "?show=nothing&search=%00<b>")
    assert odd.page.get_by_role("radio", name=re.compile("^all")).is_checked()
    assert shared.faults == odd.faults == []


def test_search(report: Tab) -> None:
    search = report.page.get_by_role("searchbox")
    search.fill("USER left out")
    assert report.shown() == ["dify.user-required"]
    search.fill("no such words")
    assert report.shown() == []
    search.fill("type-validated")
    assert report.shown() == ["agno.type-validated"]
    assert report.page.locator("[id='agno.type-validated'] .row").is_visible(), "what passed is not folded then"
    search.fill("")
    assert len(report.shown()) == 17


def test_search_and_filter_of_the_matrix(browser: Any, pages: dict[str, Path]) -> None:
    tab = Tab(browser, pages["matrix"])
    tab.page.get_by_role("radio", name=re.compile("^differ")).check()
    assert "dify.user-required" in tab.shown()
    assert "dify.name-exact" not in tab.shown()
    tab.page.get_by_role("searchbox").fill("user")
    assert tab.shown() == ["dify.user-required"]
    assert tab.faults == []


def test_row_opens_and_closes(report: Tab) -> None:
    assert not report.is_open("dify.user-required")
    report.page.click(f"{USER} button")
    assert report.is_open("dify.user-required")
    report.page.click(f"{USER} .sentence")
    assert not report.is_open("dify.user-required")
    report.page.get_by_role("button", name="Open all").click()
    assert all(map(report.is_open, report.shown()))
    report.page.get_by_role("button", name="Close all").click()
    assert not any(map(report.is_open, report.shown()))


def test_link_opens_its_row(browser: Any, any_page: Path) -> None:
    tab = Tab(browser, any_page, "#dify.user-required")
    assert tab.is_open("dify.user-required")
    box = tab.page.locator(f"{USER} .row").bounding_box()
    assert 0 <= box["y"] < WIDE["height"] / 2, "and it is in view"
    assert tab.faults == []


def test_link_opens_a_row_that_the_filter_hid(report: Tab) -> None:
    report.page.get_by_role("radio", name=re.compile("^pass")).check()
    assert "dify.user-required" not in report.shown()
    report.page.locator("article a[href='#dify.user-required']").click()
    report.page.locator(f"{USER} .more").wait_for()
    assert report.is_open("dify.user-required")
    assert len(report.shown()) == 17
    report.page.click(f"{USER} button")
    report.page.locator("article a[href='#dify.user-required']").click()
    assert report.is_open("dify.user-required"), "also when the address names it already"


def test_a_link_opens_whatever_its_target_is_folded_into(browser: Any, pages: dict[str, Path]) -> None:
    tab = Tab(browser, pages["report"], "#dify.rename-twice")
    assert tab.is_open("dify.rename-twice"), "a requirement that passed"
    tab.page.locator("nav.marks a[aria-label='dify.name-exact: fail']").click()
    tab.page.wait_for_url("**#fail:dify.name-exact")
    failure = tab.page.locator("[id='fail:dify.name-exact']")
    assert 0 <= failure.bounding_box()["y"] < WIDE["height"] / 2
    failure.locator("figcaption a").click()
    assert tab.page.locator("[id='1:ja:171']").is_visible(), "the line of the document"
    assert tab.faults == []


@pytest.mark.parametrize("anchor", ["#nothing", "#%E0%A4%A", "#run-1", "#dify.obs-name-length", "#\"'<b>"])
def test_other_links_do_no_harm(anchor: str, browser: Any, pages: dict[str, Path]) -> None:
    tab = Tab(browser, pages["report"], anchor)
    assert len(tab.shown()) == 17
    assert tab.faults == []


def test_copy_button_copies_the_curl(report: Tab) -> None:
    failure = report.page.locator("[id='fail:dify.name-exact']")
    failure.get_by_text("curl", exact=True).click()
    failure.get_by_role("button", name="Copy").last.click()
    report.page.get_by_role("button", name="Copied").wait_for()
    report.page.get_by_role("searchbox").focus()
    report.page.keyboard.press("Control+V")
    expected = sample_run.sample()["runs"][0]["requirements"][2]["curl"]
    assert report.page.get_by_role("searchbox").input_value() == expected
    report.page.get_by_role("button", name="Copy", exact=True).first.wait_for()


def test_keyboard_alone(report: Tab) -> None:
    keys, focused = report.page.keyboard, "document.activeElement"
    for _ in range(60):
        keys.press("Tab")
        if report.page.evaluate(f"{focused}.name") == "show":
            break
    keys.press("ArrowRight")
    assert len(report.shown()) == 4
    keys.press("Tab")
    assert report.page.evaluate(f"{focused}.type") == "search"
    keys.type("user-required")
    assert report.shown() == ["dify.user-required"]
    for _ in range(200):
        keys.press("Tab")
        if report.page.evaluate(f"{focused}.getAttribute('aria-controls')"):
            break
    for key, is_open in (("Enter", True), ("Space", False)):
        keys.press(key)
        assert report.is_open("dify.user-required") is is_open
    assert report.page.evaluate(f"getComputedStyle({focused}).outlineStyle") != "none", "the focus is seen"


def test_page_is_whole_without_scripts(browser: Any, pages: dict[str, Path]) -> None:
    tab = Tab(browser, pages["report"], java_script_enabled=False)
    assert tab.page.locator("[id='fail:dify.user-required']").is_visible()
    assert tab.page.locator(f"{USER} .more").is_visible()
    assert not tab.page.locator(".toolbar").is_visible()
    assert not tab.page.locator("[data-copy]").first.is_visible()
    tab.page.get_by_text("3 passed").first.click()
    assert tab.page.locator("[id='dify.rename-twice'] .more").is_visible()


def test_print_shows_the_failures(report: Tab) -> None:
    report.page.emulate_media(media="print")
    assert report.page.locator("[id='fail:dify.user-required'] .fails pre").first.is_visible()
    assert not report.page.locator(".toolbar").is_visible()
    assert not report.page.locator("[id='dify.rename-accepted'] .more").is_visible()


# What a hostile server cannot do


def test_nothing_runs_and_no_request_leaves_the_page(browser: Any, any_page: Path) -> None:
    tab = Tab(browser, any_page, "#dify.not-found-shape")
    tab.page.get_by_role("button", name="Open all").click()
    tab.page.wait_for_load_state("networkidle")
    assert tab.requests == [tab.address]
    assert tab.page.evaluate("window.refused") is None, "there was nothing to refuse"
    assert tab.page.locator("img, iframe, object, embed, link, base").count() == 0
    assert tab.faults == []


@pytest.fixture
def listener() -> Iterator[tuple[str, list[str]]]:
    """A server that a page could reach, and the paths that were asked of it."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
        server.shutdown()


def test_policy_stands_even_if_an_answer_became_markup(
    browser: Any, pages: dict[str, Path], listener: tuple[str, list[str]], tmp_path: Path
) -> None:
    """The second wall: with the first torn down (the answer unescaped), still nothing runs and nothing is fetched."""
    url, asked = listener
    attack = (
        f"<script>window.ran = 1</script><script src='{url}/js'></script><img src='{url}/img' onerror='window.ran = 2'>"
        f"<link rel=stylesheet href='{url}/css'><style>body {{ display: none }}</style><iframe src='{url}/in'></iframe>"
        f"<a href='javascript:window.ran = 3' id=lure>lure</a><form action='{url}/form' id=form></form>"
    )
    source = pages["report"].read_text(encoding="utf-8")
    marker = "&lt;script&gt;alert(document.domain)&lt;/script&gt;"
    assert marker in source
    torn = tmp_path / "torn.html"
    torn.write_text(source.replace(marker, attack), encoding="utf-8")
    tab = Tab(browser, torn)
    tab.page.get_by_role("button", name="Open all").click()
    tab.page.locator("#lure").first.evaluate("(lure) => lure.click()")
    tab.page.locator("#form").first.evaluate("(form) => form.submit()")
    tab.page.wait_for_function(
        "(kinds) => kinds.every((kind) => (window.refused ?? []).some((directive) => directive.startsWith(kind)))",
        arg=["script-src", "style-src", "img-src", "frame-src", "form-action"],
    )
    assert tab.page.evaluate("window.ran") is None
    assert asked == []
    assert tab.page.locator("h1").is_visible()
    tab.page.goto(f"{url}/to-see-that-it-listens")
    assert asked[0] == "/to-see-that-it-listens"


# How it looks


def _rgb(color: str) -> list[float]:
    return [float(part) for part in re.findall(r"[\d.]+", color)[:3]]


def _contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours (WCAG 2.2)."""

    def luminance(color: str) -> float:
        parts = [part / 255 for part in _rgb(color)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


COLORS = """(selector) => [...document.querySelectorAll(selector)].map((element) => {
  let back = element;
  while (back && getComputedStyle(back).backgroundColor === "rgba(0, 0, 0, 0)") back = back.parentElement;
  return [getComputedStyle(element).color, getComputedStyle(back ?? document.body).backgroundColor];
})"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_in_both_schemes(scheme: str, browser: Any, any_page: Path) -> None:
    tab = Tab(browser, any_page, color_scheme=scheme)
    tab.page.get_by_role("button", name="Open all").click()
    (_, paper), *_ = tab.page.evaluate(COLORS, "body")
    assert (sum(_rgb(paper)) < 3 * 60) == (scheme == "dark")
    for selector in (
        "p",
        "a",
        ".verdict",
        ".cell",
        "dt",
        "dd",
        "th",
        "td",
        "pre",
        "del",
        "ins",
        ".quiet",
        "button",
        "h1 span",
        "summary",
        ".mark",
        ".marks a",
        ".signs span",
        ".hid",
        "code",
    ):
        for ink, back in tab.page.evaluate(COLORS, selector):
            assert _contrast(ink, back) >= 4.5, f"{selector}: {ink} on {back}"


def test_the_verdict_is_the_largest_thing(browser: Any, pages: dict[str, Path]) -> None:
    tab = Tab(browser, pages["report"])
    sizes = tab.page.evaluate(
        """() => [...document.querySelectorAll("body *")].map((e) => [e.closest("h1") !== null,
             parseFloat(getComputedStyle(e).fontSize)])"""
    )
    assert min(size for of_verdict, size in sizes if of_verdict) > max(
        size for of_verdict, size in sizes if not of_verdict
    )


@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
def test_no_heading_of_a_table_breaks_inside_a_word(viewport: dict[str, int], browser: Any, any_page: Path) -> None:
    tab = Tab(browser, any_page, viewport=viewport)
    broken = tab.page.evaluate(
        """() => [...document.querySelectorAll("thead th")].flatMap((head) => {
          const walker = document.createTreeWalker(head, NodeFilter.SHOW_TEXT), found = [];
          for (let node; (node = walker.nextNode());) {
            for (const word of node.data.matchAll(/[\\w]+/g)) {
              const range = document.createRange();
              range.setStart(node, word.index);
              range.setEnd(node, word.index + word[0].length);
              if (range.getClientRects().length > 1) found.push(word[0]);
            }
          }
          return found;
        })"""
    )
    assert broken == []


def test_each_mark_has_a_shape_of_its_own(browser: Any, pages: dict[str, Path]) -> None:
    tab = Tab(browser, pages["report"])
    looks = tab.page.evaluate(
        """() => Object.fromEntries([...document.querySelectorAll(".marks a")].map((mark) => [
             mark.dataset.verdict,
             getComputedStyle(mark, "::before").content + getComputedStyle(mark).borderStyle]))"""
    )
    assert set(looks) == {"pass", "fail", "not tested", "error"}
    assert len(set(looks.values())) == 4


@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
def test_nothing_overflows(viewport: dict[str, int], browser: Any, any_page: Path) -> None:
    tab = Tab(browser, any_page, viewport=viewport)
    tab.page.get_by_role("button", name="Open all").click()
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    assert tab.faults == []


@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
def test_nothing_overflows_with_long_texts(viewport: dict[str, int], browser: Any, tmp_path: Path) -> None:
    content = sample_run.sample()
    dify = content["runs"][0]
    dify["base_url"] = "http://" + "long" * 100
    dify["requirements"][0]["id"] = "dify." + "long" * 60
    dify["requirements"][1]["answer"]["body"] = "x" * 3000
    dify["observations"][0]["answer"] = "y" * 500
    path = tmp_path / "long.html"
    path.write_text(html.render(content), encoding="utf-8")
    tab = Tab(browser, path, viewport=viewport)
    tab.page.get_by_role("button", name="Open all").click()
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
