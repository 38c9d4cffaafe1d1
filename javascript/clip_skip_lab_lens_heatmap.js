// The lens's heatmap: tokens × layers of one text encoder, `clipSkipLabLens.views.heatmap`.
(function () {
    "use strict";

    const {make} = clipSkipLab, {numbers, colours, chart, radios, encoderChoice, tokenName} = clipSkipLabLens;
    function explained(quantity, {state, layer}) {
        const given = state === "unet" ? clipSkipLab.say("With the weights, and after the final layer norm if the model has one: what the UNet would receive from each layer.")
            : clipSkipLab.say("As the layer gives it, before the final layer norm and without the weights.");
        return [{
            change: clipSkipLab.say("How far a layer moves a token's state, relative to its length before: 0 means not at all, 1 means by its whole length."),
            last: clipSkipLab.say("The cosine between a token's state and its state after the last layer: 1 means the same direction, 0 nothing in common."),
            used: clipSkipLab.say("The cosine between a token's state and its state after layer {layer}: 1 means the same direction, 0 nothing in common.", {layer}),
            norm: clipSkipLab.say("The length of a token's state."),
        }[quantity], given];
    }

    function quantities() {
        return [["change", clipSkipLab.say("Change in each layer")], ["last", clipSkipLab.say("Similarity to the last layer")],
            ["used", clipSkipLab.say("Similarity to the layer in use")], ["norm", clipSkipLab.say("Length")]];
    }

    function states() {
        return [["unet", clipSkipLab.say("as the UNet receives it")], ["raw", clipSkipLab.say("raw hidden state")]];
    }

    // Rows of tokens in reading order, each chunk under a heading where there are several.
    function rowsOf({tokens}) {
        const several = tokens.at(-1)?.chunk > 0, rows = [];
        tokens.forEach(({chunk, kind}, token) => {
            if (several && kind === "start") rows.push({chunk});
            rows.push({token});
        });
        return rows;
    }

    clipSkipLabLens.views.heatmap = function (answer, clipSkip, container, {onClipSkip = () => {}} = {}) {
        const chosen = {quantity: "change", state: "unet"}, about = make("p", {className: "clip-skip-lab-about"});
        const legend = chart.legend(), over = clipSkipLabLens.over.map((make) => make(answer));
        let encoder = answer.encoders[0], rows = rowsOf(encoder), value = clipSkip, range = null;

        const used = () => numbers.layerOf(encoder, value);
        // What a raw state is compared with is the layer that was asked for.
        const compared = () => chosen.state === "raw" ? encoder.layer : used();

        function rangeOfAll() {
            if (["last", "used"].includes(chosen.quantity)) return numbers.RANGE_OF_COSINES;
            const places = numbers.wordTokens(encoder), values = [];
            for (let layer = 0; layer <= encoder.layers; layer++) {
                for (const token of places) {
                    const found = numbers.valueOf(encoder, chosen, token, layer, used());
                    if (found !== null) values.push(found);
                }
            }
            return numbers.rangeOf(values);
        }

        function digits() {
            return range.high >= 100 ? 0 : range.high >= 10 ? 1 : 2;
        }

        function said(row, layer) {
            const {token} = rows[row], one = encoder.tokens[token], several = encoder.tokens.at(-1).chunk > 0;
            const found = numbers.valueOf(encoder, chosen, token, layer, used()), skip = numbers.clipSkipOf(encoder, layer, answer.highest);
            const parts = {
                token: tokenName(one, several ? one.chunk : null), layer, value: skip,
                quantity: quantities().find(([key]) => key === chosen.quantity)[1],
                number: found === null ? clipSkipLab.say("none") : colours.number(found, 3),
            };
            if (skip === null) return clipSkipLab.say("{token}, layer {layer}: {quantity} {number}", parts);
            return clipSkipLab.say("{token}, layer {layer} (clip skip {value}): {quantity} {number}", parts);
        }

        function skips(layer) {
            const skip = numbers.clipSkipOf(encoder, layer, answer.highest);
            return skip === null ? "–" : String(skip);
        }

        const table = chart.chart({
            label: clipSkipLab.say("Tokens and layers; use the arrow keys to move, Enter to stop at a layer"),
            hint: clipSkipLab.say("Point at a cell or use the arrow keys. Click to stop at that layer."),
            side: 118, top: 40, cell: {least: 22, most: 62, height: 22}, rows: rows.length, columns: encoder.layers + 1,
            corner: [clipSkipLab.say("Layer"), clipSkipLab.say("Clip skip")],
            rowLabel(row) {
                const {chunk, token} = rows[row];
                if (token === undefined) return {text: clipSkipLab.say("Chunk {number}", {number: chunk + 1}), kind: "heading"};
                return {text: tokenName(encoder.tokens[token]), kind: encoder.tokens[token].kind === "word" ? "" : "quiet"};
            },
            columnLabels: (layer) => [String(layer), skips(layer)],
            value: (row, layer) => numbers.valueOf(encoder, chosen, rows[row].token, layer, used()),
            range: () => range, digits, marked: () => ({column: used()}), said,
            drawn: (layout) => over.forEach(({lay}) => lay({encoder, ...layout})),
            chosen(row, layer) {
                const skip = numbers.clipSkipOf(encoder, layer, answer.highest);
                if (skip !== null) onClipSkip(skip);
            },
        });

        function explain() {
            const parts = {state: chosen.state, layer: compared()};
            const now = explained(chosen.quantity, parts).reduce((before, next) => clipSkipLab.say("{before} {next}", {before, next}));
            if (about.textContent !== now) about.textContent = now;
        }

        // After another choice everything is drawn anew.
        function choose() {
            range = rangeOfAll();
            legend.show(range, digits());
            explain();
            table.redraw();
        }

        function move(next) {
            value = next;
            explain();
            table.draw();
        }

        function chooseEncoder(at) {
            encoder = answer.encoders[at];
            rows = rowsOf(encoder);
            table.change({rows: rows.length, columns: encoder.layers + 1});
            choose();
        }

        const choices = [
            radios(clipSkipLab.say("Shown"), quantities(), chosen.quantity, (key) => choose(chosen.quantity = key)),
            radios(clipSkipLab.say("State"), states(), chosen.state, (key) => choose(chosen.state = key)),
        ];
        container.replaceChildren(make("div", {className: "clip-skip-lab-choices"}, ...choices, ...encoderChoice(answer.encoders, chooseEncoder)),
            about, ...over.map(({element}) => element), table.element, legend.element);
        choose();
        return {move};
    };
})();
