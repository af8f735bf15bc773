"""Draws the sample papers of ``assets/papers``: invented people, invented companies, no seal and no emblem."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

ROOT = Path(__file__).parents[1]
OUT = ROOT / "assets" / "papers"
INK, GREY, BLUE, PALE = (28, 30, 36), (110, 116, 126), (32, 58, 140), (232, 236, 242)


def font(size: int, bold: bool = False) -> ImageFont.FreeTypeFont:
    name = "NotoSansSC-SemiBold.ttf" if bold else "NotoSansSC-Regular.ttf"
    return ImageFont.truetype(str(ROOT / "assets" / "fonts" / name), size)


def sheet(title: str, paragraphs: list[str], signatures: list[str], note: str) -> Image.Image:
    """An A4 page at 120 dpi."""
    page = Image.new("RGB", (992, 1403), (250, 250, 247))
    draw = ImageDraw.Draw(page)
    draw.text((496, 120), title, font=font(52, bold=True), fill=INK, anchor="mm")
    draw.line((120, 180, 872, 180), fill=GREY, width=2)
    y = 230
    for paragraph in paragraphs:
        line = ""
        for c in "　　" + paragraph:
            if draw.textlength(line + c, font=font(27)) > 760:
                draw.text((116, y), line, font=font(27), fill=INK)
                y, line = y + 46, ""
            line += c
        draw.text((116, y), line, font=font(27), fill=INK)
        y += 62
    for i, name in enumerate(signatures):
        draw.text((120 + 400 * i, 1160), name, font=font(27), fill=INK)
        draw.line(
            [(250 + 400 * i + d * 16, 1215 + (14, -12, 18, -8, 6, -16, 10)[d]) for d in range(7)], fill=BLUE, width=4
        )
    draw.text((496, 1340), note, font=font(20), fill=GREY, anchor="mm")
    return page


def bank_card() -> Image.Image:
    """An ID-1 card, 85.60 x 53.98 mm, at 300 dpi."""
    card = Image.new("RGB", (1011, 638), (38, 92, 128))
    draw = ImageDraw.Draw(card)
    for i in range(0, 1400, 46):
        draw.line((i, 0, i - 420, 638), fill=(46, 104, 142), width=10)
    draw.text((60, 60), "示例城市银行", font=font(56, bold=True), fill="white")
    draw.rounded_rectangle((70, 220, 200, 318), 14, fill=(214, 186, 116))
    draw.text((70, 380), "6200 0000 0000 0000 000", font=font(62), fill="white")
    draw.text((70, 520), "LI LAO SHI LI", font=font(40), fill="white")
    draw.text((760, 540), "样卡 SPECIMEN", font=font(28), fill=(220, 230, 240))
    return card


def photo_page() -> Image.Image:
    """A photograph on white card of 33 by 48 mm: a drawn figure, nobody's face."""
    page = Image.new("RGB", (820, 1193), (247, 247, 245))
    draw = ImageDraw.Draw(page)
    draw.rectangle((110, 90, 710, 1010), fill=(88, 142, 200), outline=GREY, width=3)
    draw.pieslice((170, 740, 650, 1280), 180, 360, fill=(44, 52, 72))
    draw.rectangle((110, 1010, 710, 1193), fill=(247, 247, 245))
    draw.ellipse((290, 330, 530, 640), fill=(228, 190, 164))
    draw.pieslice((274, 290, 546, 600), 180, 360, fill=(34, 28, 26))
    draw.rectangle((370, 620, 450, 760), fill=(228, 190, 164))
    for x in (355, 465):
        draw.ellipse((x - 12, 475, x + 12, 495), fill=INK)
    draw.arc((370, 530, 450, 580), 20, 160, fill=(150, 80, 76), width=6)
    draw.text((410, 1096), "样照 · 不是真人", font=font(36), fill=GREY, anchor="mm")
    return page


PAPERS = {
    "lease": lambda: sheet(
        "房屋租赁合同",
        [
            "出租方（甲方）：房东示例；承租方（乙方）：张示例。双方就下列房屋的租赁订立本合同。",
            "一、甲方将位于测试省测试市槐树街道柳荫路 18 号院 3 号楼 502 的房屋出租给乙方居住，面积 58 平方米。",
            "二、租期自 2025 年 6 月 1 日起至 2027 年 5 月 31 日止。月租金 1800 元，按季支付，押金一个月。",
            "三、甲方保证房屋可以安全居住；乙方爱护房屋和设备，不转租。",
            "四、任何一方提前解除合同，应当提前三十日告知对方。",
            "五、本合同一式两份，双方各执一份，签字后生效。",
        ],
        ["甲方签字：", "乙方签字："],
        "样本材料，仅供演示，内容均为虚构。 SPECIMEN",
    ),
    "statement": lambda: sheet(
        "在职证明",
        [
            "兹证明张示例为我单位职工，自 2024 年 9 月起在示例食品有限公司仓储部任职，现为全职合同制员工。",
            "该职工工作地点为测试省测试市城东区工业路 6 号，劳动合同期限至 2027 年 8 月 31 日。",
            "本证明仅供其本人办理居住证使用。",
        ],
        ["经办人：", "日期："],
        "样本材料，仅供演示，内容均为虚构。 SPECIMEN",
    ),
    "authorisation": lambda: sheet(
        "委 托 书",
        [
            "委托人：李老示例。受托人：张示例，系委托人之子。",
            "本人年事已高，行动不便，现委托受托人代为办理高龄津贴的申请，代为提交材料、签字和领取回执。",
            "受托人在上述范围内办理的事项，本人均予承认。",
        ],
        ["委托人：", "受托人："],
        "样本材料，仅供演示，内容均为虚构。 SPECIMEN",
    ),
    "referral": lambda: sheet(
        "转诊证明",
        [
            "患者：张示例。因病情需要，建议转往上一级医院进一步诊治。",
            "转往：测试省示例医院。转诊有效期六个月。",
            "本证明供办理异地就医备案使用。",
        ],
        ["医师：", "日期："],
        "样本材料，仅供演示，内容均为虚构。 SPECIMEN",
    ),
    "bank_card": bank_card,
    "photo": photo_page,
}


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    for name, draw in PAPERS.items():
        draw().save(OUT / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
