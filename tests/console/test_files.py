"""The files that pages are made of: unchanged where they are others', without script or style inside pages."""

from __future__ import annotations

import hashlib
import re

from sync.hub.console.site import HERE, STATIC

VENDOR = STATIC / "vendor"


def test_files_of_others_are_what_the_notice_says() -> None:
    rows = [line.split(" | ") for line in (VENDOR / "NOTICE").read_text().splitlines() if " | " in line][1:]
    assert {row[0] for row in rows} == {p.name for p in VENDOR.iterdir() if p.suffix in (".js", ".css")}
    for name, package, version, licence, text, digest in rows:
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == digest, name
        assert "BSD" in (VENDOR / text).read_text() or "MIT" in (VENDOR / text).read_text()
        assert all((package, version, licence))


def test_pages_hold_no_script_and_no_style_of_their_own() -> None:
    for path in (HERE / "templates").glob("*.html"):
        text = path.read_text("utf-8")
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:|hx-on|hx-vals", text), path.name
        assert not re.search(r"<script(?![^>]*\ssrc=)", text), path.name
        assert "|safe" not in text, path.name
        for form in re.findall(r'<form[^>]*method="post".*?</form>', text, re.DOTALL):
            assert "csrf" in form or "/console/login" in form, path.name


def test_every_table_has_a_caption_and_headings_that_say_what_they_head() -> None:
    for path in (HERE / "templates").glob("*.html"):
        text = path.read_text("utf-8")
        assert text.count("<table") == text.count("<caption"), path.name
        assert not re.search(r"<th(?![^>]*scope=)(?=[\s>])", text), path.name
