// Two cells, A and B: side by side, in turn, with a line between them, or their difference.

const FLICKER_EVERY = 600; // ms

const pairing = {timer: null, second: false, part: 50, amplify: 1};

// Makes a cell A or B, or, where it is that already, no longer. One cell cannot be both.
function choosePart(part, cell) {
    const {view} = app, other = part === "a" ? "b" : "a", name = nameOf(cell);
    if (view[other] === cell.key) return say(t("{name} is already {other}. Choose another cell to compare it with.",
        {name, other: other.toUpperCase()}));
    const out = view[part] === cell.key;
    change({[part]: out ? null : cell.key}, {step: false});
    if (out) say(t("{name} is no longer {part}.", {name, part: part.toUpperCase()}));
    else if (!view[other]) say(part === "a" ? t("A is {name}. Press B on another cell to compare the two.", {name})
        : t("B is {name}. Press A on another cell to compare the two.", {name}));
    else if (part === "b") openCompare();
    else say(t("A is {name}.", {name}));
}

function openCompare(mode = app.view.mode || "wipe") {
    if (!app.view.a || !app.view.b) return say(t("Choose two cells first: press A on one and B on the other."));
    if ($("cell").open) $("cell").close();
    change({mode});
}

function startCompare() {
    const dialog = $("compare");
    dialog.append(
        make("div", {className: "bar", id: "compare-bar"}),
        make("div", {className: "bar", id: "compare-tuning"}),
        make("div", {className: "pictures"}, make("div", {className: "frame"}), make("div", {className: "frame"})),
        make("div", {className: "names"}, make("span", {dir: "auto"}), make("span", {dir: "auto"})),
    );
    dialog.addEventListener("close", () => {
        clearInterval(pairing.timer);
        if (app.view.mode) change({mode: ""});
        const cell = activeCell();
        if (cell) activate(cell, {focus: true});
    });
}

function showCompare() {
    const dialog = $("compare"), {mode} = app.view, cells = ["a", "b"].map((name) => app.sweep.byKey.get(app.view[name]));
    if (!mode || cells.includes(undefined)) return dialog.open && dialog.close();
    const pictures = dialog.querySelector(".pictures");
    pictures.dataset.mode = mode;
    cells.forEach((cell, place) => {
        const source = addressOfFile(cell.picture?.file) ?? addressOfFile(cell.picture?.small);
        showLarge(pictures.children[place], cell, source);
        pictures.nextElementSibling.children[place].textContent = `${"AB"[place]}: ${nameOf(cell)}`;
    });
    dialog.setAttribute("aria-label", t("Comparing A ({one}) with B ({other})", {one: nameOf(cells[0]), other: nameOf(cells[1])}));
    const names = {side: t("Side by side"), flicker: t("Flicker"), wipe: t("Wipe"), difference: t("Difference")};
    const modes = MODES.map((name, place) => button(names[name], () => change({mode: name}), {"data-key": name,
        "aria-pressed": String(name === mode), title: String(place + 1)}));
    refill($("compare-bar"), ...modes,
        button(`⇄ ${t("Swap")}`, swapPair, {"data-key": "swap"}), make("span", {className: "spring"}),
        button("✕", () => dialog.close(), {"data-key": "close", "aria-label": t("Close"), title: t("Close")}));
    showTuning(mode);
    const onMode = MODES.includes(document.activeElement?.dataset.key); // the focus goes with the mode, by whatever key
    if (!dialog.open) dialog.showModal();
    else if (!onMode) return;
    dialog.querySelector(`[data-key=${mode}]`).focus();
}

let tuningFor = "";

// What a mode can be tuned by: where the line is, how strong the difference, whether it flickers by itself.
function showTuning(mode) {
    if (tuningFor === mode + language && $("compare").open) return;
    tuningFor = mode + language;
    clearInterval(pairing.timer);
    pairing.timer = null;
    const tuning = $("compare-tuning");
    const slider = (name, key, min, max, step) => field(name, make("input", {type: "range", min, max, step, value: pairing[key],
        "data-key": key, id: `compare-${key}`, on: {input: (event) => {
            pairing[key] = Number(event.target.value);
            tune();
        }}}));
    if (mode === "wipe") refill(tuning, slider(t("Line"), "part", 0, 100, 0.5));
    else if (mode === "difference") refill(tuning, slider(t("Amplify"), "amplify", 1, 16, 0.5));
    else if (mode === "flicker") {
        if (!matchMedia("(prefers-reduced-motion: reduce)").matches) flicker();
        refill(tuning, button(t("Show the other one"), showOther, {"data-key": "other"}),
            button(t("Automatic"), flicker, {"data-key": "by itself", "aria-pressed": String(pairing.timer !== null)}));
    } else refill(tuning);
    pairing.second = false;
    tune();
}

function tune() {
    const pictures = $("compare").querySelector(".pictures");
    pictures.style.setProperty("--part", `${pairing.part}%`);
    pictures.style.setProperty("--amplify", pairing.amplify);
    pictures.classList.toggle("second", pairing.second);
}

function flicker() {
    if (pairing.timer) {
        clearInterval(pairing.timer);
        pairing.timer = null;
    } else {
        pairing.timer = setInterval(showOther, FLICKER_EVERY);
    }
    $("compare-tuning").querySelector("[data-key='by itself']")?.setAttribute("aria-pressed", String(pairing.timer !== null));
}

function showOther() {
    pairing.second = !pairing.second;
    tune();
}

function swapPair() {
    change({a: app.view.b, b: app.view.a}, {step: false});
}

// Moves B through the cells while A stays, and over A: the pinned reference against one after another.
function leafPair(down, right) {
    let next = neighbour(app.sweep.byKey.get(app.view.b), down, right);
    if (next?.key === app.view.a) next = neighbour(next, down, right);
    if (next && next.key !== app.view.a) change({b: next.key}, {step: false});
}

function startWipe() {
    const pictures = $("compare").querySelector(".pictures");
    const follow = (event) => {
        if (app.view.mode !== "wipe" || app.view.zoom > 1 || !(event.buttons & 1)) return;
        const box = pictures.querySelector(".frame").getBoundingClientRect();
        pairing.part = clamp((event.clientX - box.left) / box.width * 100, 0, 100);
        $("compare-part").value = pairing.part;
        tune();
    };
    pictures.addEventListener("pointerdown", follow);
    pictures.addEventListener("pointermove", follow);
}
