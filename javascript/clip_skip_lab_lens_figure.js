// The lens's drawing: prompt → tokens → layers → where clip skip stops → UNet, as one SVG with a column for each text
// encoder. `clipSkipLabLens.views.figure`; what moves with the slider are a few attributes of what is drawn.
(function () {
    "use strict";

    const {numbers, colours} = clipSkipLabLens;
    const FONT = "ui-sans-serif, system-ui, 'Segoe UI', 'Hiragino Sans', 'Noto Sans JP', sans-serif";
    const NARROWEST = 300, WIDEST = 860, NARROWEST_COLUMN = 260, MARGIN = 8, GAP = 28; // px
    const LANE = 34; // beside the layers, for the line from where it stops
    const CHUNKS = 3, ROWS_OF_ONE = 5, ROWS_OF_MANY = 2, TOKEN = 24, LETTERS = 16, PROMPT_LINES = 3;
    let drawn = 0;

    function svg(tag, attributes = {}, ...children) {
        const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
        for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
        made.append(...children);
        return made;
    }

    function text(x, y, content, kind = "", attributes = {}) {
        return svg("text", {x, y, class: kind, ...attributes}, content);
    }

    const ruler = document.createElement("canvas").getContext("2d");

    function widthOf(content, size = 13, weight = 400) {
        ruler.font = `${weight} ${size}px ${FONT}`;
        return ruler.measureText(content).width;
    }

    function shortened(content, width, size = 13) {
        if (widthOf(content, size) <= width) return content;
        const letters = [...content];
        let low = 0, high = letters.length;
        while (low < high) {
            const middle = Math.ceil((low + high) / 2);
            if (widthOf(`${letters.slice(0, middle).join("")}…`, size) <= width) low = middle;
            else high = middle - 1;
        }
        return `${letters.slice(0, low).join("")}…`;
    }

    // A text in smaller letters where it is wider than its place.
    function fitting(element, size, width, weight = 400) {
        const own = widthOf(element.textContent, size, weight);
        element.style.fontSize = own > width ? `${size * width / own}px` : `${size}px`;
        return element;
    }

    // A text in lines of at most a width, the last of which says that there is more.
    function lines(content, width, most) {
        const found = [], words = content.trim().split(/\s+/);
        while (words.length && found.length < most) {
            let line = words.shift();
            while (words.length && widthOf(`${line} ${words[0]}`) <= width) line += ` ${words.shift()}`;
            if (words.length && found.length === most - 1) line += " …";
            found.push(shortened(line, width));
        }
        return found;
    }

    function arrow(x, from, to) {
        return svg("path", {class: "line", d: `M${x} ${from}V${to}m-4 -6l4 6l4 -6`});
    }

    function box(x, y, width, height, kind) {
        return svg("rect", {x, y, width, height, rx: 5, class: kind});
    }

    // --- Tokens -----------------------------------------------------------------------------------------------

    function labelOf({kind, text: own, weight}) {
        if (kind === "start") return {label: clipSkipLab.say("start"), kind};
        if (kind === "end") return {label: clipSkipLab.say("end"), kind};
        const letters = [...own], label = letters.length > LETTERS ? `${letters.slice(0, LETTERS).join("")}…` : own;
        return weight === 1 ? {label, kind} : {label, kind: "weighted", weight: colours.weight(weight)};
    }

    function sized(token) {
        const {label, weight} = token;
        return {...token, width: Math.ceil(widthOf(label)) + 14 + (weight ? Math.ceil(widthOf(weight, 11)) + 5 : 0)};
    }

    function moreOf(count) {
        return sized({label: clipSkipLab.say("+ {count} more", {count}), kind: "more"});
    }

    // Boxes one beside the other in rows of a width; where there are more than the rows hold, the last one says how many.
    function flowed(tokens, width, most) {
        const boxes = tokens.map((token) => sized(labelOf(token))), placed = [];
        const after = (last, one) => {
            if (!last) return {x: 0, row: 0};
            const x = last.x + last.width + 4;
            return x + one.width <= width ? {x, row: last.row} : {x: 0, row: last.row + 1};
        };
        for (const one of boxes) {
            const place = after(placed.at(-1), one);
            if (place.row >= most) break;
            placed.push({...one, ...place});
        }
        if (placed.length === boxes.length) return placed;
        for (;;) {
            const more = moreOf(boxes.length - placed.length), place = after(placed.at(-1), more);
            if (place.row < most || !placed.length) return [...placed, {...more, ...place}];
            placed.pop();
        }
    }

    function chunkTitle(number, tokens, isAlone) {
        const count = tokens.filter(({kind}) => kind === "word").length;
        if (isAlone) return count === 1 ? clipSkipLab.say("1 token") : clipSkipLab.say("{count} tokens", {count});
        return clipSkipLab.say("Chunk {number}, tokens: {count}", {number: number + 1, count});
    }

    // Draws the tokens from y on; gives where they end.
    function drawTokens(group, encoder, x, top, width) {
        const count = encoder.tokens.at(-1)?.chunk + 1 || 0, rows = count > 1 ? ROWS_OF_MANY : ROWS_OF_ONE;
        let y = top;
        for (let chunk = 0; chunk < Math.min(count, CHUNKS); chunk++) {
            const tokens = encoder.tokens.filter((token) => token.chunk === chunk), boxes = flowed(tokens, width - 16, rows);
            const height = 24 + (boxes.at(-1).row + 1) * (TOKEN + 4) + 4;
            group.append(box(x, y, width, height, "chunk"));
            group.append(text(x + 8, y + 16, chunkTitle(chunk, tokens, count === 1), "small"));
            for (const one of boxes) {
                const left = x + 8 + one.x, at = y + 24 + one.row * (TOKEN + 4);
                group.append(box(left, at, one.width, TOKEN, `token ${one.kind}`), text(left + 7, at + 16.5, one.label, `of-${one.kind}`));
                if (!one.weight) continue;
                const place = {"text-anchor": "end"};
                group.append(text(left + one.width - 6, at + 16, one.weight, "weight", place));
            }
            y += height + 6;
        }
        if (count <= CHUNKS) return y - 6;
        group.append(text(x + 8, y + 12, clipSkipLab.say("+ {count} more chunks", {count: count - CHUNKS}), "small"));
        return y + 18;
    }

    // --- Layers -----------------------------------------------------------------------------------------------

    function stopText(encoder, layer, clipSkip) {
        const parts = {value: clipSkip, layer, layers: encoder.layers};
        if (!encoder.honoured) return clipSkipLab.say("always layer {layer} of {layers}", parts);
        return clipSkipLab.say("stops here: clip skip {value} = layer {layer} of {layers}", parts);
    }

    // One row for each layer, the embeddings first; gives {bottom, move}.
    function drawLayers(group, encoder, x, top, width, {highest, choose}) {
        const thin = encoder.layers > 16, height = thin ? 13 : 22, size = thin ? 10 : 12;
        const changes = numbers.meanChanges(encoder, "unet"), wide = width - LANE;
        // The first layer may change the embeddings by many times what any other changes: its bar ends where three times that would.
        const others = Math.max(...changes.slice(2), 1e-9), most = Math.min(Math.max(...changes), 3 * others);
        const share = (change) => Math.min(change / most, 1);
        const rows = changes.map((change, layer) => {
            const y = top + layer * (height + 2), value = numbers.clipSkipOf(encoder, layer, highest), middle = y + height / 2 + size * 0.36;
            const name = layer ? clipSkipLab.say("Layer {layer}", {layer}) : clipSkipLab.say("Token embeddings");
            const atEnd = (right, said) => text(right, middle, said, "skip", {"text-anchor": "end", "font-size": size - 1});
            const label = text(x + 8, middle, name, "name"), written = atEnd(x + wide - 84, layer ? colours.percent(change) : "");
            const skip = atEnd(x + wide - 8, value === null ? "" : clipSkipLab.say("clip skip {value}", {value}));
            const bar = svg("rect", {x, y, width: wide * share(change), height, rx: 4, class: "bar"});
            const row = svg("g", {class: "layer"}, box(x, y, wide, height, "back"), bar, box(x, y, wide, height, "edge"), label,
                written, skip);
            fitting(label, size, wide);
            if (layer) row.prepend(svg("title", {}, layerTip(layer, value, change)));
            if (value !== null) row.addEventListener("click", () => choose(value));
            if (value !== null) row.classList.add("reachable");
            group.append(row);
            const ends = [[skip, skip.textContent], [written, written.textContent, wide - 132]];
            return {row, label, name, ends, middle: y + height / 2, size, width: wide - 16};
        });
        return {rows, bottom: top + rows.length * (height + 2) - 2, right: x + wide};
    }

    function layerTip(layer, value, change) {
        const parts = {layer, value, change: colours.percent(change)};
        if (value === null) return clipSkipLab.say("Layer {layer} changes the words by {change} on average.", parts);
        return clipSkipLab.say("Layer {layer} (clip skip {value}) changes the words by {change} on average.", parts);
    }

    function show(element, content) {
        if (element.textContent !== content) element.textContent = content;
    }

    function markStop(column, clipSkip) {
        const {encoder, layers, line, target} = column, used = numbers.layerOf(encoder, clipSkip);
        layers.rows.forEach(({row, label, name, ends, size, width}, layer) => {
            const isUsed = layer === used, now = isUsed ? stopText(encoder, used, clipSkip) : name;
            row.classList.toggle("unused", layer > used);
            row.classList.toggle("used", isUsed);
            if (label.textContent === now) return;
            label.textContent = now;
            fitting(label, size, width, isUsed ? 600 : 400);
            const [[skip, said], [written, change, room]] = ends; // what stands there makes way for the sentence
            show(skip, isUsed ? "" : said);
            show(written, isUsed && widthOf(now, size, 600) > room ? "" : change);
        });
        const lane = layers.right + LANE - 10;
        line.setAttribute("d", `M${layers.right} ${layers.rows[used].middle}H${lane}V${target.y}H${target.x}m6 -4l-6 4l6 4`);
    }

    // --- The whole --------------------------------------------------------------------------------------------

    function drawColumn(root, encoder, x, top, width, choice) {
        const wide = width - LANE, centre = x + wide / 2;
        root.append(text(x, top + 14, shortened(encoder.name, width, 15), "heading"));
        let y = drawTokens(root, encoder, x, top + 24, wide);
        root.append(arrow(x + 16, y + 2, y + 18));
        root.append(fitting(text(x + 28, y + 15, clipSkipLab.say("bar: how much each layer changes the words"), "small"), 11, wide - 28));
        const layers = drawLayers(root, encoder, x, y + 22, width, choice);
        y = layers.bottom + 22;
        const norm = encoder.final_layer_norm ? clipSkipLab.say("Final layer norm") : clipSkipLab.say("no final layer norm");
        const isWeighted = encoder.tokens.some(({weight}) => weight !== 1);
        const steps = [[norm, encoder.final_layer_norm ? "step" : "step none"]];
        if (isWeighted) steps.push([clipSkipLab.say("prompt weights"), "step"]);
        const target = {x: x + wide + 1, y: y + 13};
        for (const [name, kind] of steps) {
            root.append(box(x, y, wide, 26, kind), text(centre, y + 17.5, name, kind, {"text-anchor": "middle"}));
            y += 26 + 16;
            if (name !== steps.at(-1)[0]) root.append(arrow(centre, y - 15, y - 1));
        }
        const line = svg("path", {class: "way"});
        root.append(line);
        return {encoder, layers, line, target, centre, bottom: y - 16};
    }

    function drawing(answer, width, choose) {
        const {encoders, asked} = answer, many = encoders.length;
        const column = Math.max((width - 2 * MARGIN - GAP * (many - 1)) / many, NARROWEST_COLUMN);
        const whole = column * many + GAP * (many - 1) + 2 * MARGIN, id = `clip_skip_lab_figure_${++drawn}`;
        const title = svg("title", {id: `${id}_title`}), desc = svg("desc", {id: `${id}_desc`});
        const root = svg("svg", {class: "clip-skip-lab-figure", role: "img", tabindex: 0, "font-family": FONT, "font-size": 13,
            "aria-labelledby": title.id, "aria-describedby": desc.id}, title, desc);
        const heading = text(MARGIN, 22, "", "heading");
        const said = lines(asked.prompt, whole - 2 * MARGIN - 20, PROMPT_LINES), high = 28 + said.length * 18;
        root.append(heading, box(MARGIN, 36, whole - 2 * MARGIN, high, "chunk"));
        root.append(text(MARGIN + 8, 52, clipSkipLab.say("Prompt"), "small"));
        said.forEach((line, at) => root.append(text(MARGIN + 8, 72 + at * 18, line)));
        const top = 36 + high + 24;
        const columns = encoders.map((encoder, at) => {
            const x = MARGIN + at * (column + GAP);
            root.append(arrow(x + (column - LANE) / 2, 36 + high + 2, top - 4));
            return drawColumn(root, encoder, x, top, column, {highest: answer.highest, choose});
        });
        const bottom = Math.max(...columns.map((one) => one.bottom)) + 26;
        for (const one of columns) root.append(arrow(one.centre, one.bottom + 2, bottom - 2));
        const middle = {"text-anchor": "middle"};
        root.append(box(MARGIN, bottom, whole - 2 * MARGIN, 46, "unet"), text(whole / 2, bottom + 20, "UNet", "heading", middle),
            text(whole / 2, bottom + 37, clipSkipLab.say("makes the image from what it receives here"), "small", middle));
        const height = bottom + 46 + MARGIN;
        Object.entries({viewBox: `0 0 ${whole} ${height}`, width: whole, height}).forEach(([name, value]) => root.setAttribute(name, value));
        return {root, title, desc, heading, columns, whole};
    }

    function described(answer, clipSkip) {
        return answer.encoders.map((encoder) => {
            const parts = {name: encoder.name, layer: numbers.layerOf(encoder, clipSkip), layers: encoder.layers, value: clipSkip};
            if (!encoder.honoured) return clipSkipLab.say("{name} gives layer {layer} of {layers} at every clip skip.", parts);
            return clipSkipLab.say("{name} stops at layer {layer} of {layers}.", parts);
        });
    }

    clipSkipLabLens.views.figure = function (answer, clipSkip, container, {onClipSkip = () => {}} = {}) {
        let value = clipSkip, width = 0, shown = null;

        function draw() {
            width = container.clientWidth;
            shown = drawing(answer, Math.min(Math.max(width, NARROWEST), WIDEST), onClipSkip);
            shown.root.addEventListener("keydown", (event) => {
                const step = {ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1}[event.key];
                if (!step) return;
                event.preventDefault();
                onClipSkip(Math.min(Math.max(value + step, 1), answer.highest));
            });
            const isFocused = container.contains(document.activeElement);
            container.replaceChildren(shown.root);
            if (isFocused) shown.root.focus({preventScroll: true});
            move(value);
        }

        function move(next) {
            value = next;
            for (const column of shown.columns) markStop(column, value);
            const name = answer.model.name, title = clipSkipLab.say("Clip skip {value} on {name}", {value, name});
            shown.title.textContent = title;
            shown.heading.textContent = shortened(title, shown.whole - 20, 15);
            shown.desc.textContent = described(answer, value).reduce((before, next) => clipSkipLab.say("{before} {next}", {before, next}));
        }

        container.classList.add("clip-skip-lab-scrolls");
        draw();
        new ResizeObserver(() => container.clientWidth && container.clientWidth !== width && draw()).observe(container);
        return {move, redraw: draw, get svg() { return shown.root; }};
    };
})();
