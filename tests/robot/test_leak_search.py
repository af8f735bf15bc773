"""The search for leaks must itself be able to fail: a planted leak of each kind is found."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from kiosk.store.database import Store
from tests.robot import leaks
from tests.waiting import until

NAME = "种下的名字"
NEEDLES = leaks.encodings([NAME])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-32-le", "gbk"])
def test_a_name_in_a_file_is_found(tmp_path: Path, encoding: str) -> None:
    assert leaks.in_files([tmp_path], NEEDLES) == []
    (tmp_path / "usr_dict.dat").write_bytes(b"\0\1" + NAME.encode(encoding))
    assert leaks.in_files([tmp_path], NEEDLES)


def test_a_name_as_a_files_name_is_found(tmp_path: Path) -> None:
    (tmp_path / NAME).touch()
    assert leaks.in_files([tmp_path], NEEDLES)


def test_a_name_in_a_table_and_on_a_free_page_is_found(tmp_path: Path) -> None:
    path, key = tmp_path / "terminal.db", bytes(32)
    store = Store(path, key)
    store.db.conn.execute("PRAGMA secure_delete = OFF")
    store.put("note", NAME)
    assert leaks.in_database(path, key, NEEDLES)
    store.db.conn.execute("CREATE TABLE doomed (text TEXT)")
    store.db.conn.execute("INSERT INTO doomed VALUES (?)", (NAME * 3000,))
    store.db.conn.execute("DELETE FROM meta WHERE key = 'note'")
    store.db.conn.execute("DROP TABLE doomed")
    assert leaks.in_database(path, key, NEEDLES)
    store.close()


def test_what_is_deleted_with_the_terminals_settings_is_not_found(tmp_path: Path) -> None:
    path, key = tmp_path / "terminal.db", bytes(32)
    store = Store(path, key)
    store.put("note", NAME * 3000)
    store.db.conn.execute("DELETE FROM meta WHERE key = 'note'")
    store.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    assert leaks.in_database(path, key, NEEDLES) == []
    store.close()


def test_a_name_in_the_memory_of_a_process_is_found() -> None:
    program = f"import sys; kept = {NAME!r} * 2; print('ready', flush=True); sys.stdin.read()"
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", program], stdin=pipe, stdout=pipe) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert leaks.in_memory([psutil.Process(process.pid)], NEEDLES)
        assert leaks.in_memory([psutil.Process(process.pid)], leaks.encodings(["never " + str(os.getpid())])) == []
        process.kill()


PLANT = """
import mmap, sys
memory = mmap.mmap(-1, 1 << 24, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
at, code = int(sys.argv[1]), sys.argv[2]
for part in sys.argv[3:]:  # in parts, so that the whole is nowhere else
    data = part.encode(code)
    memory[at : at + len(data)] = data
    at += len(data)
    del data
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-32-le", "gbk"])
@pytest.mark.parametrize("at", [0, leaks.PAGE - 1, 9 * leaks.PAGE - 3, (1 << 24) - 12])
def test_a_name_among_empty_pages_is_found_wherever_it_lies(at: int, encoding: str) -> None:
    # The first byte of the first character is 0 in two of the encodings: it may lie on a page that is empty.
    name = ("一", "二", "三")
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", PLANT, str(at), encoding, *name]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as process:
        assert process.stdout is not None
        process.stdout.readline()
        planted = "".join(name).encode(encoding)
        assert leaks.in_memory([psutil.Process(process.pid)], [planted])
        assert leaks.in_memory([psutil.Process(process.pid)], [planted + b"!"]) == []
        process.kill()


def test_a_process_that_ends_counts_as_not_searched() -> None:
    with subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE) as process:
        search = psutil.Process(process.pid)
        assert leaks.in_memory([search], NEEDLES) == []
        process.kill()
        assert process.wait()
        assert leaks.in_memory([search], NEEDLES) == [f"{process.pid} ended while it was searched"]


def test_a_process_that_has_ended_and_is_not_yet_waited_for_counts_as_not_searched() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        search = psutil.Process(process.pid)
        until(lambda: search.status() == psutil.STATUS_ZOMBIE, "its end")
        assert leaks.in_memory([search], NEEDLES) == [f"{process.pid} ended while it was searched"]
