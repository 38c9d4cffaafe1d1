// The controls above the cells. They are made anew when there are others to show, and else only brought up to date,
// so that a slider can be dragged.

let controlsFor = "";

function showControls() {
    const {sweep, view} = app;
    const others = sweep.axes.map((_, axis) => axis)
        .filter((axis) => axis !== view.x && axis !== view.y && sweep.axes[axis].labels.length > 1 && !view.sort);
    const signature = JSON.stringify([language, others, view.x, view.y, view.sort, view.down, view.heat, view.tint,
        sweep.axes.map((axis) => axis.labels.length), sweep.measures.map((measure) => measure.key)]);
    if (signature !== controlsFor) {
        controlsFor = signature;
        const shape = make("div", {className: "group"}), looks = make("div", {className: "group"});
        shape.append(axisChoice("x"), axisChoice("y"), ...others.map(axisSlider));
        looks.append(sizeControl(), zoomControl(), ...measureControls());
        refill($("controls"), shape, looks, make("div", {className: "group pair", id: "pair"}));
        $("controls").setAttribute("aria-label", t("View"));
    }
    for (const axis of others) {
        const slider = $(`at${axis}`);
        slider.value = view.at[axis];
        slider.setAttribute("aria-valuetext", sweep.axes[axis].labels[view.at[axis]]);
        slider.nextElementSibling.textContent = sweep.axes[axis].labels[view.at[axis]];
    }
    $("size").value = Math.log2(view.size || grid.geometry?.cellWidth || 256);
    $("fit").setAttribute("aria-pressed", String(view.size === 0));
    $("zoom").value = Math.log2(view.zoom);
    $("zoom").nextElementSibling.textContent = `${Math.round(view.zoom * 10) / 10}×`;
    showPair();
}

function axisChoice(which) {
    const {sweep, view} = app, rows = which === "y";
    const options = sweep.axes.map((axis, number) => [String(number), axisName(axis)]);
    if (rows) options.push([NONE, t("None")]);
    const act = (value) => {
        const chosen = value === NONE ? null : Number(value), other = rows ? "x" : "y";
        // Choosing what the other one has swaps the two.
        change(chosen !== null && view[other] === chosen
            ? {[which]: chosen, [other]: view[which] ?? (rows ? otherAxis(chosen) : null)} : {[which]: chosen});
    };
    const chosen = view[which] === null ? NONE : String(view[which]);
    return choice(rows ? t("Rows") : t("Columns"), options, chosen, act,
        {"data-key": which, id: which, disabled: Boolean(view.sort),
            title: view.sort ? t("Not while the cells are ordered by a measure") : undefined});
}

function otherAxis(than) {
    const found = app.sweep.axes.findIndex((_, number) => number !== than);
    return found < 0 ? than : found;
}

function axisSlider(axis) {
    const {labels} = app.sweep.axes[axis];
    const move = (event) => {
        const at = [...app.view.at];
        at[axis] = Number(event.target.value);
        change({at}, {step: event.type === "change"});
    };
    const slider = make("input", {type: "range", id: `at${axis}`, min: 0, max: labels.length - 1, step: 1, "data-key": `at${axis}`,
        on: {input: move, change: move}});
    return field(axisName(app.sweep.axes[axis]), slider, make("output", {className: "value", dir: "auto"}));
}

function sizeControl() {
    const move = (event) => change({size: 2 ** Number(event.target.value)}, {step: event.type === "change"});
    const slider = make("input", {type: "range", id: "size", min: Math.log2(SMALLEST), max: Math.log2(LARGEST), step: "any",
        "data-key": "size", on: {input: move, change: move}});
    const fit = button(t("Fit"), () => change({size: 0}), {id: "fit", "data-key": "fit"});
    return make("div", {className: "field"}, field(t("Cell size"), slider), fit);
}

function zoomControl() {
    const move = (event) => zoomTo(2 ** Number(event.target.value));
    const slider = make("input", {type: "range", id: "zoom", min: 0, max: Math.log2(DEEPEST), step: "any", "data-key": "zoom",
        title: t("Zooms all images together; drag one to move them all"), on: {input: move}});
    return field(t("Zoom in"), slider, make("output", {className: "value"}));
}

function measureControls() {
    const {sweep, view} = app;
    if (!sweep.measures.length) return [];
    const named = sweep.measures.map((measure) => [measure.key, spoken(measure.name)]);
    const heat = choice(t("Colors"), [["", t("None")], ...named], view.heat, (value) => change({heat: value}),
        {id: "heat", "data-key": "heat"});
    const sort = choice(t("Order"), [["", t("By the axes")], ...named], view.sort,
        (value) => change({sort: value, down: value ? view.down : false}), {id: "sort", "data-key": "sort"});
    const direction = view.sort && button(view.down ? "↓" : "↑", () => change({down: !app.view.down}),
        {id: "direction", "data-key": "direction", "aria-label": orderName(view.down),
            title: orderName(view.down)});
    const colours = view.heat ? [legend(view.heat), tintTick()] : [];
    return [heat, ...colours, make("div", {className: "field"}, sort, direction)];
}

function orderName(down) {
    return down ? t("Largest first") : t("Smallest first");
}

// Not from the start: what lies over a picture changes the colours that are to be compared.
function tintTick() {
    const made = tick(t("Tint"), app.view.tint, "tint", (event) => change({tint: event.target.checked}));
    made.title = t("Tints the images too. This changes how their own colors look");
    return made;
}

function showPair() {
    const {view, sweep} = app, pair = $("pair");
    const chip = (letter) => {
        const cell = sweep.byKey.get(view[letter]);
        return cell && button(`${letter.toUpperCase()}: ${nameOf(cell)}`, () => change({[letter]: null}),
            {className: "chip", title: t("Remove"), "data-key": `chip ${letter}`});
    };
    const compare = view.a && view.b && button(t("Compare"), () => openCompare(), {className: "primary", id: "open-compare",
        "data-key": "compare"});
    refill(pair, chip("a"), chip("b"), compare);
    pair.hidden = !view.a && !view.b;
}

// --- The buttons at the top -----------------------------------------------------------------------------------

function showActions() {
    const {view} = app;
    const opener = (name) => button(panelName(name), () => togglePanel(name), {id: `open-${name}`, "data-key": name,
        "aria-expanded": String(app.panel === name), "aria-controls": "panel",
        className: name === "filter" && isFiltering(view) ? "on" : ""});
    refill($("actions"), opener("filter"), opener("export"), opener("about"),
        button(t("Blind"), openBlind, {id: "open-blind", "data-key": "blind",
            title: t("Two cells without their labels: which is better?")}),
        button("?", openHelp, {id: "open-help", "data-key": "help", title: t("Keys"), "aria-label": t("Keys")}),
        button(nameOfLanguage(nextLanguage()), () => setLanguage(nextLanguage()),
            {id: "language", "data-key": "language", lang: nextLanguage()}));
}

const PANELS = {filter: () => filterPanel(), export: () => exportPanel(), about: () => aboutPanel()};

function togglePanel(name) {
    app.panel = app.panel === name ? "" : name;
    refresh();
}

function panelName(name) {
    return {filter: t("Filter"), export: t("Export"), about: t("About")}[name];
}

let panelFor = "";

function showPanel() {
    const panel = $("panel"), {sweep, view} = app;
    panel.hidden = !app.panel;
    const shown = {
        filter: () => [view.hidden, view.states, view.favourites],
        export: () => [app.favourites.size, grid.active],
        about: () => [sweep.state, foretold.answer],
    };
    const signature = app.panel && JSON.stringify([language, app.panel, shown[app.panel]()]);
    if (signature === panelFor && sweep === app.panelSweep) return;
    [panelFor, app.panelSweep] = [signature, sweep];
    if (!app.panel) return panel.replaceChildren();
    refill(panel, PANELS[app.panel]());
    panel.setAttribute("aria-label", panelName(app.panel));
}
