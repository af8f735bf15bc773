from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from kiosk.catalogue.loader import load_catalogue, parse_package
from kiosk.catalogue.publish import publish
from kiosk.catalogue.search import ServiceIndex
from kiosk.config import ASSETS
from sync.protocol.signed import DocumentFault
from sync.protocol.suites import suite

NOW = datetime(2026, 3, 2, tzinfo=UTC)
PRIVATE, PUBLIC = suite("intl").new_signing_key()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    publish(ASSETS / "catalogue", tmp_path, "k", PRIVATE, NOW + timedelta(days=90))
    return tmp_path


def test_good_packages_are_offered(folder: Path) -> None:
    catalogue = load_catalogue(folder, PUBLIC, NOW)
    assert len(catalogue.services) == 4
    assert not catalogue.left_out


def _faults(folder: Path, now: datetime = NOW, key: bytes = PUBLIC) -> set[DocumentFault]:
    return {left.fault for left in load_catalogue(folder, key, now).left_out}


def test_a_damaged_package_is_left_out_and_the_others_work(folder: Path) -> None:
    path = folder / "residence-permit.yaml"
    path.write_bytes(path.read_bytes().replace(b"days: 15", b"days: 1"))
    catalogue = load_catalogue(folder, PUBLIC, NOW)
    assert [(left.name, left.fault) for left in catalogue.left_out] == [
        ("residence-permit.yaml", DocumentFault.DAMAGED)
    ]
    assert len(catalogue.services) == 3


def test_an_unsigned_package_is_left_out(folder: Path) -> None:
    (folder / "residence-permit.yaml.sig.json").unlink()
    assert _faults(folder) == {DocumentFault.UNSIGNED}


def test_an_expired_package_cannot_start_a_case(folder: Path) -> None:
    assert _faults(folder, NOW + timedelta(days=90)) == {DocumentFault.EXPIRED}


def test_another_publishers_packages_are_left_out(folder: Path) -> None:
    _private, other = suite("intl").new_signing_key()
    assert _faults(folder, key=other) == {DocumentFault.WRONG_SIGNATURE}


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"[" * 2000, b"a: &a [*a]", b"!!python/object:os.system {}"])
def test_what_is_no_package_is_told_in_one_line(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"^[^\n]+$"):
        parse_package(content)


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        (lambda p: p["title"].pop("en"), "no text in en"),
        (lambda p: p["form"]["pages"][0]["fields"][0].update(relevant="answers.nothing == '1'"), "unknown field"),
        (lambda p: p["form"]["pages"][0]["fields"][0].update(relevant="answers.("), "does not compile"),
        (lambda p: p["tests"][0].update(problems=["phone"]), "expected problems"),
        (lambda p: p["guidance"].pop("basis"), "Field required"),
        (lambda p: p.update(surprise=1), "Extra inputs"),
    ],
)
def test_the_lint_finds_what_is_wrong(change: object, finding: str) -> None:
    plain = yaml.safe_load((ASSETS / "catalogue" / "social-security-card.yaml").read_bytes())
    change(plain)  # type: ignore[operator]
    with pytest.raises(ValueError, match=finding):
        parse_package(yaml.safe_dump(plain, allow_unicode=True).encode())


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("居住证", "residence-permit"),
        ("jzz", "residence-permit"),
        ("juzhu", "residence-permit"),
        ("办暂住证", "residence-permit"),
        ("sbk", "social-security-card"),
        ("医保卡丢了", "social-security-card"),
        ("lost card", "social-security-card"),
        ("高龄", "old-age-allowance"),
        ("外地看病", "out-of-area-treatment"),
        ("ZhuanYuan", "out-of-area-treatment"),
    ],
)
def test_people_find_their_service(folder: Path, query: str, first: str) -> None:
    assert ServiceIndex(load_catalogue(folder, PUBLIC, NOW).services).find(query)[0] == first


def test_what_nobody_offers_is_not_found(folder: Path) -> None:
    assert ServiceIndex(load_catalogue(folder, PUBLIC, NOW).services).find("护照") == []
