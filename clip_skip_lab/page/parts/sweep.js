// A sweep as the page works with it, read from the text of sweep.json, of which any part may be missing or odd; and
// loading it, again and again while the sweep runs.

const DATA = "sweep.js";
const FIRST_PAUSE = 3000, LONGEST_PAUSE = 60000; // ms between looks at a sweep that runs
const STATES = ["done", "failed", "not run"];

function list(value) {
    return Array.isArray(value) ? value : [];
}

function record(value) {
    return value !== null && typeof value === "object" && !Array.isArray(value) ? value : {};
}

function words(value) {
    return typeof value === "string" ? value : value === null || value === undefined ? "" : JSON.stringify(value);
}

// Text in the page's language, from {"en": …, "ja": …}.
function spoken(value) {
    return typeof value === "string" ? value : words(record(value)[language] ?? record(value).en);
}

function stateName(state) {
    return {done: t("done"), failed: t("failed"), "not run": t("not run")}[state];
}

// Raises when the text holds no sweep.
function readSweep(text) {
    const content = JSON.parse(text);
    if (!list(content?.cells).length || !list(content.axes).length) throw new Error("no cells or no axes");
    const axes = content.axes.map(readAxis);
    const most = Math.max(1, ...content.cells.map((cell) => list(record(cell).pictures).length));
    if (most > 1) {
        const places = Array.from({length: most}, (_, place) => String(place + 1));
        axes.push({name: "Image", isPicture: true, labels: places, values: places.map(Number)});
    }
    const cells = content.cells.flatMap((cell, index) =>
        Array.from({length: most}, (_, place) => readCell(record(cell), index, place, axes)));
    const byKey = new Map(cells.map((cell) => [cell.key, cell]));
    const byPlace = new Map(cells.map((cell) => [cell.at.join(), cell]));
    const setting = record(content.setting);
    return {
        content, axes, cells, byKey, byPlace,
        id: words(content.id), state: words(content.state), created: words(content.created),
        prompt: words(setting.prompt), negative: words(setting.negative_prompt), seed: setting.seed,
        model: words(record(content.model).name), draft: Boolean(record(content.plan).draft),
        measures: list(content.measures).map(record).filter((measure) => typeof measure.key === "string"),
        aspect: aspectOf(cells),
    };
}

function readAxis(axis) {
    const values = list(record(axis).values), labels = list(record(axis).labels), name = words(record(axis).name);
    const shown = values.map((value, place) => {
        const label = typeof labels[place] === "string" ? labels[place] : words(value);
        return label.startsWith(`${name}: `) ? label.slice(name.length + 2) : label; // the name stands beside it
    });
    return {name, values, labels: shown, keys: values.map((value) => JSON.stringify(value))};
}

function readCell(cell, index, place, axes) {
    const values = record(cell.values), picture = list(cell.pictures)[place];
    const at = axes.map((axis) => {
        if (axis.isPicture) return place;
        return Math.max(0, axis.keys.indexOf(JSON.stringify(values[axis.name] ?? null)));
    });
    return {
        key: `${index}-${place}`, index, place, at, values,
        state: STATES.includes(cell.state) ? cell.state : "not run",
        reason: words(cell.reason), seconds: cell.seconds, measures: record(cell.measures),
        picture: picture ? record(picture) : null,
    };
}

// Height to width of the cells: that of most pictures.
function aspectOf(cells) {
    const counts = new Map();
    for (const {picture} of cells) {
        const ratio = picture?.height / picture?.width;
        if (ratio > 0 && Number.isFinite(ratio)) counts.set(ratio, (counts.get(ratio) ?? 0) + 1);
    }
    const [found] = [...counts].sort((one, other) => other[1] - one[1])[0] ?? [1];
    return clamp(found, 0.25, 4);
}

// What to call a cell: each axis with the cell's value, but those of a single value.
function nameOf(cell, axes = app.sweep.axes) {
    return namesOf(cell, axes).map(([name, label]) => `${name} ${label}`).join(", ");
}

function namesOf(cell, axes = app.sweep.axes) {
    const telling = axes.map((axis, number) => [axis, number]).filter(([axis]) => axis.labels.length > 1);
    const shown = telling.length ? telling : [[axes[0], 0]];
    return shown.map(([axis, number]) => [axisName(axis), axis.labels[cell.at[number]]]);
}

function axisName(axis) {
    return axis.isPicture ? t("Image") : axis.name;
}

function measureOf(cell, key) {
    const value = cell.measures[key];
    return typeof value === "number" && Number.isFinite(value) ? value : null;
}

// --- Loading --------------------------------------------------------------------------------------------------

let lastText = null, pause = FIRST_PAUSE, waiting = null, sawItRun = false;

// Whether something is still to come: cells, or the measures, which are made when all cells are there.
function isUnderWay({state, measures, content}) {
    sawItRun ||= state === "running";
    if (state === "running") return true;
    return sawItRun && !measures.length && record(content.plan).measures !== false && pause < LONGEST_PAUSE;
}

// A script, because from disk a browser reads no other file. It calls `clipSkipLabSweep` with the text.
function loadSweep() {
    const script = make("script", {src: lastText === null ? DATA : `${DATA}?${Date.now()}`});
    let answered = false;
    window.clipSkipLabSweep = (text) => {
        answered = true;
        take(text);
    };
    const done = () => {
        script.remove();
        if (!answered && lastText === null) showMessage(
            t("There is no sweep to show: the file sweep.js is missing beside this page. " +
                "Open index.html in the folder of a sweep, together with the folder's other files."));
        if (app.sweep !== null && isUnderWay(app.sweep)) lookAgain();
    };
    script.addEventListener("load", done);
    script.addEventListener("error", done);
    document.head.append(script);
}

function take(text) {
    if (text === lastText) return;
    let sweep;
    try {
        sweep = readSweep(text);
    } catch (error) {
        if (app.sweep !== null) return;
        showMessage(t("The sweep's data cannot be read: it is damaged or incomplete ({why}).", {why: error.message}));
        return;
    }
    lastText = text;
    pause = FIRST_PAUSE;
    showSweep(sweep);
}

// Longer and longer while nothing changes, for a sweep whose program was ended "runs" for ever; not in a hidden tab.
function lookAgain() {
    clearTimeout(waiting);
    waiting = setTimeout(() => document.hidden ? null : loadSweep(), pause);
    pause = Math.min(pause * 1.5, LONGEST_PAUSE);
}

function followSweep() {
    loadSweep();
    document.addEventListener("visibilitychange", () => {
        if (document.hidden || app.sweep === null || !isUnderWay(app.sweep)) return;
        pause = FIRST_PAUSE;
        lookAgain();
    });
}
