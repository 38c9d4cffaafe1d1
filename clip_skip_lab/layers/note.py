"""The layer facts as one sentence, in English and in Japanese."""

from __future__ import annotations

from typing import ClassVar

from ..sweep.layer_request import BIG_G_SKIP, CLIP_L_SKIP, CLIP_SKIP, NAMES, NEGATIVE, LayerRequest
from .facts import NONE, UNKNOWN, EncoderFacts, LayerFacts
from .panel import PanelFacts, taken
from .selection import LayerChoice

LANGUAGES = ("en", "ja")


def sentence(facts: LayerFacts, language: str = "en") -> str:
    """What the clip skip does, for a person.

    Args:
        facts: see `layer_facts`.
        language: one of `LANGUAGES`.
    """
    say = _Japanese() if language == "ja" else _English()
    if facts.model is None:
        return say.no_model
    if facts.effect == UNKNOWN:
        return say.unknown
    if facts.effect == NONE:
        return say.none(facts)
    parts = [_part(say, one, len(facts.encoders) > 1) for one in facts.encoders]
    return say.stop.join(parts)


def is_warning(facts: LayerFacts) -> bool:
    """Whether the sentence warns: the value does nothing, names no layer, or isn't the layer of the training."""
    strange = any(one.honoured and one.encoder.trained not in (None, one.layer) for one in facts.encoders)
    return facts.model is not None and (facts.effect in (NONE, UNKNOWN) or facts.beyond or strange)


def panel_sentence(facts: PanelFacts, language: str = "en") -> str:
    """What the panel "Clip skip lab" does, for a person: "Panel: clip skip 5. Layer 8 of 12".

    Args:
        facts: see `panel_facts`.
        language: one of `LANGUAGES`.
    """
    say = _Japanese() if language == "ja" else _English()
    asked = say.comma.join(f"{say.asked[key]} {value}" for key, value in _values(facts.finer).items())
    parts = [say.panel(asked)]
    if not facts.is_applied:
        return say.stop.join([parts[0] + say.not_applied, sentence(facts.base, language)])
    parts += _parts_of_panel(say, facts, facts.prompt, "")
    parts += _parts_of_panel(say, facts, facts.negative, say.negative)
    return say.stop.join(parts)


def panel_problem(detail: str, language: str = "en") -> str:
    """What the note says where the panel holds a value that cannot be used; `detail` is the error's sentence."""
    return (_Japanese() if language == "ja" else _English()).panel(detail)


def is_panel_warning(facts: PanelFacts) -> bool:
    """Whether the panel's sentence warns: what it asks cannot be done, or is not done on this model."""
    return facts.base.model is not None and (facts.fails or not facts.is_applied)


def _values(finer: LayerRequest) -> dict[str, object]:
    return {key: value for key, value in finer.to_json().items() if key in _English.asked}


def _parts_of_panel(say: _English | _Japanese, facts: PanelFacts, choices: tuple, whose: str) -> list[str]:
    several = len(facts.base.encoders) > 1
    texts = []
    for one, choice in zip(facts.base.encoders, choices, strict=False):
        names = [name for name in (whose, one.encoder.name if several else "") if name]
        text = _panel_text(say, one, choice)
        texts.append(say.named(say.comma.join(names), text) if names else _capital(text))
    return texts


def _panel_text(say: _English | _Japanese, one: EncoderFacts, choice: LayerChoice | None) -> str:
    if choice is None:
        return say.layer(one) if one.honoured else say.ignored(one)
    if choice.whole is None and choice.deepest <= one.encoder.layers:
        return say.between(choice, one.encoder.layers)
    return say.layer(taken(one, choice))


def _part(say: _English | _Japanese, one: EncoderFacts, named: bool) -> str:
    text = say.layer(one) if one.honoured else say.ignored(one)
    return say.named(one.encoder.name, text) if named else _capital(text)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _place(one: EncoderFacts) -> str:
    """ "last", "penultimate", "first", "embeddings", "nothing", or "" for a layer without a name of its own."""
    layers = one.encoder.layers
    if one.layer < 0:
        return "nothing"
    return {0: "embeddings", layers: "last", layers - 1: "penultimate", 1: "first"}.get(one.layer, "")


class _English:
    stop = ". "
    comma = ", "
    asked: ClassVar = {
        CLIP_SKIP: "clip skip",
        NEGATIVE: "negative clip skip",
        CLIP_L_SKIP: NAMES[CLIP_L_SKIP],
        BIG_G_SKIP: NAMES[BIG_G_SKIP],
    }
    negative = "Negative"
    not_applied = ", not applied to this model"
    no_model = "No model is loaded yet"
    unknown = "Clip skip may have no effect: the text encoder of this model is not known here"

    def none(self, facts: LayerFacts) -> str:
        family = facts.model.family
        text = f"No effect: this WebUI ignores clip skip on {f'{family} models' if family else 'this model'}"
        if facts.model.switch:
            return f"{text} while its setting “{facts.model.switch}” is off"
        if len(facts.encoders) == 1:
            one = facts.encoders[0]
            return f"{text} (always layer {one.layer} of {one.encoder.layers})"
        return text

    def panel(self, asked: str) -> str:
        return f"Panel: {asked}" if asked else "Panel: the clip skip that is set, on this model too"

    def between(self, choice: LayerChoice, layers: int) -> str:
        if choice.last is not None:
            return f"layers {layers + 1 - choice.last} to {layers + 1 - choice.first} of {layers}, averaged"
        return f"layer {round(layers + 1 - choice.first, 6):g} of {layers}"

    def named(self, name: str, text: str) -> str:
        return f"{name}: {text}"

    def ignored(self, one: EncoderFacts) -> str:
        return f"no effect (always layer {one.layer} of {one.encoder.layers})"

    def layer(self, one: EncoderFacts) -> str:
        layers, place = one.encoder.layers, _place(one)
        if place == "nothing":
            return f"there is no such layer: the text encoder has {layers}, and generating fails"
        if place == "embeddings":
            return f"no layer: the token embeddings before layer 1 of {layers}"
        shown = {"last": ", the last", "penultimate": ", penultimate", "first": ", the first"}.get(place, "")
        text = f"layer {one.layer} of {layers}{shown}"
        if not one.encoder.norm:
            text += ", without the final layer norm"
        return text + self._trained(one)

    def _trained(self, one: EncoderFacts) -> str:
        trained = one.encoder.trained
        if trained is None:
            return ""
        return ", as in training" if trained == one.layer else f"; the model was trained on layer {trained}"


class _Japanese:
    stop = "。"
    comma = "、"
    asked: ClassVar = {CLIP_SKIP: "Clip skip", NEGATIVE: "ネガティブ", CLIP_L_SKIP: "CLIP-L", BIG_G_SKIP: "bigG"}
    negative = "ネガティブ"
    not_applied = "（このモデルには適用されません）"
    no_model = "モデルはまだ読み込まれていません"
    unknown = "Clip skip の効果がない可能性があります: このモデルのテキストエンコーダーは未対応です"

    def none(self, facts: LayerFacts) -> str:
        family = facts.model.family
        text = (
            f"効果なし: この WebUI は{f' {family} モデルでは' if family else 'このモデルでは'} Clip skip を無視します"
        )
        if facts.model.switch:
            return f"{text}（設定「{facts.model.switch}」がオフのため）"
        if len(facts.encoders) == 1:
            one = facts.encoders[0]
            return f"{text}（常に{one.encoder.layers}層中{one.layer}層目）"
        return text

    def panel(self, asked: str) -> str:
        return f"パネル: {asked}" if asked else "パネル: 設定値をこのモデルにも適用"

    def between(self, choice: LayerChoice, layers: int) -> str:
        if choice.last is not None:
            return f"{layers}層中{layers + 1 - choice.last}〜{layers + 1 - choice.first}層目の平均"
        return f"{layers}層中{round(layers + 1 - choice.first, 6):g}層目"

    def named(self, name: str, text: str) -> str:
        return f"{name}: {text}"

    def ignored(self, one: EncoderFacts) -> str:
        return f"効果なし（常に{one.encoder.layers}層中{one.layer}層目）"

    def layer(self, one: EncoderFacts) -> str:
        layers, place = one.encoder.layers, _place(one)
        if place == "nothing":
            return f"その層はありません: テキストエンコーダーは{layers}層で、生成は失敗します"
        if place == "embeddings":
            return f"層ではありません: {layers}層の手前のトークン埋め込み"
        shown = {"last": "（最後の層）", "penultimate": "（最後から2番目）", "first": "（最初の層）"}.get(place, "")
        text = f"{layers}層中{one.layer}層目{shown}"
        if not one.encoder.norm:
            text += "、最終 LayerNorm なし"
        return text + self._trained(one)

    def _trained(self, one: EncoderFacts) -> str:
        trained = one.encoder.trained
        if trained is None:
            return ""
        return "、学習時と同じ層" if trained == one.layer else f"。学習時は{trained}層目"
