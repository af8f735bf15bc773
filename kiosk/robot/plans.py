"""What the robot wants: for each service a person, answers and papers. All invented."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta


@dataclass(frozen=True)
class Plan:
    """One matter. ``papers`` maps materials to sample papers; ``promised`` are materials done by promise."""

    service: str
    card: str
    answers: dict[str, str]
    papers: dict[str, list[str]] = field(default_factory=dict)
    promised: tuple[str, ...] = ()
    level: int = 5


def plans(today: date) -> dict[str, Plan]:
    """One plan for each service that the product ships."""
    long_ago = (today - timedelta(days=400)).isoformat()
    found = (
        Plan(
            "residence-permit",
            "wei",
            {
                "district": "east",
                "address": "柳荫路77号9号楼901",
                "since": long_ago,
                "reason": "work",
                "employer": "示例食品有限公司",
                "housing": "rented",
                "landlord_name": "房东·示例",
                "landlord_phone": "13900000001",
                "phone": "13900000002",
                "delivery": "window",
            },
            {"photo": ["photo"], "lease": ["lease"], "work_proof": ["statement"]},
        ),
        Plan(
            "social-security-card",
            "aygul",
            {
                "cause": "lost",
                "lost_on": (today - timedelta(days=3)).isoformat(),
                "bank": "example_city",
                "delivery": "post",
                "post_address": "",  # filled from the card
                "phone": "13900000003",
            },
            {"photo": ["photo"]},
            level=3,
        ),
        Plan(
            "old-age-allowance",
            "wei",
            {
                "role": "agent",
                "elder_name": "李老示例",
                "elder_number": "990000194002290011",
                "relation": "child",
                "household_address": "测试省测试市敬老巷9号",
                "other_allowance": "none",
                "bank_name": "示例城市银行",
                "bank_card": "6200000000000000000",
                "phone": "13900000002",
            },
            {"bank_card_copy": ["bank_card"], "photo": ["photo"], "authorisation": ["authorisation"]},
            level=4,
        ),
        Plan(
            "out-of-area-treatment",
            "rare",
            {
                "kind": "settled",
                "province": "hainan",
                "city": "三亚",
                "starts": today.isoformat(),
                "phone": "13900000004",
                "contact_name": "",  # optional, left out
            },
            promised=("residence_proof",),
            level=1,
        ),
    )
    return {p.service: p for p in found}
