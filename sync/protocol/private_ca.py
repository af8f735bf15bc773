"""A platform's private certificate authority: terminals trust it alone, and no public one.

ECDSA on P-256, X.509 v3 (RFC 5280). Terminals check no dates (their clocks are wrong); what ends early is told by
the platform's own list, so certificates live long.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

BACKDATED = timedelta(days=2)
"""Certificates begin so long before they are made: other machines' clocks are behind."""
_PEM = serialization.Encoding.PEM
_CA_USAGE = x509.KeyUsage(
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


@dataclass(frozen=True)
class ServerFiles:
    """``authority`` goes to the terminals; ``certificate`` and ``key`` stay with the platform's server."""

    authority: Path
    certificate: Path
    key: Path


def make_server_files(folder: Path, hosts: Sequence[str], now: datetime, until: datetime) -> ServerFiles:
    """An authority and one server certificate for ``hosts`` (names or addresses), written below ``folder``.

    The authority's own key is not kept: the next certificate comes with a new authority, which is handed out beside
    the old one. Raises FileExistsError where files are there already, ValueError without hosts.
    """
    if not hosts:
        raise ValueError("a certificate needs at least one host")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    authority, server = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Bianmin platform authority, {now.date()}")])
    signed = _Signer(authority, issuer, min(now, until) - BACKDATED, until)
    own = signed.certificate(
        issuer, authority.public_key(), [(x509.BasicConstraints(True, 0), True), (_CA_USAGE, True)]
    )
    names = x509.SubjectAlternativeName([_name(h) for h in hosts])
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hosts[0][:64])])
    leaf = signed.certificate(
        subject, server.public_key(), [(x509.BasicConstraints(False, None), True), (names, False)]
    )
    files = ServerFiles(folder / "ca.pem", folder / "server.pem", folder / "server.key")
    secret = server.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    _write(files.key, secret, 0o600)
    _write(files.certificate, leaf.public_bytes(_PEM), 0o644)
    _write(files.authority, own.public_bytes(_PEM), 0o644)
    return files


@dataclass(frozen=True)
class _Signer:
    key: ec.EllipticCurvePrivateKey
    issuer: x509.Name
    since: datetime
    until: datetime

    def certificate(
        self, subject: x509.Name, public: ec.EllipticCurvePublicKey, extensions: list[tuple[x509.ExtensionType, bool]]
    ) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.issuer)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(self.since)
            .not_valid_after(self.until)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        )
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical=critical)
        return builder.sign(self.key, hashes.SHA256())


def _name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _write(path: Path, data: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
