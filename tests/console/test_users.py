"""People at the console; on both databases."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from kiosk.model.clock import ManualClock
from sync.hub.roles import RIGHTS, Right, Role
from sync.hub.schema import audit, users
from sync.hub.services import Platform
from sync.hub.users import AT_ONCE, FREE_TRIES, LONGEST_WAIT, NAME_TRIES, NAME_WAIT, Unfit, User, wait_after

PASSWORD = "a long password"


def kinds(platform: Platform) -> list[str]:
    with platform.engine.connect() as connection:
        return list(connection.scalars(select(audit.c.kind).order_by(audit.c.at, audit.c.id)))


def test_wrong_passwords_cost_more_and_more_time(platform: Platform) -> None:
    clock = platform.clock
    assert isinstance(clock, ManualClock)
    desk = platform.users
    desk.set_password("li", PASSWORD)
    for name in ("li", "no\0body"):
        for _ in range(FREE_TRIES):
            assert desk.log_in(name, "wrong").wait == 0
        assert desk.log_in(name, "wrong").wait == 30
        assert 0 < desk.log_in(name, PASSWORD).wait <= 30, "even the right one has to wait, whoever it is"
    clock.advance(31)
    assert desk.log_in("li", "wrong").wait == 60
    clock.advance(61)
    assert desk.log_in("li", PASSWORD).token
    assert desk.log_in("li", "wrong").wait == 0, "forgotten after a login"
    assert wait_after(1000) == LONGEST_WAIT
    assert kinds(platform).count("login_failed") == 2 * (FREE_TRIES + 1) + 2


def test_who_types_a_name_elsewhere_keeps_its_owner_out_nowhere(platform: Platform) -> None:
    clock = platform.clock
    assert isinstance(clock, ManualClock)
    desk = platform.users
    desk.set_password("li", PASSWORD)
    assert desk.log_in("li", PASSWORD, "10.0.0.1").token
    for number in range(NAME_TRIES):
        for _ in range(3):
            desk.log_in("li", "wrong", f"192.0.2.{number}")
    assert desk.log_in("li", "wrong", "192.0.2.99").wait == NAME_WAIT, "and guessing goes slowly from everywhere"
    assert 0 < desk.log_in("li", PASSWORD, "198.51.100.1").wait <= NAME_WAIT
    assert desk.log_in("li", PASSWORD, "10.0.0.1").token
    for _ in range(FREE_TRIES + 1):
        desk.log_in("li", "wrong", "192.0.2.1")
    assert desk.log_in("li", PASSWORD, "192.0.2.1").wait > 0
    assert desk.log_in("li", PASSWORD, "198.51.100.1").token, "an address of its own waits for itself alone"
    # Where the owner was, wrong ones are counted like anywhere.
    for _ in range(FREE_TRIES):
        assert desk.log_in("li", "wrong", "10.0.0.1").wait == 0
    assert desk.log_in("li", "wrong", "10.0.0.1").wait == 30
    clock.advance(100 * 86400)
    assert desk.log_in("li", "wrong", "10.0.0.1").wait == 0, "forgotten in time"


def test_a_guess_a_minute_is_all_that_many_addresses_get(platform: Platform) -> None:
    clock = platform.clock
    assert isinstance(clock, ManualClock)
    desk = platform.users
    desk.set_password("li", PASSWORD)
    tried = 0
    for second in range(0, 1200, 5):
        tried += desk.log_in("li", "wrong", f"address {second}").wait in (0.0, NAME_WAIT)
        clock.advance(5)
    assert tried <= NAME_TRIES + 1200 / NAME_WAIT


def test_only_few_passwords_are_checked_at_the_same_time(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sync.hub.users.PATIENCE", 0.01)
    platform.users.set_password("li", PASSWORD)
    for _ in range(AT_ONCE):
        platform.users._turns.acquire()
    assert platform.users.log_in("li", PASSWORD).wait > 0
    platform.users._turns.release()
    assert platform.users.log_in("li", PASSWORD).token


def test_a_role_counts_from_the_next_request_on(platform: Platform) -> None:
    desk = platform.users
    desk.set_password("wang", PASSWORD, Role.ADMIN)
    desk.set_password("li", PASSWORD)
    token = desk.log_in("li", PASSWORD).token
    assert desk.who(token) == User("li", Role.CLERK)
    desk.set_role("li", Role.TECHNICIAN, "wang")
    assert desk.who(token) == User("li", Role.TECHNICIAN)
    desk.set_locked("li", locked=True, by="wang")
    assert desk.who(token) is None
    assert not desk.log_in("li", PASSWORD).token
    desk.set_locked("li", locked=False, by="wang")
    assert desk.who(token) is None, "its sessions have ended"
    assert desk.log_in("li", PASSWORD).token
    assert kinds(platform)[-5:-3] == ["role_changed", "user_locked"]


def test_the_last_administrator_stays(platform: Platform) -> None:
    desk = platform.users
    desk.set_password("wang", PASSWORD, Role.ADMIN)
    for act in (
        lambda: desk.set_role("wang", Role.CLERK, "wang"),
        lambda: desk.set_locked("wang", locked=True, by="wang"),
    ):
        with pytest.raises(Unfit, match="user_last_admin"):
            act()
    desk.set_password("zhao", PASSWORD, Role.ADMIN)
    desk.set_role("wang", Role.CLERK, "zhao")
    with pytest.raises(Unfit, match="user_last_admin"):
        desk.set_role("zhao", Role.CLERK, "zhao")


def test_a_password_of_somebody_else_is_changed_first(platform: Platform) -> None:
    desk = platform.users
    first = desk.create("li", Role.AUDITOR, "wang")
    with pytest.raises(Unfit, match="user_taken"):
        desk.create("li", Role.CLERK, "wang")
    token = desk.log_in("li", first).token
    assert desk.who(token) == User("li", Role.AUDITOR, must_change=True)
    for old, new, why in (
        ("wrong", PASSWORD, "password_wrong"),
        (first, "short", "password_length"),
        (first, "xx-LI-xx-xx", "password_has_name"),
        (first, first, "password_same"),
    ):
        with pytest.raises(Unfit, match=why):
            desk.change_own("li", old, new)
    desk.change_own("li", first, PASSWORD)
    assert desk.who(token) is None
    assert desk.who(desk.log_in("li", PASSWORD).token) == User("li", Role.AUDITOR)
    again = desk.reset("li", "wang")
    assert not desk.log_in("li", PASSWORD).token
    assert desk.log_in("li", again).token


def test_who_sits_down_at_an_open_page_cannot_guess_the_password(platform: Platform) -> None:
    desk = platform.users
    desk.set_password("li", PASSWORD, Role.CLERK)
    for _ in range(FREE_TRIES + 1):
        with pytest.raises(Unfit, match="password_wrong"):
            desk.change_own("li", "a guess of somebody", "another long password")
    with pytest.raises(Unfit, match="password_later"):
        desk.change_own("li", PASSWORD, "another long password")
    assert kinds(platform).count("login_failed") == FREE_TRIES + 1
    assert isinstance(platform.clock, ManualClock)
    platform.clock.advance(3600)
    desk.change_own("li", PASSWORD, "another long password")


def test_a_password_set_at_the_command_line_keeps_the_role(platform: Platform) -> None:
    desk = platform.users
    desk.set_password("wang", PASSWORD, Role.ADMIN)
    desk.set_password("wang", PASSWORD + "!")
    assert desk.who(desk.log_in("wang", PASSWORD + "!").token) == User("wang", Role.ADMIN)
    with platform.engine.connect() as connection:
        stored = connection.scalar(select(users.c.password))
    assert stored is not None
    assert stored.startswith("$argon2id$")
    for name in ("", " li", "l\ni", "x" * 65):
        with pytest.raises(Unfit):
            desk.set_password(name, PASSWORD)


def test_what_is_in_cases_is_for_clerks_and_administrators() -> None:
    assert {role for role in Role if Right.CASES in RIGHTS[role]} == {Role.CLERK, Role.ADMIN}
    assert {role for role in Role if Right.REVOKE in RIGHTS[role]} == {Role.ADMIN}
    assert {role for role in Role if Right.AUDIT in RIGHTS[role]} == {Role.AUDITOR, Role.ADMIN}
