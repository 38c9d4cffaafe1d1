"""The layer facts as one sentence, in English and in Japanese."""

from __future__ import annotations

from .facts import NONE, UNKNOWN, EncoderFacts, LayerFacts

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


def _part(say: _English | _Japanese, one: EncoderFacts, named: bool) -> str:
    text = say.layer(one) if one.honoured else say.ignored(one)
    return say.named(one.encoder.name, text) if named else text[:1].upper() + text[1:]


def _place(one: EncoderFacts) -> str:
    """ "last", "penultimate", "first", "embeddings", "nothing", or "" for a layer without a name of its own."""
    layers = one.encoder.layers
    if one.layer < 0:
        return "nothing"
    return {0: "embeddings", layers: "last", layers - 1: "penultimate", 1: "first"}.get(one.layer, "")


class _English:
    stop = ". "
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
