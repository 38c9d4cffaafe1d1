// How alike the tokens of a prompt are at the layer in use, each with each: `clipSkipLabLens.views.likeness`.
(function () {
    "use strict";

    const {make} = clipSkipLab, {numbers, colours, chart, radios, encoderChoice, tokenName} = clipSkipLabLens;

    clipSkipLabLens.views.likeness = function (answer, clipSkip, container) {
        const legend = chart.legend(), said = make("p");
        let encoder = answer.encoders[0], part = null, value = clipSkip;

        const used = () => numbers.layerOf(encoder, value), token = (place) => encoder.tokens[part.tokens[place]];
        const cosine = (row, column) => part.cosine[used()][Math.max(row, column)][Math.min(row, column)];

        const table = chart.chart({
            label: clipSkipLab.say("Tokens and tokens; use the arrow keys to move"),
            hint: clipSkipLab.say("Point at a cell or use the arrow keys."),
            side: 118, top: 92, isUpright: true, cell: {least: 18, most: 44, height: 22}, rows: 0, columns: 1,
            rowLabel: (row) => ({text: tokenName(token(row)), kind: token(row).kind === "word" ? "" : "quiet"}),
            columnLabels: (column) => [tokenName(token(column))],
            value: (row, column) => row === column ? null : cosine(row, column),
            range: () => numbers.RANGE_OF_COSINES, marked: () => ({}),
            said(row, column) {
                const parts = {one: tokenName(token(row)), other: tokenName(token(column)), layer: used()};
                if (row === column) return clipSkipLab.say("{one} with itself", parts);
                const number = colours.number(cosine(row, column), 3);
                return clipSkipLab.say("{one} and {other} at layer {layer}: {number}", {...parts, number});
            },
        });

        function choosePart(next) {
            part = next;
            table.change({rows: part.tokens.length, columns: part.tokens.length});
            table.redraw();
        }

        const chunks = make("div");

        function chooseEncoder(at) {
            encoder = answer.encoders[at];
            const parts = encoder.similarity, options = parts?.map(({chunk}, place) =>
                [String(place), clipSkipLab.say("Chunk {number}", {number: chunk + 1})]);
            said.textContent = parts ? "" : clipSkipLab.say("The prompt is too long for a table of all its tokens.");
            for (const one of [table.element, legend.element]) one.hidden = !parts;
            chunks.replaceChildren(...(parts?.length > 1
                ? [radios(clipSkipLab.say("Chunk"), options, "0", (place) => choosePart(parts[place]))] : []));
            if (parts) choosePart(parts[0]);
        }

        function move(next) {
            value = next;
            if (encoder.similarity) table.draw();
        }

        const about = make("p", {className: "clip-skip-lab-about", textContent: clipSkipLab.say("The cosine between two tokens' states, as the UNet receives them, at the layer in use: 1 means the same direction, 0 nothing in common.")});
        legend.show(numbers.RANGE_OF_COSINES);
        container.replaceChildren(about, ...encoderChoice(answer.encoders, chooseEncoder), chunks, said, table.element,
            legend.element);
        chooseEncoder(0);
        return {move};
    };
})();
