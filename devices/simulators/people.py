"""Invented people. Area 990000 exists nowhere, so their numbers pass the check digit and belong to nobody."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Person:
    """What is printed on an invented card. Dates are YYYYMMDD; ``newest_address`` may be empty."""

    key: str
    name: str
    sex: str
    ethnicity: str
    birth: str
    address: str
    number: str
    issuer: str = "测试市公安局"
    valid_from: str = "20200101"
    valid_to: str = "20400101"
    newest_address: str = ""


PEOPLE = {
    p.key: p
    for p in (
        Person(
            "wei", "张示例", "1", "01", "19900307", "测试省测试市槐树街道柳荫路18号院3号楼502", "990000199003070013"
        ),
        Person(
            "aygul",
            "阿依古丽·示例",
            "2",
            "05",
            "19950612",
            "测试省测试市和平里2号",
            "990000199506120027",
            newest_address="测试省测试市花园路66号1单元301",
        ),
        Person("rare", "王㛃𠮷", "2", "01", "20010101", "测试省测试市北苑路1号", "990000200101010028"),
        Person(
            "elder", "李老示例", "1", "01", "19400229", "测试省测试市敬老巷9号", "990000194002290011", valid_to="长期"
        ),
        Person(
            "expired",
            "赵过期",
            "1",
            "01",
            "19800101",
            "测试省测试市旧城路3号",
            "990000198001010012",
            valid_to="20200101",
        ),
    )
}


def text_block(person: Person) -> bytes:
    """The 256-byte text block of a resident card, laid out by the table of the card's specification.

    A character beyond the BMP takes two units here, as the cards' UCS-2 readers deliver it.
    """
    block = bytearray(" ".encode("utf-16-le") * 128)
    for offset, length, text in (
        (0, 30, person.name),
        (30, 2, person.sex),
        (32, 4, person.ethnicity),
        (36, 16, person.birth),
        (52, 70, person.address),
        (122, 36, person.number),
        (158, 30, person.issuer),
        (188, 16, person.valid_from),
        (204, 16, person.valid_to),
    ):
        encoded = text.encode("utf-16-le")[:length]
        block[offset : offset + len(encoded)] = encoded
    return bytes(block)
