"""Group commit: what waits goes together, one that is poisoned harms only itself, and there is an end to waiting."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

import pytest

from sync.hub.group import COME_AGAIN, GroupCommit, Overloaded


class Handler:
    """Answers numbers with their doubles, waits while the test says so, and fails where -1 is among them."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.may_go, self.entered = threading.Event(), threading.Event()
        self.may_go.set()

    def __call__(self, numbers: Sequence[int]) -> list[int]:
        self.entered.set()
        assert self.may_go.wait(30)
        self.groups.append(list(numbers))
        if -1 in numbers:
            raise RuntimeError("poison")
        return [2 * n for n in numbers]


@pytest.fixture
def handler() -> Handler:
    return Handler()


@pytest.fixture
def told() -> list[tuple[str, int]]:
    return []


@pytest.fixture
def group(handler: Handler, told: list[tuple[str, int]]) -> Iterator[GroupCommit[int, int]]:
    made = GroupCommit("numbers", handler, lambda name, size, _seconds, _waiting: told.append((name, size)), 8, 20)
    yield made
    handler.may_go.set()
    made.close()


def held(group: GroupCommit[int, int], handler: Handler) -> None:
    """The thread is busy with one item."""
    handler.may_go.clear()
    group.submit(0)
    assert handler.entered.wait(30)


def test_one_who_does_not_wait_any_longer_ends_nothing(group: GroupCommit[int, int], handler: Handler) -> None:
    held(group, handler)
    gone, waits = group.submit(1), group.submit(2)
    assert gone.cancel()
    handler.may_go.set()
    assert waits.result(30) == 4
    handler.entered.clear()
    handler.may_go.clear()
    begun = group.submit(3)
    assert handler.entered.wait(30)
    assert not begun.cancel()
    handler.may_go.set()
    assert (begun.result(30), group.submit(4).result(30)) == (6, 8)
    assert handler.groups == [[0], [2], [3], [4]]


def test_what_waits_goes_together_in_its_order(
    group: GroupCommit[int, int], handler: Handler, told: list[tuple[str, int]]
) -> None:
    held(group, handler)
    answers = [group.submit(n) for n in range(1, 11)]
    handler.may_go.set()
    assert [a.result(30) for a in answers] == [2 * n for n in range(1, 11)]
    assert handler.groups == [[0], [1, 2, 3, 4, 5, 6, 7, 8], [9, 10]]
    assert told == [("numbers", 1), ("numbers", 8), ("numbers", 2)]


def test_a_poisoned_one_harms_only_itself(group: GroupCommit[int, int], handler: Handler) -> None:
    held(group, handler)
    answers = [group.submit(n) for n in (1, -1, 3)]
    handler.may_go.set()
    assert (answers[0].result(30), answers[2].result(30)) == (2, 6)
    with pytest.raises(RuntimeError, match="poison"):
        answers[1].result(30)


def test_who_finds_no_room_comes_again_at_a_moment_of_its_own(group: GroupCommit[int, int], handler: Handler) -> None:
    held(group, handler)
    answers = [group.submit(n) for n in range(20)]
    moments = set()
    for _ in range(20):
        with pytest.raises(Overloaded) as full:
            group.submit(99)
        moments.add(full.value.retry_after)
    assert len(moments) == 20
    assert all(COME_AGAIN[0] <= m <= COME_AGAIN[1] for m in moments)
    handler.may_go.set()
    assert [a.result(30) for a in answers] == [2 * n for n in range(20)]


def test_what_waits_is_finished_before_the_end(handler: Handler) -> None:
    group = GroupCommit("numbers", handler, lambda *_: None)
    held(group, handler)
    answers = [group.submit(n) for n in range(5)]
    handler.may_go.set()
    group.close()
    assert [a.result(0) for a in answers] == [0, 2, 4, 6, 8]
