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
    say(next ? spoken(measureNamed(next).name) : t("nothing"));
}

const onCell = (act) => () => chosenCell() && act(chosenCell());
const copyInfotext = (cell) => cell.picture?.infotext ? copyText(words(cell.picture.infotext)) : say(t("no infotext"));
const closer = {"+": () => zoomTo(app.view.zoom * 1.25), "-": () => zoomTo(app.view.zoom / 1.25), "0": () => zoomTo(1)};
const panning = {
    "Alt+ArrowLeft": () => moveBy(-1, 0), "Alt+ArrowRight": () => moveBy(1, 0),
    "Alt+ArrowUp": () => moveBy(0, -1), "Alt+ArrowDown": () => moveBy(0, 1),
};

// [where, keys as shown, what it does, {key: action}]
const KEYS = [
    ["cells", "← → ↑ ↓", "key move", {
        ArrowLeft: () => move(0, -1), ArrowRight: () => move(0, 1), ArrowUp: () => move(-1, 0), ArrowDown: () => move(1, 0)}],
    ["cells", "Home End", "key ends", {Home: () => moveToEnd(-1), End: () => moveToEnd(1)}],
    ["cells", "Page ↑ ↓", "key page", {PageUp: () => movePage(-1), PageDown: () => movePage(1)}],
    ["cells", "Enter", "key open", {Enter: () => activeCell() && openCell(activeCell())}],
    ["page", "A · B", "key pair", {a: onCell(TOOLS.a), b: onCell(TOOLS.b)}],
    ["page", "V", "compare", {v: () => openCompare()}],
    ["page", "F", "key favourite", {f: onCell(TOOLS.star)}],
    ["page", "C", "key copy", {c: onCell(copyInfotext)}],
    ["page", "+ −", "key size", {"+": () => resize(1.2), "-": () => resize(1 / 1.2)}],
    ["page", "0", "fit", {"0": () => change({size: 0})}],
    ["page", "Z · Shift+Z", "key zoom", {z: closer["+"], Z: closer["-"]}],
    ["page", "Alt + ← → ↑ ↓", "key pan", panning],
    ["page", "[ ] · { }", "key turn", {"[": () => turn(0, -1), "]": () => turn(0, 1), "{": () => turn(1, -1), "}": () => turn(1, 1)}],
    ["page", "H · S", "key measures", {h: () => cycle("heat"), s: () => cycle("sort")}],
    ["page", "/", "filter", {"/": () => {
        if (app.panel !== "filter") togglePanel("filter");
        requestAnimationFrame(() => requestAnimationFrame(() => $("find")?.focus()));
    }}],
    ["page", "E · I", "key panels", {e: () => togglePanel("export"), i: () => togglePanel("about")}],
    ["page", "?", "keys", {"?": () => openHelp()}],
    ["cell", "← → ↑ ↓", "key leaf", {
        ArrowLeft: () => leaf(0, -1), ArrowRight: () => leaf(0, 1), ArrowUp: () => leaf(-1, 0), ArrowDown: () => leaf(1, 0)}],
    ["cell", "P", "play", {p: () => togglePlaying()}],
    ["cell", "F · C · A · B", "key same", {f: onCell(TOOLS.star), c: onCell(copyInfotext),
        a: onCell(TOOLS.a), b: onCell(TOOLS.b)}],
    ["cell", "U", "key use", {u: () => FROM_HOST && $("cell").querySelector("[data-key=use]").click()}],
    ["cell", "+ − · 0", "key zoom", {...closer, z: closer["+"], Z: closer["-"], ...panning}],
    ["compare", "1 2 3 4", "key modes", Object.fromEntries(MODES.map((mode, place) => [place + 1, () => change({mode})]))],
    ["compare", "Space", "show other", {" ": () => app.view.mode === "flicker" && showOther()}],
    ["compare", "X", "swap", {x: () => swapPair()}],
    ["compare", "← → ↑ ↓", "key leaf b", {
        ArrowLeft: () => leafPair(0, -1), ArrowRight: () => leafPair(0, 1),
        ArrowUp: () => leafPair(-1, 0), ArrowDown: () => leafPair(1, 0)}],
    ["compare", "+ − · 0", "key zoom", {...closer, z: closer["+"], Z: closer["-"], ...panning}],
];

function placeOfKeys() {
    for (const name of ["help", "compare", "cell"]) if ($(name).open) return name;
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
            return act();
        }
    });
}

// --- Help -----------------------------------------------------------------------------------------------------

function openHelp() {
    const dialog = $("help"), groups = ["cells", "page", "cell", "compare"];
    const table = (where) => make("section", {}, make("h3", {text: t(`keys ${where}`)}), make("dl", {},
        ...KEYS.filter(([place]) => place === where).flatMap(([, shown, text]) =>
            [make("dt", {}, make("kbd", {text: shown})), make("dd", {text: t(text)})])));
    dialog.replaceChildren(
        make("div", {className: "bar"}, make("h2", {text: t("keys")}), make("span", {className: "spring"}),
            button("✕", () => dialog.close(), {"aria-label": t("close")})),
        make("div", {className: "tables"}, ...groups.map(table)),
        make("p", {text: t("help mouse")}));
    dialog.setAttribute("aria-label", t("keys"));
    dialog.showModal();
}
