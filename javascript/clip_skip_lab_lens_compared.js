// How far apart two values of clip skip are for this prompt, and the words that differ most:
// `clipSkipLabLens.views.compared`. And what is said of the last layer.
(function () {
    "use strict";

    const {make} = clipSkipLab, {numbers, colours, encoderChoice, tokenName} = clipSkipLabLens;
    const WORDS = 8;

    function sentence(encoder, several, clipSkip, other) {
        const one = numbers.layerOf(encoder, clipSkip), another = numbers.layerOf(encoder, other);
        const parts = {name: encoder.name, value: clipSkip, other, layer: one, change: colours.percent(encoder.distance[one][another])};
        if (clipSkip === other) return clipSkipLab.say("Both values are {value}: nothing changes.", parts);
        if (!encoder.honoured) return clipSkipLab.say("{name} ignores clip skip: it always gives layer {layer}.", parts);
        if (one === another) {
            return clipSkipLab.say("{name} gives layer {layer} at both values: what the UNet receives from it does not change.", parts);
        }
        if (!several) return clipSkipLab.say("From clip skip {other} to {value}, what the UNet receives changes by {change}.", parts);
        return clipSkipLab.say("{name}: from clip skip {other} to {value}, what the UNet receives changes by {change}.", parts);
    }

    function abruptly(encoder, several) {
        const times = (ratio) => colours.number(ratio, 1), {raw, unet} = encoder.abrupt;
        if (!raw || !unet) return ""; // one layer only
        const parts = {name: encoder.name, raw: times(raw.ratio), unet: times(unet.ratio)};
        const said = encoder.final_layer_norm
            ? clipSkipLab.say("The last layer changes the words {raw} times as much as the others do (raw), {unet} times after the " +
                "final layer norm.", parts)
            : clipSkipLab.say("The last layer changes the words {raw} times as much as the others do.", parts);
        return several ? clipSkipLab.say("{name}: {sentence}", {name: encoder.name, sentence: said}) : said;
    }

    function emptyRow() {
        const name = make("th", {scope: "row"}), fill = make("div"), said = make("td");
        const bar = make("div", {className: "clip-skip-lab-share"}, fill);
        bar.setAttribute("aria-hidden", "true"); // the words beside it say the same
        return {name, fill, said, element: make("tr", {}, name, make("td", {}, bar), said)};
    }

    clipSkipLabLens.views.compared = function (answer, clipSkip, container, {other = 1, onOther = () => {}} = {}) {
        const {encoders} = answer, several = encoders.length > 1;
        const input = make("input", {type: "number", min: 1, max: answer.highest, step: 1});
        input.addEventListener("input", () => input.checkValidity() && input.value && onOther(input.valueAsNumber));
        input.addEventListener("change", () => onOther(input.valueAsNumber));
        const said = encoders.map(() => make("p", {className: "clip-skip-lab-sentence"}));
        const rows = Array.from({length: WORDS}, emptyRow), table = make("table", {}, make("tbody", {}, ...rows.map(({element}) => element)));
        const caption = make("caption", {textContent: clipSkipLab.say("The words that differ most, by their share of the change")});
        table.prepend(caption);
        let encoder = encoders.find(({honoured}) => honoured) ?? encoders[0], values = [clipSkip, other];

        function showRow({name, fill, said: cell, element}, found) {
            element.hidden = !found?.share;
            if (element.hidden) return;
            const {text, tokens} = encoder.words[found.word], weight = encoder.tokens[tokens[0]]?.weight ?? 1;
            name.textContent = tokenName({text, weight, kind: "word"});
            fill.style.inlineSize = `${100 * found.share}%`;
            cell.textContent = clipSkipLab.say("{share} of the change; moved by {change}",
                {share: colours.percent(found.share), change: colours.percent(found.distance)});
        }

        function move(nextClipSkip, nextOther = values[1]) {
            values = [nextClipSkip, nextOther];
            if (document.activeElement !== input) input.value = nextOther;
            encoders.forEach((one, at) => said[at].textContent = sentence(one, several, ...values));
            const [one, another] = values.map((value) => numbers.layerOf(encoder, value));
            const words = numbers.wordDistances(encoder, one, another);
            rows.forEach((row, at) => showRow(row, words[at]));
            table.hidden = one === another || !words.length;
        }

        const choice = encoderChoice(encoders.filter(({honoured}) => honoured), (at) => {
            encoder = encoders.filter(({honoured}) => honoured)[at];
            move(...values);
        });
        const about = make("p", {className: "clip-skip-lab-about", textContent: clipSkipLab.say("0% means the same, 100% as far apart as both are long. All tokens count with their weights, padding included, after the final layer norm if the model has one.")});
        container.replaceChildren(make("label", {}, clipSkipLab.say("compared with clip skip"), input), ...said, about,
            ...choice, table, ...encoders.map((one) => abruptly(one, several)).filter(Boolean)
                .map((textContent) => make("p", {textContent})));
        move(clipSkip, other);
        return {move};
    };
})();
