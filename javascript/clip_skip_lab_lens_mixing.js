// Which words mix: pairs of words that are more alike in this prompt than where the first is left out of it, layer by
// layer. `clipSkipLabLens.views.mixing`.
(function () {
    "use strict";

    const {make} = clipSkipLab, {numbers, colours} = clipSkipLabLens;
    const WIDE = 150, HIGH = 36;

    function svg(tag, attributes, ...children) {
        const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
        for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
        made.append(...children);
        return made;
    }

    // Two lines over the layers: here, and where the word is left out (dashed); a mark at the layer in use.
    function curve({here, apart}) {
        const most = here.length - 1, x = (layer) => 2 + (WIDE - 4) * layer / most;
        const lowest = Math.min(0, ...here, ...apart), y = (value) => 2 + (HIGH - 4) * (1 - value) / (1 - lowest);
        const path = (values) => values.map((value, layer) => `${layer ? "L" : "M"}${x(layer).toFixed(1)} ${y(value).toFixed(1)}`).join("");
        const mark = svg("path", {class: "mark"});
        const element = svg("svg", {class: "clip-skip-lab-curve", viewBox: `0 0 ${WIDE} ${HIGH}`, width: WIDE, height: HIGH,
            "aria-hidden": "true"}, mark, svg("path", {class: "apart", d: path(apart)}), svg("path", {class: "here", d: path(here)}));
        return {element, move: (layer) => mark.setAttribute("d", `M${x(layer)} 0V${HIGH}`)};
    }

    function rowOf(encoder, pair) {
        const name = make("th", {scope: "row"}), said = make("td"), drawn = curve(pair);
        const [one, other] = [pair.word, pair.into].map((word) => encoder.words[word].text);
        name.textContent = clipSkipLab.say("{word} → {other}", {word: one, other});
        return {
            element: make("tr", {}, name, make("td", {}, drawn.element), said),
            more: (layer) => pair.more[layer],
            move(layer) {
                drawn.move(layer);
                said.textContent = clipSkipLab.say("{here} here, {apart} without “{word}”",
                    {here: colours.number(pair.here[layer]), apart: colours.number(pair.apart[layer]), word: one});
            },
        };
    }

    clipSkipLabLens.views.mixing = function (answer, clipSkip, container, {onAsk = () => {}} = {}) {
        const lists = [], about = make("p", {className: "clip-skip-lab-about", textContent: clipSkipLab.say("Each pair is two words of the prompt. The solid line is the cosine between their states in each layer, the dashed line the same without the first word in the prompt. Where the solid line is higher, the second word has taken something from the first. At most 20 pairs are shown, those that mix most at the clip skip that was in use.")});
        const button = make("button", {type: "button", textContent: clipSkipLab.say("Which words mix?"), onclick: () => onAsk()});
        container.replaceChildren(about);
        if (!answer.encoders.some(({mixing}) => mixing)) {
            container.append(button);
            return {move() {}, button};
        }
        for (const encoder of answer.encoders.filter(({mixing}) => mixing)) {
            if (answer.encoders.length > 1) container.append(make("h5", {textContent: encoder.name}));
            const body = make("tbody"), none = make("p", {textContent: clipSkipLab.say("At this layer, no word takes anything from another.")});
            lists.push({encoder, body, none, rows: encoder.mixing.map((pair) => rowOf(encoder, pair))});
            container.append(none, make("table", {}, body));
        }

        // Those that mix at the layer in use, the most first.
        function move(value) {
            for (const {encoder, body, none, rows} of lists) {
                const layer = numbers.layerOf(encoder, value), found = rows.filter((row) => row.more(layer) > 0);
                found.sort((one, other) => other.more(layer) - one.more(layer));
                found.forEach((row) => row.move(layer));
                none.hidden = found.length > 0;
                const before = [...body.children], now = found.map(({element}) => element);
                if (before.length !== now.length || now.some((element, at) => element !== before[at])) body.replaceChildren(...now);
            }
        }

        move(clipSkip);
        return {move, button: null};
    };
})();
