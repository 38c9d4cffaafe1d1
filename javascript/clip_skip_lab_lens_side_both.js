// What can be said of two prompts, values or models in numbers, drawn below both: the change over the layers as one chart
// with two lines, how far two values are apart in each, and the words that both have.
//
// A side is {name, answer, clipSkip}. States of different models are not compared: each has a space of its own.
clipSkipLabLens.both = (function () {
    "use strict";

    const MOST_WORDS = 20;
    const WIDE = 640, HIGH = 220, ROOM = {left: 44, right: 12, top: 12, bottom: 34};
    const {make} = clipSkipLab, {numbers, colours} = clipSkipLabLens;

    // Whether numbers of both may be compared: the same model with the same encoders.
    function isSameModel([one, other]) {
        const told = ({answer}) => JSON.stringify([answer.model.name, answer.model.hash, answer.encoders.map(({name, layers}) => [name, layers])]);
        return told(one) === told(other);
    }

    // The two values to compare: those of both sides, or where these are the same, that one and `further`; two in any case.
    function valuesOf([one, other], further) {
        if (one.clipSkip !== other.clipSkip) return [one.clipSkip, other.clipSkip];
        if (further !== one.clipSkip) return [one.clipSkip, further];
        return [one.clipSkip, one.clipSkip === 1 ? 2 : 1];
    }

    function distanceIn(encoder, [one, other]) {
        const layers = [one, other].map((value) => numbers.layerOf(encoder, value));
        return encoder.distance[Math.max(...layers)][Math.min(...layers)];
    }

    // By the text of each word, the first of that text counts: how far it moves between two values.
    function movesIn(encoder, values) {
        const [one, other] = values.map((value) => numbers.layerOf(encoder, value)), found = new Map();
        const moves = new Map(numbers.wordDistances(encoder, one, other).map(({word, distance}) => [word, distance]));
        encoder.words.forEach(({text}, word) => found.has(text) || found.set(text, moves.get(word)));
        return found;
    }

    // Words that both have: [{text, first, second}], the largest difference first.
    function sharedWords(one, other, values) {
        const [first, second] = [one, other].map((encoder) => movesIn(encoder, values));
        const shared = [...first.keys()].filter((text) => second.has(text) && /[\p{L}\p{N}]/u.test(text));
        const found = shared.map((text) => ({text, first: first.get(text), second: second.get(text)}));
        return found.sort((a, b) => Math.abs(b.first - b.second) - Math.abs(a.first - a.second));
    }

    // --- The chart ----------------------------------------------------------------------------------------------

    function svg(tag, attributes = {}, ...children) {
        const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
        for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
        made.append(...children);
        return made;
    }

    // One line and its points for each side: [{name, clipSkip, encoder}].
    function chart(lines) {
        const curves = lines.map(({encoder}) => numbers.meanChanges(encoder, "unet"));
        const layers = Math.max(...lines.map(({encoder}) => encoder.layers)), top = Math.max(...curves.flat(), 1e-9);
        const x = (layer) => ROOM.left + (layer - 1) / Math.max(layers - 1, 1) * (WIDE - ROOM.left - ROOM.right);
        const y = (value) => HIGH - ROOM.bottom - value / top * (HIGH - ROOM.top - ROOM.bottom);
        const drawn = svg("svg", {viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img", class: "clip-skip-lab-both-chart"});
        drawn.setAttribute("aria-label", clipSkipLab.say("Mean change of the words in each layer: {lines}", {
            lines: lines.map(({name}, place) => `${name}: ${curves[place].slice(1).map((value) => colours.number(value)).join(", ")}`).join("; "),
        }));
        for (const share of [0, 0.5, 1]) {
            const at = y(top * share);
            drawn.append(svg("line", {x1: ROOM.left, x2: WIDE - ROOM.right, y1: at, y2: at, class: "rule"}),
                svg("text", {x: ROOM.left - 6, y: at + 4, "text-anchor": "end"}, colours.number(top * share)));
        }
        const step = Math.ceil(layers / 16);
        for (let layer = 1; layer <= layers; layer += step) {
            drawn.append(svg("text", {x: x(layer), y: HIGH - ROOM.bottom + 16, "text-anchor": "middle"}, String(layer)));
        }
        drawn.append(svg("text", {x: (ROOM.left + WIDE) / 2, y: HIGH - 2, "text-anchor": "middle"}, clipSkipLab.say("layer")));
        lines.forEach((line, place) => drawn.append(curve(line, curves[place], place, x, y)));
        return drawn;
    }

    function curve({name, encoder, clipSkip}, values, place, x, y) {
        const used = numbers.layerOf(encoder, clipSkip), group = svg("g", {class: `line-${place}`});
        const points = values.slice(1).map((value, index) => `${x(index + 1)},${y(value)}`);
        group.append(svg("polyline", {points: points.join(" ")}));
        values.forEach((value, layer) => {
            if (!layer) return;
            const size = layer === used ? 6 : 3, title = svg("title", {}, clipSkipLab.say("{name}: layer {layer} changes the words by {value}", {
                name, layer, value: colours.number(value),
            }));
            group.append(place ? svg("rect", {x: x(layer) - size, y: y(value) - size, width: 2 * size, height: 2 * size}, title)
                : svg("circle", {cx: x(layer), cy: y(value), r: size}, title));
        });
        return group;
    }

    function legend(lines) {
        const parts = lines.map(({name, clipSkip, encoder}, place) => {
            const stop = encoder.honoured ? clipSkipLab.say("{name} (stops after layer {layer} at clip skip {value})", {
                name, layer: numbers.layerOf(encoder, clipSkip), value: clipSkip,
            }) : name;
            return make("span", {className: `line-${place}`}, make("span", {textContent: place ? "■ " : "● ", ariaHidden: "true"}), stop);
        });
        return make("p", {className: "clip-skip-lab-both-legend"}, ...parts);
    }

    function charts(sides) {
        const names = [...new Set(sides.flatMap(({answer}) => answer.encoders.map(({name}) => name)))];
        return names.flatMap((encoderName) => {
            const lines = sides.flatMap(({name, clipSkip, answer}) => {
                const encoder = answer.encoders.find((one) => one.name === encoderName);
                return encoder ? [{name, clipSkip, encoder}] : [];
            });
            const title = make("h5", {textContent: clipSkipLab.say("{encoder}: mean change of the words in each layer, as the UNet receives them", {encoder: encoderName})});
            return [title, chart(lines), legend(lines)];
        });
    }

    // --- Distances and words ------------------------------------------------------------------------------------

    function distances(sides, values) {
        const [one, other] = values;
        return sides[0].answer.encoders.map((encoder, place) => {
            if (!encoder.honoured) {
                return make("p", {textContent: clipSkipLab.say("{name} ignores clip skip: it always gives layer {layer}.", encoder)});
            }
            const [first, second] = sides.map(({answer}) => colours.percent(distanceIn(answer.encoders[place], values)));
            return make("p", {textContent: clipSkipLab.say("{encoder}: from clip skip {one} to {other}, what the UNet receives changes by {first} in “{left}” and by {second} in “{right}”.", {
                encoder: encoder.name, one, other, first, second, left: sides[0].name, right: sides[1].name,
            })});
        });
    }

    function wordTable(sides, place, values) {
        const [one, other] = sides.map(({answer}) => answer.encoders[place]);
        if (!one.honoured) return [];
        const words = sharedWords(one, other, values);
        if (!words.length) return [make("p", {textContent: clipSkipLab.say("{encoder}: the two have no word in common.", {encoder: one.name})})];
        const cells = (tag, texts) => make("tr", {}, ...texts.map((text) => make(tag, {textContent: text})));
        const caption = make("caption", {textContent: clipSkipLab.say("Words in both, {encoder}: how much each changes from clip skip {one} to {other}", {
            encoder: one.name, one: values[0], other: values[1],
        })});
        const head = make("thead", {}, cells("th", [clipSkipLab.say("Word"), sides[0].name, sides[1].name, clipSkipLab.say("Difference")]));
        const rows = words.slice(0, MOST_WORDS).map(({text, first, second}) => {
            const row = cells("td", [text, colours.percent(first), colours.percent(second), signed(second - first)]);
            row.firstChild.dir = "auto";
            return row;
        });
        const more = words.length > MOST_WORDS ? [make("p", {textContent: clipSkipLab.say("More words in both: {count}", {count: words.length - MOST_WORDS})})] : [];
        return [make("table", {}, caption, head, make("tbody", {}, ...rows)), ...more];
    }

    function signed(value) {
        return `${value < 0 ? "−" : "+"}${colours.percent(Math.abs(value))}`;
    }

    // Draws what can be said of two sides into an element.
    function draw(sides, further, container) {
        if (!isSameModel(sides)) {
            const why = clipSkipLab.say("States of different models cannot be compared number by number: only the curves are shown, each relative to its own states.");
            return container.replaceChildren(make("p", {textContent: why}), ...charts(sides));
        }
        const values = valuesOf(sides, further);
        const tables = sides[0].answer.encoders.flatMap((_, place) => wordTable(sides, place, values));
        return container.replaceChildren(...charts(sides), ...distances(sides, values), ...tables);
    }

    return {draw, isSameModel, valuesOf, sharedWords};
})();
