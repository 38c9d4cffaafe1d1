// Everything by key. This table is both what the keys do and what the help says of them.

function move(down, right) {
    const cell = activeCell(), next = cell && neighbour(cell, down, right);
    if (next) activate(next, {focus: true});
}

function moveToEnd(direction) {
    let cell = activeCell(), next = cell;
    if (grid.layout.kind === "flow") next = grid.layout.cells.at(direction < 0 ? 0 : -1);
    else while (cell) [next, cell] = [cell, neighbour(cell, 0, direction)];
    if (next) activate(next, {focus: true});
}

function movePage(direction) {
    const {lineHeight, head} = grid.geometry;
    const lines = Math.max(1, Math.floor(($("stage").clientHeight - head) / lineHeight));
    let cell = activeCell();
    for (let line = 0; line < lines && cell; line++) cell = neighbourOrNull(cell, direction);
    if (cell) activate(cell, {focus: true});
}

function neighbourOrNull(cell, down) {
    const next = neighbour(cell, down, 0);
    return next && next !== cell ? next : cell;
}

function resize(factor) {
    change({size: clamp((app.view.size || grid.geometry.cellWidth) * factor, SMALLEST, LARGEST)}, {step: false});
}

function turn(axis, by) {
    const {sweep, view} = app;
    const others = sweep.axes.map((_, number) => number)
        .filter((number) => number !== view.x && number !== view.y && sweep.axes[number].labels.length > 1);
    if (others[axis] === undefined) return;
    const at = [...view.at], count = sweep.axes[others[axis]].labels.length;
    at[others[axis]] = (at[others[axis]] + by + count) % count;
    change({at}, {step: false});
    say(`${axisName(sweep.axes[others[axis]])} ${sweep.axes[others[axis]].labels[at[others[axis]]]}`);
}

function cycle(name) {
    const keys = ["", ...app.sweep.measures.map((measure) => measure.key)];
    const next = keys[(keys.indexOf(app.view[name]) + 1) % keys.length];
    change({[name]: next});
    say(next ? spoken(measureNamed(next).name) : t("None"));
}

const onCell = (act) => () => chosenCell() && act(chosenCell());
const copyInfotext = (cell) => cell.picture?.infotext ? copyText(words(cell.picture.infotext)) : say(t("This cell has no infotext."));
const closer = {"+": () => zoomTo(app.view.zoom * 1.25), "-": () => zoomTo(app.view.zoom / 1.25), "0": () => zoomTo(1)};
const panning = {
    "Alt+ArrowLeft": () => moveBy(-1, 0), "Alt+ArrowRight": () => moveBy(1, 0),
    "Alt+ArrowUp": () => moveBy(0, -1), "Alt+ArrowDown": () => moveBy(0, 1),
};

// The buttons that lead to the WebUI are there only on a page that it serves.
function pressInCell(key) {
    const found = $("cell").querySelector(`[data-key="${key}"]`);
    if (found?.disabled) say(found.title);
    found?.click();
}

// [where, keys as shown, what it does, {key: action}]
const KEYS = [
    ["cells", "← → ↑ ↓", () => t("Go to the next cell"), {
        ArrowLeft: () => move(0, -1), ArrowRight: () => move(0, 1), ArrowUp: () => move(-1, 0), ArrowDown: () => move(1, 0)}],
    ["cells", "Home End", () => t("First, last in the row"), {Home: () => moveToEnd(-1), End: () => moveToEnd(1)}],
    ["cells", "Page ↑ ↓", () => t("One screen up, down"), {PageUp: () => movePage(-1), PageDown: () => movePage(1)}],
    ["cells", "Enter", () => t("Open in the large view"), {Enter: () => activeCell() && openCell(activeCell())}],
    ["page", "A · B", () => t("Set as A, as B"), {a: onCell(TOOLS.a), b: onCell(TOOLS.b)}],
    ["page", "V", () => t("Compare"), {v: () => openCompare()}],
    ["page", "F", () => t("Favorite on, off"), {f: onCell(TOOLS.star)}],
    ["page", "C", () => t("Copy the infotext"), {c: onCell(copyInfotext)}],
    ["page", "+ −", () => t("Larger, smaller cells"), {"+": () => resize(1.2), "-": () => resize(1 / 1.2)}],
    ["page", "0", () => t("Fit"), {"0": () => change({size: 0})}],
    ["page", "Z · Shift+Z", () => t("Zoom in, out in all images"), {z: closer["+"], Z: closer["-"]}],
    ["page", "Alt + ← → ↑ ↓", () => t("Move around in all images"), panning],
    ["page", "[ ] · { }", () => t("Move the first, the second slider"), {
        "[": () => turn(0, -1), "]": () => turn(0, 1), "{": () => turn(1, -1), "}": () => turn(1, 1)}],
    ["page", "H · S", () => t("Next colors, next order"), {h: () => cycle("heat"), s: () => cycle("sort")}],
    ["page", "/", () => t("Filter"), {"/": () => {
        if (app.panel !== "filter") togglePanel("filter");
        requestAnimationFrame(() => requestAnimationFrame(() => $("find")?.focus()));
    }}],
    ["page", "E · I", () => t("Export, about"), {e: () => togglePanel("export"), i: () => togglePanel("about")}],
    ["page", "J", () => t("Blind comparison"), {j: () => openBlind()}],
    ["page", "?", () => t("Keys"), {"?": () => openHelp()}],
    ["cell", "← → ↑ ↓", () => t("Go to the next cell"), {
        ArrowLeft: () => leaf(0, -1), ArrowRight: () => leaf(0, 1), ArrowUp: () => leaf(-1, 0), ArrowDown: () => leaf(1, 0)}],
    ["cell", "P", () => t("Play through clip skip"), {p: () => togglePlaying()}],
    ["cell", "F · C · A · B", () => t("Favorite, copy, A, B"), {f: onCell(TOOLS.star), c: onCell(copyInfotext),
        a: onCell(TOOLS.a), b: onCell(TOOLS.b)}],
    ["cell", "U", () => t("Use this clip skip"), {u: () => pressInCell("use")}],
    ["cell", "T · R", () => t("Send to txt2img; run again"), {t: () => pressInCell("send txt2img"), r: () => pressInCell("run")}],
    ["cell", "+ − · 0", () => t("Zoom in, out in all images"), {...closer, z: closer["+"], Z: closer["-"], ...panning}],
    ["blind", "← →", () => t("The left one, the right one is better"), {ArrowLeft: () => vote("a"), ArrowRight: () => vote("b")}],
    ["blind", "↓ =", () => t("The same"), {ArrowDown: () => vote("same"), "=": () => vote("same")}],
    ["blind", "Backspace", () => t("Undo the last vote"), {Backspace: () => undoVote()}],
    ["blind", "+ − · 0", () => t("Zoom in, out in all images"), {...closer, z: closer["+"], Z: closer["-"], ...panning}],
    ["compare", "1 2 3 4", () => t("Side by side, flicker, wipe, difference"),
        Object.fromEntries(MODES.map((mode, place) => [place + 1, () => change({mode})]))],
    ["compare", "Space", () => t("Show the other one"), {" ": () => app.view.mode === "flicker" && showOther()}],
    ["compare", "X", () => t("Swap"), {x: () => swapPair()}],
    ["compare", "← → ↑ ↓", () => t("Another cell for B"), {
        ArrowLeft: () => leafPair(0, -1), ArrowRight: () => leafPair(0, 1),
        ArrowUp: () => leafPair(-1, 0), ArrowDown: () => leafPair(1, 0)}],
    ["compare", "+ − · 0", () => t("Zoom in, out in all images"), {...closer, z: closer["+"], Z: closer["-"], ...panning}],
];

function placeOfKeys() {
    for (const name of ["help", "blind", "compare", "cell"]) if ($(name).open) return name;
    return "page";
}

function startKeys() {
    document.addEventListener("keydown", (event) => {
        if (app.sweep === null || event.ctrlKey || event.metaKey || event.isComposing) return;
        const {target} = event, place = placeOfKeys();
        const types = target.matches?.("input[type=search], textarea");
        const own = target.matches?.("select, input[type=range], summary, pre") && !event.altKey;
        const arrow = /^(Arrow|Home|End|Page)/.test(event.key);
        if (types || (own && (arrow || target.matches("select")))) return;
        if (event.key === " " && target.matches?.("button, input, a")) return;
        const inCells = place === "page" && target.closest?.("[role=grid]");
        const pressed = (event.altKey ? "Alt+" : "") + event.key;
        for (const [where, , , actions] of KEYS) {
            if (where !== place && !(where === "cells" && inCells)) continue;
            const act = actions[pressed] ?? (event.altKey || event.shiftKey ? undefined : actions[event.key.toLowerCase()]);
            if (!act) continue;
            event.preventDefault();
            if (event.repeat && place === "blind") return; // one press, one vote
            return act();
        }
    });
}

// --- Help -----------------------------------------------------------------------------------------------------

function openHelp() {
    const dialog = $("help");
    const names = {cells: t("On the cells"), page: t("Everywhere"), cell: t("In the large view"), compare: t("Comparing"),
        blind: t("Blind")};
    const table = (where) => make("section", {}, make("h3", {text: names[where]}), make("dl", {},
        ...KEYS.filter(([place]) => place === where).flatMap(([, shown, text]) =>
            [make("dt", {}, make("kbd", {text: shown})), make("dd", {text: text()})])));
    dialog.replaceChildren(
        make("div", {className: "bar"}, make("h2", {text: t("Keys")}), make("span", {className: "spring"}),
            button("✕", () => dialog.close(), {"aria-label": t("Close")})),
        make("div", {className: "tables"}, ...Object.keys(names).map(table)),
        make("p", {text: t(
            "With the mouse: click a cell to open it. A, B and ★ appear on the cell under the mouse, and keys apply to that cell. " +
            "Ctrl and the wheel zoom all images together; dragging moves them.")}));
    dialog.setAttribute("aria-label", t("Keys"));
    dialog.showModal();
}
