"""Faults planted into the product, one at a time, to show that the rig sees them. Nothing of this is in the product."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

from sqlalchemy import event

from kiosk.store import database, pages, receipt_counter
from sync import outbox
from sync.hub import blobs, services
from tests.fleet.plants.platform import completes_no_part


def _without_sync() -> Any:
    """``os``, whose fsync does nothing."""
    plain = {k: v for k, v in vars(os).items() if not k.startswith("__")}
    return SimpleNamespace(**plain | {"fsync": lambda _descriptor: None})


@contextlib.contextmanager
def terminal_synchronous_normal() -> Iterator[None]:
    """The popular setting: a commit is not on the disk when it returns."""
    settle = database.Store._settle

    def careless(self: Any, connection: Any, checkpoint: bool) -> None:
        settle(self, connection, checkpoint)
        connection.execute("PRAGMA synchronous = NORMAL")

    with mock.patch.object(database.Store, "_settle", careless):
        yield


@contextlib.contextmanager
def hub_synchronous_normal() -> Iterator[None]:
    opened = services.open_database

    def careless(folder: Path, url: str = "") -> Any:
        engine = opened(folder, url)
        event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous = NORMAL"))
        engine.dispose()
        return engine

    with mock.patch.object(services, "open_database", careless):
        yield


@contextlib.contextmanager
def hub_synchronous_off() -> Iterator[None]:
    opened = services.open_database

    def careless(folder: Path, url: str = "") -> Any:
        engine = opened(folder, url)
        event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous = OFF"))
        engine.dispose()
        return engine

    with mock.patch.object(services, "open_database", careless):
        yield


@contextlib.contextmanager
def page_not_synced() -> Iterator[None]:
    """A sealed file is written and renamed, but not synced before its row."""
    with mock.patch.object(pages, "os", _without_sync()):
        yield


@contextlib.contextmanager
def page_folder_not_synced() -> Iterator[None]:
    """The sealed file's new name is not synced before its row."""
    with mock.patch.object(pages, "sync_folder", return_value=None):
        yield


@contextlib.contextmanager
def blob_not_synced() -> Iterator[None]:
    with mock.patch.object(blobs, "os", _without_sync()):
        yield


@contextlib.contextmanager
def blob_folder_not_synced() -> Iterator[None]:
    with mock.patch.object(blobs, "sync_folder", return_value=None):
        yield


@contextlib.contextmanager
def files_after_row() -> Iterator[None]:
    """The row first, then the files that it names."""
    write, committed = pages.SealedFiles.write, receipt_counter.ReceiptCounter.committed
    waiting: list[Callable[[], object]] = []

    def later(self: Any, case_id: str, files: dict[str, bytes], staged: Iterable[str] = ()) -> dict[str, str]:
        waiting.append(lambda: write(self, case_id, files, staged))
        return {blob: f"{case_id}.{blob}" for blob in files}

    def then(self: Any, drawn: Any) -> None:
        committed(self, drawn)
        waiting.pop()()

    with (
        mock.patch.object(pages.SealedFiles, "write", later),
        mock.patch.object(receipt_counter.ReceiptCounter, "committed", then),
    ):
        yield


@contextlib.contextmanager
def wipe_before_answer() -> Iterator[None]:
    """The terminal removes its files once they are sent, not once the platform's signed word is there."""
    send = outbox.Outbox._send_files

    def hasty(self: Any, outgoing: Any) -> None:
        send(self, outgoing)
        for name in outgoing.files.values():
            self._files.remove(name)

    with mock.patch.object(outbox.Outbox, "_send_files", hasty):
        yield


@contextlib.contextmanager
def write_error_swallowed() -> Iterator[None]:
    """A file that could not be written counts as written."""
    write = pages.SealedFiles.write

    def careless(self: Any, case_id: str, files: dict[str, bytes], staged: Iterable[str] = ()) -> dict[str, str]:
        with contextlib.suppress(OSError):
            write(self, case_id, files, staged)
        return {blob: f"{case_id}.{blob}" for blob in files}

    with mock.patch.object(pages.SealedFiles, "write", careless):
        yield


@contextlib.contextmanager
def receipt_before_commit() -> Iterator[None]:
    """The citizen sees the number before anything is stored; the workload does it by the name of this plant."""
    yield


@contextlib.contextmanager
def answer_before_commit() -> Iterator[None]:
    """The platform answers first and stores then; the workload does it by the name of this plant."""
    yield


PLANTS: dict[str, Callable[[], contextlib.AbstractContextManager[Any]]] = {
    made.__name__: made
    for made in (
        terminal_synchronous_normal,
        hub_synchronous_normal,
        hub_synchronous_off,
        page_not_synced,
        page_folder_not_synced,
        blob_not_synced,
        blob_folder_not_synced,
        files_after_row,
        wipe_before_answer,
        receipt_before_commit,
        answer_before_commit,
        completes_no_part,
    )
}


CUTS = {"completes_no_part": 150}
"""Cuts that it takes to see a fault, where 40 are too few."""


FAILING_PLANTS: dict[str, Callable[[], contextlib.AbstractContextManager[Any]]] = {
    made.__name__: made for made in (write_error_swallowed, completes_no_part)
}
"""Seen where calls fail, not where the power goes."""


def planted(name: str) -> contextlib.AbstractContextManager[Any]:
    """The fault ``name``, or none."""
    return (PLANTS | FAILING_PLANTS)[name]() if name else contextlib.nullcontext()
