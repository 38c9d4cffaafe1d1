"""The measures of a picture: what each is called, its unit, and what it means, in English and Japanese.

How each is computed: `metrics.py`; with sources: docs/measures.md.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

COMPOSITION, DETAIL, DIFFERENCE = "composition_change", "detail_change", "mean_absolute_difference"
SHARPNESS, HIGH_FREQUENCIES = "sharpness", "high_frequency_share"
COLOUR, SATURATION, AREA = "colour_difference", "saturation", "changed_area"


@dataclass(frozen=True)
class Measure:
    """One measure.

    Attributes:
        key: its name in `sweep.json` and `measures.csv`.
        name: what to call it, by language.
        unit: of its values.
        description: what it means, by language.
        against_reference: whether it compares with the reference cell; else it is of the picture alone.
    """

    key: str
    name: dict[str, str]
    unit: str
    description: dict[str, str]
    against_reference: bool

    def to_json(self) -> dict:
        """The definition as plain data."""
        return asdict(self)


MEASURES = (
    Measure(
        COMPOSITION,
        {"en": "Composition change", "ja": "構図の変化"},
        "1 − SSIM",
        {
            "en": "How far shapes and their places differ from the reference, details left out: 0 is the same "
            "composition, around 1 nothing in common.",
            "ja": "細部を除いた形と配置の、基準との違い。0 は同じ構図、1 前後は共通点なし。",
        },
        True,
    ),
    Measure(
        DETAIL,
        {"en": "Detail change", "ja": "細部の変化"},
        "1 − SSIM",
        {
            "en": "How far the picture differs from the reference at full size: 0 is identical, around 1 nothing in "
            "common.",
            "ja": "等倍で見た、基準との違い。0 は同一、1 前後は共通点なし。",
        },
        True,
    ),
    Measure(
        DIFFERENCE,
        {"en": "Mean absolute difference", "ja": "平均絶対差"},
        "levels of 0–255",
        {
            "en": "The mean difference from the reference of the pixels' red, green and blue: 0 is identical.",
            "ja": "画素の赤・緑・青の値の、基準との平均的な差。0 は同一。",
        },
        True,
    ),
    Measure(
        SHARPNESS,
        {"en": "Sharpness", "ja": "鮮明さ"},
        "levels² of 0–255",
        {
            "en": "The variance of the Laplacian of the brightness, the strength of edges: blur lowers it, contrast "
            "and noise raise it. Higher is not better.",
            "ja": "明るさのラプラシアンの分散（輪郭の強さ）。ぼけると下がり、コントラストやノイズで上がります。"
            "大きいほど良いわけではありません。",
        },
        False,
    ),
    Measure(
        HIGH_FREQUENCIES,
        {"en": "Share of high frequencies", "ja": "高周波の割合"},
        "share, 0–1",
        {
            "en": "The share of the brightness's variation that is in structures finer than 8 pixels.",
            "ja": "明るさの変動のうち、8 画素より細かい構造が占める割合。",
        },
        False,
    ),
    Measure(
        COLOUR,
        {"en": "Colour difference", "ja": "色の差"},
        "ΔE (CIEDE2000)",
        {
            "en": "The mean difference in colour from the reference as the eye sees it: 0 is the same, about 2 is "
            "just seen.",
            "ja": "目で見た色の、基準との平均的な差。0 は同じ、2 程度でかろうじて分かります。",
        },
        True,
    ),
    Measure(
        AREA,
        {"en": "Changed area", "ja": "変わった面積"},
        "share, 0–1",
        {
            "en": "The share of the picture that is clearly of another colour than in the reference (ΔE above 15): 0 "
            "is none, 1 the whole picture.",
            "ja": "基準とは明らかに違う色（ΔE が 15 を超える）になった部分の割合。0 はなし、1 は画像全体。",
        },
        True,
    ),
    Measure(
        SATURATION,
        {"en": "Saturation", "ja": "彩度"},
        "share, 0–1",
        {
            "en": "The mean saturation (HSV): 0 is grey, 1 is pure colour.",
            "ja": "平均彩度（HSV）。0 は灰色、1 は純色。",
        },
        False,
    ),
)
"""In the order in which they are shown."""
