// The lens's numbers: what follows from an answer's, without the page. Layers are counted as people do: 0 are the token
// embeddings, 1 is the first layer.
clipSkipLabLens.numbers = (function () {
    "use strict";

    // The layer whose state the UNet gets at a clip skip.
    function layerOf(encoder, clipSkip) {
        if (!encoder.honoured) return encoder.layer;
        return Math.max(encoder.layers + 1 - Math.max(clipSkip, encoder.minimal), 1);
    }

    // The clip skip that stops after a layer, or null where none does that there is.
    function clipSkipOf(encoder, layer, highest) {
        const value = encoder.layers + 1 - layer;
        return encoder.honoured && layer > 0 && value >= encoder.minimal && value <= highest ? value : null;
    }

    // The cosine of a token's states after two layers, as the UNet gets them.
    function cosine(encoder, token, one, another) {
        return one === another ? 1 : encoder.unet.cosine[Math.max(one, another)][Math.min(one, another)][token];
    }

    // The squared distance of a token's states after two layers: |a|² + |b|² − 2 |a| |b| cos.
    function apart(encoder, token, one, another) {
        if (one === another) return 0;
        const a = encoder.unet.norm[one][token], b = encoder.unet.norm[another][token];
        return Math.max(a * a + b * b - 2 * a * b * cosine(encoder, token, one, another), 0);
    }

    // How far a token moves between two layers, as the UNet gets it, relative to both lengths: 0 where it doesn't.
    function tokenDistance(encoder, token, one, another) {
        const both = encoder.unet.norm[one][token] * encoder.unet.norm[another][token];
        return both ? Math.sqrt(apart(encoder, token, one, another) / both) : 0;
    }

    function sum(values) {
        return values.reduce((total, value) => total + value, 0);
    }

    // The same for each word, over its tokens, with its share of the squared change of all words; the largest share first.
    function wordDistances(encoder, one, another) {
        const squares = encoder.words.map(({tokens}) => sum(tokens.map((token) => apart(encoder, token, one, another))));
        const length = (tokens, layer) => Math.sqrt(sum(tokens.map((token) => encoder.unet.norm[layer][token] ** 2)));
        const total = sum(squares);
        const found = encoder.words.map(({tokens}, word) => {
            const both = length(tokens, one) * length(tokens, another);
            return {word, distance: both ? Math.sqrt(squares[word] / both) : 0, share: total ? squares[word] / total : 0};
        });
        return found.sort((first, second) => second.share - first.share || first.word - second.word);
    }

    function mean(values) {
        return values.length ? sum(values) / values.length : 0;
    }

    // The places of an encoder's tokens that belong to words.
    function wordTokens(encoder) {
        return encoder.tokens.map((token, place) => token.kind === "word" ? place : -1).filter((place) => place >= 0);
    }

    // How much each layer changes the words on average: by layer, from 1 on; the first entry is 0.
    function meanChanges(encoder, state = "raw") {
        const {change} = state === "unet" ? encoder.unet : encoder, places = wordTokens(encoder);
        return [0, ...change.map((row) => mean(places.map((place) => row[place])))];
    }

    // What the heatmap shows of a token after a layer, or null where there is nothing to say: `state` is "unet" or "raw".
    // Of raw states the likeness to the layer in use is known for the clip skip that was asked only.
    function valueOf(encoder, {quantity, state}, token, layer, used) {
        const from = state === "unet" ? encoder.unet : encoder;
        if (quantity === "change") return layer ? from.change[layer - 1][token] : null;
        if (quantity === "last") return from.cosine_to_last[layer][token];
        if (quantity === "norm") return from.norm[layer][token];
        return state === "unet" ? cosine(encoder, token, layer, used) : encoder.cosine_to_used[layer][token];
    }

    // From which value to which a scale of colours reaches: that of words, without the outermost hundredth of many.
    function rangeOf(values) {
        const sorted = Float64Array.from(values).sort();
        if (!sorted.length) return {low: 0, high: 1, isCutLow: false, isCutHigh: false};
        const cut = sorted.length >= 200 ? Math.floor(sorted.length / 100) : 0;
        const low = sorted[cut], high = sorted[sorted.length - 1 - cut];
        return {low, high: high > low ? high : low + 1e-9, isCutLow: sorted[0] < low, isCutHigh: sorted.at(-1) > high};
    }

    // A cosine's scale is always the same one; below 0 lies little.
    const RANGE_OF_COSINES = {low: 0, high: 1, isCutLow: true, isCutHigh: false};

    return {
        RANGE_OF_COSINES, layerOf, clipSkipOf, cosine, tokenDistance, wordDistances, meanChanges, wordTokens, valueOf, rangeOf,
    };
})();

// Colours of values, from one end of a scale to the other, brighter with the value in the dark and darker in the light;
// and how a number is written.
clipSkipLabLens.colours = (function () {
    "use strict";

    const STOPS = {
        light: [[241, 245, 249], [143, 188, 226], [38, 106, 173], [9, 34, 74]],
        dark: [[30, 39, 51], [28, 85, 138], [79, 160, 220], [232, 244, 255]],
    };

    function isDark() {
        return document.body.classList.contains("dark");
    }

    function colourAt(share, stops) {
        const at = share * (stops.length - 1), from = Math.min(Math.floor(at), stops.length - 2), rest = at - from;
        const [red, green, blue] = stops[from].map((value, part) => value + rest * (stops[from + 1][part] - value));
        // Luminance as WCAG 2 has it: above 0.18 black has the higher contrast.
        const linear = (part) => (part /= 255) <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
        const light = 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
        return {fill: `rgb(${red | 0}, ${green | 0}, ${blue | 0})`, ink: light > 0.18 ? "#000" : "#fff"};
    }

    const SHADES = 128, shades = {};
    for (const [theme, stops] of Object.entries(STOPS)) {
        shades[theme] = Array.from({length: SHADES + 1}, (_, at) => colourAt(at / SHADES, stops));
    }

    // The colour of a share from 0 to 1, and whether black or white can be read on it.
    function colour(share, dark = isDark()) {
        return shades[dark ? "dark" : "light"][Math.round(Math.min(Math.max(share, 0), 1) * SHADES)];
    }

    function share(value, {low, high}) {
        return (value - low) / (high - low);
    }

    const formats = new Map(); // making one takes longer than all else that a cell needs

    function format(key, options) {
        const name = `${clipSkipLab.language} ${key}`;
        if (!formats.has(name)) formats.set(name, new Intl.NumberFormat(clipSkipLab.language, options));
        return formats.get(name);
    }

    function number(value, digits = 2) {
        return format(digits, {minimumFractionDigits: digits, maximumFractionDigits: digits}).format(value);
    }

    // A weight, as it is typed.
    function weight(value) {
        return `×${format("weight", {maximumFractionDigits: 2}).format(value)}`;
    }

    // Below a tenth with one more digit.
    function percent(value) {
        const digits = value > 0 && value < 0.0995 ? 1 : 0;
        return format(`${digits} %`, {style: "percent", maximumFractionDigits: digits}).format(value);
    }

    return {isDark, colour, share, number, weight, percent};
})();
