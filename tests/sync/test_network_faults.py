"""What the agent says of the network, by the codes of the fault catalogue; and the private authority of TLS."""

from __future__ import annotations

import json
import random
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import BaseModel

from sync.agent import Agent
from sync.client import NoNetwork, PlatformClient, Rejected
from sync.protocol.wire import SignedRequest
from tests.sync.conftest import Terminal


class Line(PlatformClient):
    """A client that meets what the test says."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:1")
        self.meets: Exception | None = None

    def ping(self) -> None:
        if self.meets is not None:
            raise self.meets


def agent(terminal: Terminal, client: PlatformClient) -> Agent:
    def sign(body: BaseModel) -> SignedRequest:
        raise Rejected("the test sends nothing")

    return Agent(
        terminal.store,
        terminal.files,
        client,
        terminal.outbox,
        sign,
        lambda: False,
        "T01",
        60,
        10,
        terminal.clock,
        random.Random(1),
    )


def faults(terminal: Terminal) -> list[str]:
    told: list[str] = json.loads(terminal.store.get("agent_status"))["faults"]
    return told


@pytest.mark.parametrize(
    ("meets", "code"),
    [
        (NoNetwork("no route"), "platform_unreachable"),
        (NoNetwork("a page of an inn", fault="platform_portal"), "platform_portal"),
        (NoNetwork("SSLError", fault="platform_certificate"), "platform_certificate"),
        (Rejected("HTTP 403"), "platform_refuses"),
    ],
)
def test_a_fault_of_the_network_is_named(terminal: Terminal, meets: Exception, code: str) -> None:
    line = Line()
    line.meets = meets
    agent(terminal, line).turn()
    assert faults(terminal) == [code]


def test_a_case_that_waits_for_three_days_is_told(terminal: Terminal) -> None:
    terminal.submit()
    line = Line()
    line.meets = NoNetwork("no route")
    agent(terminal, line).turn()
    assert "backlog_old" not in faults(terminal)
    terminal.clock.advance(timedelta(days=3, hours=1).total_seconds())
    agent(terminal, line).turn()
    assert "backlog_old" in faults(terminal)


class Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b'{"platform": "bianmin/1"}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        pass


class Authority:
    """A private certificate authority and one server certificate for 127.0.0.1, valid until ``until``."""

    def __init__(self, folder: Path, until: datetime) -> None:
        folder.mkdir()
        self.certificate, self.chain = folder / "ca.pem", folder / "server.pem"
        now = datetime.now(UTC)
        key, server = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Test authority {folder.name}")])

        def signed(subject: x509.Name, public: ec.EllipticCurvePublicKey, *, ca: bool) -> x509.Certificate:
            builder = (
                x509.CertificateBuilder()
                .subject_name(subject)
                .issuer_name(name)
                .public_key(public)
                .serial_number(x509.random_serial_number())
                .not_valid_before(now - timedelta(days=900))
                .not_valid_after(until)
                .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
                .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
                .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            )
            if ca:
                usage = x509.KeyUsage(
                    digital_signature=False,
                    content_commitment=False,
                    key_encipherment=False,
                    data_encipherment=False,
                    key_agreement=False,
                    key_cert_sign=True,
                    crl_sign=True,
                    encipher_only=False,
                    decipher_only=False,
                )
                builder = builder.add_extension(usage, critical=True)
            else:
                import ipaddress

                names = [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
                builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
            return builder.sign(key, hashes.SHA256())

        pem = serialization.Encoding.PEM
        self.certificate.write_bytes(signed(name, key.public_key(), ca=True).public_bytes(pem))
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "platform")])
        secret = server.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        self.chain.write_bytes(secret + signed(subject, server.public_key(), ca=False).public_bytes(pem))


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "one", datetime.now(UTC) + timedelta(days=30))


def serve(authority: Authority) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.chain)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def https(authority: Authority) -> Iterator[str]:
    yield from serve(authority)


def test_the_pinned_authority_is_trusted_and_no_other(https: str, authority: Authority, tmp_path: Path) -> None:
    PlatformClient(https, authority.certificate).ping()
    other = Authority(tmp_path / "two", datetime.now(UTC) + timedelta(days=30))
    with pytest.raises(NoNetwork) as refused:
        PlatformClient(https, other.certificate).ping()
    assert refused.value.fault == "platform_certificate"


def test_a_terminal_with_a_wrong_clock_still_reaches_its_platform(tmp_path: Path) -> None:
    past = Authority(tmp_path / "past", datetime.now(UTC) - timedelta(days=1))
    for address in serve(past):
        PlatformClient(address, past.certificate).ping()
