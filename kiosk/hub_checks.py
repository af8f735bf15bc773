"""What may be wrong with the place that a platform is started at, told to its operator in a line."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer


def failed(why: str) -> typer.Exit:
    """Says why, and gives what ends the command."""
    typer.echo(why, err=True)
    return typer.Exit(1)


@contextmanager
def told() -> Iterator[None]:
    """What is wrong with the storage or the settings is told in a line."""
    from obstore.exceptions import BaseError
    from sqlalchemy.exc import SQLAlchemyError

    from sync.protocol.suites import SealError

    try:
        yield
    except SQLAlchemyError as bad:
        raise failed(f"the database: {_line(getattr(bad, 'orig', None) or bad)}") from None
    except BaseError as bad:
        raise failed(f"the bucket of sealed files: {_line(bad)}") from None
    except (OSError, ValueError, SealError) as bad:
        raise failed(str(bad)) from None


def _line(bad: BaseException) -> str:
    return next(iter(str(bad).splitlines()), type(bad).__name__)


def check_place(host: str, port: int, tls: Path | None) -> None:
    """Before anything begins: the port is free, and certificate and key fit. The server itself would share the port
    with whatever platform listens there, and each would get half of the terminals' requests."""
    if tls is not None:
        for missing in (tls / name for name in ("server.pem", "server.key") if not (tls / name).is_file()):
            raise failed(f"{missing}: there is no such file; kiosk hub certificate makes it")
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(tls / "server.pem", tls / "server.key")
        except OSError as bad:
            raise failed(f"server.pem and server.key in {tls}: {bad.strerror or bad}") from None
    try:
        [(family, kind, _protocol, _name, address), *_] = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST
        )
        with socket.socket(family, kind) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(address)
            # Two that listen are told apart here, where the kernel lets both of them bind.
            tried.listen()
    except OSError as bad:
        raise failed(f"cannot listen at {host} (an IP address is needed), port {port}: {bad.strerror}") from None
