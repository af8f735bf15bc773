"""Draws the pictures of the tests: ``python -m tools.mrz_net.test_pictures``; invented holders, the state UTO."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np

from kiosk.model.mrz import MrzFormat, check_digit
from tools.mrz_net.specimens import document, photograph

OUT = Path("tests") / "devices" / "mrz_pictures"
QUALITY = 78


def _td3(names: str, number: str, birth: str, sex: str, until: str, personal: str, kind: str = "P<") -> list[str]:
    parts = [number + check_digit(number), birth + check_digit(birth), until + check_digit(until)]
    own = personal.ljust(14, "<")
    two = f"{parts[0]}UTO{parts[1]}{sex}{parts[2]}{own}{check_digit(own)}"
    return [f"{kind}UTO{names}".ljust(44, "<"), two + check_digit(two[:10] + two[13:20] + two[21:43])]


def _two(names: str, number: str, birth: str, sex: str, until: str, rest: str, kind: str, width: int) -> list[str]:
    parts = [number.ljust(9, "<"), birth, until]
    digits = [p + check_digit(p) for p in parts]
    two = f"{digits[0]}UTO{digits[1]}{sex}{digits[2]}{rest}"
    if kind[0] == "V":
        return [f"{kind}UTO{names}".ljust(width, "<"), two.ljust(width, "<")]
    two = two.ljust(width - 1, "<")
    return [f"{kind}UTO{names}".ljust(width, "<"), two + check_digit(two[:10] + two[13:20] + two[21:])]


def _td1(names: str, number: str, birth: str, sex: str, until: str, kind: str = "I<") -> list[str]:
    one = f"{kind}UTO{number.ljust(9, '<')}{check_digit(number.ljust(9, '<'))}".ljust(30, "<")
    two = f"{birth}{check_digit(birth)}{sex}{until}{check_digit(until)}UTO".ljust(29, "<")
    return [one, two + check_digit(one[5:30] + two[:7] + two[8:15] + two[18:29]), names.ljust(30, "<")]


def pictures() -> dict[str, tuple[MrzFormat, list[str], float, int]]:
    """Name of the file to format, lines, pixels from character to character, and the drawing's seed."""
    passport = _td3("OLSSON<<BRITTA<MAJA", "QX4480217", "810317", "F", "330316", "19810317B7")
    wrong = _td3("QUIRK<<TOBIAS", "SB0081225", "920229", "M", "290811", "")
    digit = str((int(wrong[1][9]) + 4) % 10)
    wrong[1] = wrong[1][:9] + digit + wrong[1][10:]
    return {
        "passport.jpg": (MrzFormat.TD3, passport, 10.0, 4),
        "passport_without_filler.jpg": (
            MrzFormat.TD3,
            _td3("ZHAO<<LIQIAO", "EB5620183", "750602", "F", "310125", "NCKELMPONBPJB9", "PO"),
            8.0,
            11,
        ),
        "passport_small.jpg": (MrzFormat.TD3, _td3("DUBOIS<<ZOE", "70B8S5Z21", "011231", "F", "280704", ""), 6.3, 23),
        "passport_misprinted.jpg": (MrzFormat.TD3, wrong, 9.0, 31),
        "card.jpg": (MrzFormat.TD1, _td1("GHATAK<<ISIDORE<OBI", "D2314589O"[:8], "660929", "M", "270415"), 10.0, 42),
        "card_upright.jpg": (MrzFormat.TD1, _td1("VALQUIST<<RUNE", "1OI0Q8B6", "590101", "<", "300930", "ID"), 8.5, 57),
        "card_large.jpg": (
            MrzFormat.TD2,
            _two("SZYMKO<<EWA<LUCJA", "AC7719403", "880518", "F", "261111", "", "I<", 36),
            9.0,
            60,
        ),
        "visa.jpg": (
            MrzFormat.MRV_A,
            _two("TANAKOV<<MILO", "L8988901C", "400907", "M", "271211", "6ZE184226B", "V<", 44),
            8.0,
            78,
        ),
        "visa_small_format.jpg": (
            MrzFormat.MRV_B,
            _two("NOVOTNIK<<PAVLA", "ML0042218", "970412", "F", "280101", "", "VB", 36),
            9.0,
            86,
        ),
    }


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    truth = []
    for name, (kind, lines, pitch, seed) in pictures().items():
        rng = np.random.default_rng(seed)
        picture = photograph(rng, document(rng, kind, lines), pitch)
        cv2.imwrite(str(OUT / name), picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        truth.append({"file": name, "lines": lines})
    (OUT / "truth.json").write_text(json.dumps(truth, indent=1) + "\n")


if __name__ == "__main__":
    main()
