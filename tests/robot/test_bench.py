"""The bench and the platform's console in a real browser."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Page, expect, sync_playwright

from devices.simulators.client import RigClient
from kiosk.catalogue.loader import parse_package
from kiosk.config import ASSETS
from kiosk.model.clock import hall_date
from kiosk.robot.citizen import Citizen
from kiosk.robot.plans import plans
from kiosk.robot.screen import RemoteScreen
from tests.waiting import until

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(180),
    pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="Debian's chromium is not installed: make apt-test"),
]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A running ``kiosk demo`` without a display, and the address that it printed."""
    environment = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    command = [sys.executable, "-m", "kiosk.cli", "demo", "--state", str(tmp_path_factory.mktemp("demo"))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        address = ""
        for line in process.stdout:
            if found := re.search(r"http://127\S+token=\S+", line):
                address = found[0]
                break
        assert address
        yield address, process
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
        _gone, alive = psutil.wait_procs(children, timeout=5)
        assert not alive, "one Ctrl-C ends all of it"


@pytest.fixture(scope="module")
def browser_page(demo: tuple[str, subprocess.Popen[str]]) -> Iterator[Page]:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1500, "height": 950})
        page.goto(demo[0])
        yield page
        browser.close()


def frames(page: Page) -> int:
    return int(page.locator("#screen").get_attribute("data-frames") or 0)


def touch(page: Page, x: float, y: float) -> None:
    """Touch the terminal's screen at a point of its 1080 x 1920 pixels."""
    box = page.locator("#screen").bounding_box()
    assert box is not None
    scale = (box["width"] - 20) / 1080
    seen = frames(page)
    page.mouse.click(box["x"] + 10 + x * scale, box["y"] + 10 + y * scale)
    until(lambda: frames(page) > seen, "a new picture")


def test_the_live_screen_can_be_touched_and_the_hardware_acts(browser_page: Page) -> None:
    page = browser_page
    until(lambda: frames(page) > 0, "the first picture")
    touch(page, 444, 1860)  # call for help: the dialog is another picture
    page.get_by_role("button", name="张示例").click()
    expect(page.get_by_role("button", name="张示例")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="lease").click()
    expect(page.get_by_role("button", name="lease")).to_have_attribute("aria-pressed", "true")
    network = page.locator('[data-device="network"]')
    network.click()
    expect(network).to_have_text("插上 Plug in")
    network.click()
    expect(network).to_have_text("拔掉 Unplug")
    page.get_by_role("button", name="用完纸").click()
    expect(page.locator("#roll")).to_have_text("纸 0 行")


def test_a_whole_matter_is_seen_from_card_to_paper_and_platform(
    browser_page: Page, demo: tuple[str, subprocess.Popen[str]], tmp_path: Path
) -> None:
    """The citizen is the robot; what its case does to the hardware and the platform is seen on the page."""
    page = browser_page
    rig = next(
        p for p in psutil.Process(demo[1].pid).children(recursive=True) if "devices.simulators.rig" in p.cmdline()
    )
    folder = Path(rig.cmdline()[rig.cmdline().index("--folder") + 1])
    page.locator("#refill").click()
    page.locator("#lift").click()
    service = "out-of-area-treatment"
    package = parse_package((ASSETS / "catalogue" / f"{service}.yaml").read_bytes())
    plan = plans(datetime.fromisoformat(hall_date(datetime.now(UTC))).date())[service]
    screen, client = RemoteScreen(folder.parent / "terminal" / "remote"), RigClient(folder / "control")
    if screen.where()["dialog"]:
        screen.tap("dialog_yes")
    citizen = Citizen(screen, client, package, plan, lambda _name: None)
    citizen.go(until="Receipt")
    number = screen.items()["receipt_number"]["text"]
    expect(page.locator("#ticket")).to_be_visible()
    box = page.locator("#ticket").bounding_box()
    assert box is not None
    assert box["height"] > box["width"], "a receipt is longer than wide"
    expect(page.get_by_role("cell", name=number)).to_be_visible()
    page.screenshot(path=str(tmp_path / "bench.png"))
    page.locator("#tear").click()
    expect(page.locator("#ticket")).to_be_hidden()
    citizen.go()
    citizen.leave()
    screen.wait(
        lambda now: now["screen"] == "Home" and now["devices"].get("code_reader") == "online", "the next worker"
    )
    page.locator("#show").click()
    screen.wait(lambda now: now["screen"] == "Lookup", "the case by its receipt's code")
    screen.tap("back")
    screen.wait(lambda now: now["screen"] == "Home", "the welcome screen")
    screen.close()
    client.close()


def test_the_address_works_once(browser_page: Page, demo: tuple[str, subprocess.Popen[str]]) -> None:
    other = browser_page.context.browser
    assert other is not None
    stranger = other.new_context().new_page()
    answer = stranger.goto(demo[0])
    assert answer is not None
    assert answer.status == 403


def test_the_console_is_behind_a_login(browser_page: Page) -> None:
    link = browser_page.locator("#console a")
    address = link.get_attribute("href")
    assert address
    password = (browser_page.locator("#console").text_content() or "").rsplit("/", 1)[1].strip()
    browser = browser_page.context.browser
    assert browser is not None
    console = browser.new_page()
    console.goto(address.replace("/login", "/cases"))
    assert "/console/login" in console.url
    console.get_by_label("用户名").fill("demo")
    console.get_by_label("密码").fill("wrong")
    console.get_by_role("button", name="登录").click()
    expect(console.get_by_role("alert")).to_be_visible()
    console.get_by_label("用户名").fill("demo")
    console.get_by_label("密码").fill(password)
    console.get_by_role("button", name="登录").click()
    expect(console.get_by_role("heading", name="收到的办件")).to_be_visible()
    expect(console.get_by_role("cell", name="CD03", exact=True).first).to_be_visible()
    console.get_by_role("link", name="English").click()
    expect(console.get_by_role("heading", name="Received cases")).to_be_visible()
