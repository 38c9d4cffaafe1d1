// Colours for a measure over the cells. The range is that of all cells of the sweep, so that a colour keeps its
// meaning while one filters and leafs; 0 is a value like any other.

// From dark violet to yellow, in steps of equal lightness, to be told apart by people who see red and green alike.
const RAMP = [[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]];

function colourAt(part) {
    const place = clamp(part, 0, 1) * (RAMP.length - 1), low = Math.min(Math.floor(place), RAMP.length - 2);
    const mixed = RAMP[low].map((from, channel) => Math.round(from + (RAMP[low + 1][channel] - from) * (place - low)));
    return `rgb(${mixed.join(", ")})`;
}

// {low, high} over all cells, or null where no cell has the measure.
function rangeOf(key) {
    let low = Infinity, high = -Infinity;
    for (const cell of app.sweep.cells) {
        const value = measureOf(cell, key);
        if (value === null) continue;
        low = Math.min(low, value);
        high = Math.max(high, value);
    }
    return low <= high ? {low, high} : null;
}

function heatOf(value, {low, high}) {
    return colourAt(high > low ? (value - low) / (high - low) : 0.5);
}

function measureNamed(key) {
    return app.sweep.measures.find((measure) => measure.key === key);
}

function numberText(value) {
    if (value === null) return "–";
    if (value !== 0 && (Math.abs(value) >= 100000 || Math.abs(value) < 0.001)) return value.toExponential(1);
    return new Intl.NumberFormat(language, {maximumSignificantDigits: 3}).format(value);
}

// What values are in, in the page's language where it has words.
function unitOf(measure) {
    const unit = words(measure.unit), known = new Map([["levels of 0–255", t("levels of 0–255")],
        ["levels² of 0–255", t("levels² of 0–255")], ["share, 0–1", t("share, 0–1")],
        ["relative distance", t("relative distance")]]);
    return known.get(unit) ?? unit;
}

function withUnit(value, measure) {
    const unit = unitOf(measure);
    return value === null || !unit ? numberText(value) : `${numberText(value)} ${unit}`;
}

function legend(key) {
    const range = rangeOf(key), measure = measureNamed(key);
    if (!range) return make("p", {className: "legend", text: t("No cell has been measured")});
    const bar = make("span", {className: "ramp", "aria-hidden": "true"});
    bar.style.background = `linear-gradient(to right, ${RAMP.map((colour) => `rgb(${colour})`).join(", ")})`;
    const text = t("{low} to {high}", {low: withUnit(range.low, measure), high: withUnit(range.high, measure)});
    return make("p", {className: "legend", title: spoken(measure.description), "aria-label": `${spoken(measure.name)}: ${text}`},
        make("span", {text: numberText(range.low)}), bar, make("span", {text: withUnit(range.high, measure)}));
}
