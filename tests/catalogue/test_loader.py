import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from kiosk.catalogue.loader import load_catalogue, parse_package
from kiosk.catalogue.publish import sound_sources
from kiosk.catalogue.search import ServiceIndex
from kiosk.config import ASSETS
from kiosk.model.result import Err, Ok
from sync.protocol.published import ROOT, TARGETS, DocumentFault, RoleKey, listed
from sync.protocol.publishing import first_root, list_files, next_root
from sync.protocol.suites import suite

NOW = datetime(2026, 3, 2, tzinfo=UTC)
END = NOW + timedelta(days=90)
ROOT_KEY, PUBLISHER, ONLINE, STRANGER = (RoleKey("intl", *suite("intl").new_signing_key()) for _ in range(4))
PINNED = first_root(ROOT_KEY, PUBLISHER, ONLINE, END)
NEXT = next_root(PINNED, [ROOT_KEY, STRANGER], END, {ROOT: STRANGER, TARGETS: STRANGER})
FILES = {source.path: source.content for source in sound_sources(ASSETS / "catalogue")}
ONE = "residence-permit.yaml"


def lay_down(folder: Path, files: dict[str, bytes], signer: RoleKey = PUBLISHER) -> None:
    """A set of ``files``, with what lists them."""
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    (folder / "targets.json").write_bytes(list_files(1, files, END, signer))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    lay_down(tmp_path, FILES)
    return tmp_path


def _faults(folder: Path, now: datetime = NOW, root: bytes = PINNED) -> dict[str, DocumentFault]:
    catalogue = load_catalogue(folder, root, now)
    assert len(catalogue.services) + len(catalogue.left_out) >= 4
    return {left.name: left.fault for left in catalogue.left_out}


def test_good_packages_are_offered(folder: Path) -> None:
    assert _faults(folder) == {}
    assert len(load_catalogue(folder, PINNED, NOW).services) == 4


def _changed(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"days: 15", b"days: 1"))


def _huge(path: Path) -> None:
    path.write_bytes(b"x" * 2_000_000)


@pytest.mark.parametrize("harm", [_changed, _huge, Path.unlink])
def test_a_damaged_package_is_left_out_and_the_others_work(folder: Path, harm: Callable[[Path], None]) -> None:
    harm(folder / "catalogue" / ONE)
    assert _faults(folder) == {ONE: DocumentFault.DAMAGED}
    assert len(load_catalogue(folder, PINNED, NOW).services) == 3


def test_a_package_that_nobody_lists_is_left_out(folder: Path) -> None:
    (folder / "catalogue" / "another.yaml").write_bytes(FILES[f"catalogue/{ONE}"])
    assert _faults(folder) == {"another.yaml": DocumentFault.UNSIGNED}


def test_packages_without_a_list_are_left_out(folder: Path) -> None:
    (folder / "targets.json").unlink()
    assert set(_faults(folder).values()) == {DocumentFault.UNSIGNED}


@pytest.mark.parametrize("harm", [b"", b"{}", b"[" * 100_000, b"\xff", PINNED[:-9], b" " * 2_000_000])
def test_a_damaged_list_leaves_all_out(folder: Path, harm: bytes) -> None:
    (folder / "targets.json").write_bytes(harm)
    assert set(_faults(folder).values()) == {DocumentFault.DAMAGED}


def test_whatever_is_changed_in_the_metadata_nothing_else_is_listed() -> None:
    """Neither an exception, nor a list that the publisher has not signed."""
    chance = random.Random(7)
    good = list_files(1, FILES, END, PUBLISHER)
    right = listed(PINNED, [], good)
    assert isinstance(right, Ok)
    refused = 0
    for _ in range(1000):
        bad = bytearray(good)
        for _ in range(chance.choice((1, 1, 1, 5))):
            bad[chance.randrange(len(bad))] = chance.choice(b'{}[]",:0a9 \\\xff' + chance.randbytes(2))
        found = listed(PINNED, [], bytes(bad))
        refused += isinstance(found, Err)
        if isinstance(found, Ok):
            assert found.value.paths == right.value.paths
            assert all(found.value.fits(path, content) for path, content in FILES.items())
    assert refused > 900


def test_expired_packages_cannot_start_a_case(folder: Path) -> None:
    assert _faults(folder, END - timedelta(seconds=1)) == {}
    assert list(_faults(folder, END).values()) == [DocumentFault.EXPIRED] * 4


@pytest.mark.parametrize("signer", [STRANGER, ONLINE, ROOT_KEY])
def test_nobody_but_the_publisher_lists_packages(tmp_path: Path, signer: RoleKey) -> None:
    lay_down(tmp_path, FILES, signer)
    assert set(_faults(tmp_path).values()) == {DocumentFault.WRONG_SIGNATURE}


def test_a_package_under_anothers_name_is_left_out(tmp_path: Path) -> None:
    lay_down(tmp_path, {**FILES, f"catalogue/{ONE}": FILES["catalogue/social-security-card.yaml"]})
    assert _faults(tmp_path) == {ONE: DocumentFault.INVALID}


def test_a_new_root_says_who_publishes(tmp_path: Path) -> None:
    (tmp_path / "root_history").mkdir()
    (tmp_path / "root_history" / "2.root.json").write_bytes(NEXT)
    lay_down(tmp_path, FILES, STRANGER)
    assert _faults(tmp_path) == {}
    assert _faults(tmp_path, root=NEXT) == {}
    lay_down(tmp_path, FILES, PUBLISHER)
    assert set(_faults(tmp_path).values()) == {DocumentFault.WRONG_SIGNATURE}


@pytest.mark.parametrize("signers", [[STRANGER], [ROOT_KEY], [ONLINE, STRANGER]])
def test_a_root_that_the_former_one_has_not_signed_is_not_followed(tmp_path: Path, signers: list[RoleKey]) -> None:
    forged = next_root(PINNED, signers, END, {ROOT: STRANGER, TARGETS: STRANGER})
    (tmp_path / "root_history").mkdir()
    (tmp_path / "root_history" / "2.root.json").write_bytes(forged)
    lay_down(tmp_path, FILES, STRANGER)
    assert set(_faults(tmp_path).values()) == {DocumentFault.WRONG_SIGNATURE}


def test_what_is_unsound_is_not_published(tmp_path: Path) -> None:
    package = (ASSETS / "catalogue" / ONE).read_bytes()
    (tmp_path / "a.yaml").write_bytes(package)
    (tmp_path / "b.yaml").write_bytes(package)
    with pytest.raises(ValueError, match=r"b\.yaml: .*comes twice"):
        sound_sources(tmp_path)
    (tmp_path / "b.yaml").write_bytes(package.replace(b"basis:", b"bassis:"))
    with pytest.raises(ValueError, match=r"b\.yaml: "):
        sound_sources(tmp_path)


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
    assert ServiceIndex(load_catalogue(folder, PINNED, NOW).services).find(query)[0] == first


def test_what_nobody_offers_is_not_found(folder: Path) -> None:
    assert ServiceIndex(load_catalogue(folder, PINNED, NOW).services).find("护照") == []
