"""The console in a real browser: both languages, wide and narrow, by keyboard alone, live."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from sqlalchemy import update

from kiosk.config import ASSETS
from kiosk.model.clock import ManualClock
from sync.hub.database import transaction
from sync.hub.departments.mock import MockDepartment, Mood
from sync.hub.departments.mock import serving as department
from sync.hub.roles import Role
from sync.hub.schema import terminals
from sync.hub.services import Platform, open_platform
from sync.outbox import Sent
from tests.console.conftest import PASSWORD, add_apart, add_case, add_terminal, iso
from tests.robot.test_bench import CHROMIUM, FLAGS
from tests.sync.conftest import Terminal
from tests.sync.server import serving

pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="Debian's chromium is not installed: make apt-test"),
]
MENU = [
    "/console",
    "/console/calls",
    "/console/cases",
    "/console/quarantine",
    "/console/handovers",
    "/console/terminals",
    "/console/enrolment",
    "/console/users",
    "/console/audit",
    "/console/openings",
]


@dataclass
class Hall:
    """A platform that is served, and a browser before it."""

    platform: Platform
    address: str
    browser: Browser
    case_id: str
    terminal: Terminal
    department: MockDepartment

    def page(self, role: Role, lang: str = "zh", width: int = 1280) -> Page:
        """A page of somebody who has logged in; whatever the browser complains about fails the test."""
        context = self.browser.new_context(viewport={"width": width, "height": 900})
        page = context.new_page()
        page.on("pageerror", lambda error: pytest.fail(str(error)))
        page.on("console", lambda m: pytest.fail(m.text) if m.type == "error" else None)
        page.goto(f"{self.address}/console/login?lang={lang}")
        page.get_by_label("用户名" if lang == "zh" else "User name").fill(f"{role}-1")
        page.get_by_label("密码" if lang == "zh" else "Password").fill(PASSWORD)
        page.get_by_role("button", name="登录" if lang == "zh" else "Log in").click()
        expect(page.get_by_role("heading", level=1, name="总览" if lang == "zh" else "Overview")).to_be_visible()
        return page


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    folder = tmp_path_factory.mktemp("console")
    with department(Mood.DOWN) as hrss:
        yield from opened(folder, hrss)


def opened(folder: Path, hrss: MockDepartment) -> Iterator[Hall]:
    (folder / "hub").mkdir()
    named = f'[hrss]\nurl = "{hrss.url}"\nservices = ["social-security-card"]\n'
    (folder / "hub" / "departments.toml").write_text(named)
    platform = open_platform(folder / "hub", ASSETS / "catalogue", ManualClock(datetime.now(UTC)))
    for role in Role:
        platform.users.set_password(f"{role}-1", PASSWORD, role)
    add_terminal(
        platform, "CD04", faults='["paper_low", "printer_jam"]', chain="gap", backlog=3, oldest=iso(platform, 99)
    )
    add_terminal(platform, "CD05", last_contact=iso(platform, 9000))
    stuck = add_case(platform, "CD04", 1, state="quarantined", reason="unknown_form")
    add_apart(platform, "CD04", "a", "{}", reason="conflict", case_id=stuck)
    with serving(platform) as address, sync_playwright() as driver:
        (folder / "terminal").mkdir()
        terminal = Terminal(folder / "terminal", platform, address)
        case_id = terminal.submit()
        assert terminal.outbox.send_next() == Sent.SENT
        platform.worker.work_off()
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield Hall(platform, address, browser, case_id, terminal, hrss)
        browser.close()
    platform.engine.dispose()


@pytest.mark.parametrize(("lang", "width"), [("zh", 1280), ("en", 400)])
def test_every_page_is_whole_in_its_language(hall: Hall, lang: str, width: int) -> None:
    page = hall.page(Role.ADMIN, lang, width)
    case = f"/console/case?terminal=T01&id={hall.case_id}"
    record = "/console/quarantine/record?terminal=CD04&digest=sha256:" + "a" * 64
    for path in [*MENU, "/console/terminals/CD04", case, record, "/console/password"]:
        page.goto(hall.address + path)
        assert page.locator("h1").count() == 1, path
        assert page.locator("main, nav, header").count() >= 3, path
        assert page.locator("html").get_attribute("lang") == ("zh-CN" if lang == "zh" else "en")
        too_wide = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
        assert not too_wide, path
        nameless = page.evaluate(
            "[...document.querySelectorAll('main input:not([type=hidden]), main select')]"
            ".filter(e => !e.labels.length && !e.ariaLabel).length"
        )
        assert nameless == 0, path
        text = page.locator("body").inner_text()
        stray = text.replace("中文", "").replace("便民", "") if lang == "en" else ""
        assert not any("\u4e00" <= c <= "\u9fff" for c in stray), path
        assert "English" in text or lang == "en"


def test_the_chart_is_drawn_and_stands_in_a_table_as_well(hall: Hall) -> None:
    page = hall.page(Role.CLERK)
    expect(page.locator("#chart canvas")).to_be_visible()
    page.get_by_text("用表格看").click()
    expect(page.get_by_role("rowheader").last).to_be_visible()
    assert page.locator("#chart-rows tr").count() == 48


def test_a_case_is_opened_read_and_closed_by_keyboard_alone(hall: Hall) -> None:
    page = hall.page(Role.CLERK, "en")

    def tab_to(name: str) -> None:
        """Press Tab until what has this name is reached, and it is seen that it is."""
        for _ in range(60):
            page.keyboard.press("Tab")
            reached = page.evaluate(
                "(() => { const e = document.activeElement; return e.labels?.[0]?.textContent || e.textContent })()"
            )
            if reached.strip().startswith(name):
                assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
                return
        pytest.fail(f"Tab does not reach {name}")

    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    tab_to("Cases")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Received cases")).to_be_visible()
    tab_to("T01-")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Open the case")).to_be_visible()
    assert "990000199003070013" not in page.content(), "nothing of a person before there is a reason"
    tab_to("Reason")
    page.keyboard.type("To")
    tab_to("Open")
    page.keyboard.press("Enter")
    expect(page.get_by_text("990000199003070013")).to_be_visible()
    expect(page.get_by_text("Resident identity card")).to_be_visible()
    lines = page.locator("dt").all_inner_texts()
    assert lines[:2] == ["Name", "Number"]
    assert lines.index("Cause") < lines.index("Bank") < lines.index("Your mobile number"), "the order of the form"
    expect(page.get_by_role("img", name="Signature")).to_be_visible()
    document = page.get_by_role("link", name="(PDF)").get_attribute("href")
    answer = page.request.get(hall.address + str(document))
    assert answer.body().startswith(b"%PDF")
    tab_to("Close the case")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="The case is closed.")).to_be_visible()
    expect(page.locator(".way")).to_contain_text("clerk-1")


def test_a_call_is_seen_and_read_out_on_every_page(hall: Hall) -> None:
    page = hall.page(Role.CLERK)
    page.goto(f"{hall.address}/console/cases")
    expect(page.locator("#calls-count .badge")).to_have_count(0)
    page.wait_for_timeout(1500)  # the stream stands, and the first look is over

    def call(count: int) -> None:
        values = {"calls": count, "called": iso(hall.platform, 0) if count else ""}
        change = update(terminals).where(terminals.c.terminal == "CD05").values(**values)
        transaction(hall.platform.engine, lambda connection: connection.execute(change))

    call(1)
    expect(page.locator("#calls-count .badge")).to_contain_text("1")
    expect(page.locator("#heard")).to_have_text("有 1 台终端呼叫工作人员")
    assert page.title().startswith("(1)")
    page.goto(f"{hall.address}/console/calls")
    expect(page.get_by_role("rowheader", name="CD05")).to_be_visible()
    call(0)
    expect(page.get_by_text("没有人呼叫。")).to_be_visible()


def test_a_technician_makes_a_code_and_settles_what_was_found(hall: Hall) -> None:
    page = hall.page(Role.TECHNICIAN)
    assert page.get_by_role("link", name="办件", exact=True).count() == 0
    page.get_by_role("link", name="终端", exact=True).click()
    page.get_by_label("编号、版本或故障").fill("卡纸")
    page.get_by_role("button", name="查找").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_role("link", name="CD04").click()
    page.get_by_text("打印机卡纸").click()
    expect(page.get_by_text("由谁处理：大厅工作人员").first).to_be_visible()
    page.get_by_label("查明了什么").fill("换过磁盘")
    page.get_by_role("button", name="了结").click()
    expect(page.get_by_role("status").filter(has_text="已了结。")).to_be_visible()
    page.get_by_role("button", name="生成替换码").click()
    expect(page.get_by_text("kiosk enrol")).to_be_visible()


def test_a_clerk_sees_why_cases_wait_for_a_department_and_has_it_tried_again(hall: Hall) -> None:
    hall.terminal.client.ping()
    waiting = hall.terminal.submit()
    assert hall.terminal.outbox.send_next() == Sent.SENT
    hall.platform.worker.work_off()
    hall.platform.handovers.breakers["social-security-card"].failures = 4
    hall.platform.handovers.work()
    page = hall.page(Role.CLERK, "en")
    page.get_by_role("link", name="Handovers").click()
    expect(page.get_by_text("Left alone")).to_be_visible()
    # The one that has waited longest is tried to find out, and no other: the circuit is nearly open.
    row = page.get_by_role("row").filter(has=page.get_by_role("button", name="Try again now: T01-")).first
    expect(row).to_contain_text("It answers with an error")
    expect(row).to_contain_text("HTTP 503")
    hall.department.mood = Mood.WELL
    row.get_by_role("button").click()
    expect(page.get_by_role("status").filter(has_text="It is being tried")).to_be_visible()
    while hall.platform.handovers.work():
        pass
    page.goto(f"{hall.address}/console/handovers?shown=taken")
    expect(page.get_by_text("Takes cases")).to_be_visible()
    expect(page.locator(f"a[href*='{waiting}']")).to_be_visible()
    expect(page.locator("tbody").last).to_contain_text("D-0000")
    assert hall.page(Role.TECHNICIAN).get_by_role("link", name="移交").count() == 0
