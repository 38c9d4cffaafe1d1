// One cell, large: the picture itself, what is known of it, and what can be done with it.

const PLAY_EVERY = 700; // ms

let playing = null;

function openCell(cell) {
    change({cell: cell.key});
}

function startCell() {
    const dialog = $("cell");
    dialog.append(
        make("div", {className: "frame"}),
        make("div", {className: "info"}),
    );
    dialog.addEventListener("close", () => {
        stopPlaying();
        if (app.view.cell) change({cell: null});
        const cell = activeCell();
        if (cell) activate(cell, {focus: true});
    });
}

function showCell() {
    const dialog = $("cell"), cell = app.sweep.byKey.get(app.view.cell);
    if (!cell) return dialog.open && dialog.close();
    grid.active = cell.key;
    const [frame, info] = dialog.children;
    const source = addressOfFile(cell.picture?.file) ?? addressOfFile(cell.picture?.small);
    showLarge(frame, cell, source);
    const marks = [language, app.favourites.has(cell.key), app.view.a, app.view.b, answerFor(cell), back.busy].join();
    if (cell !== dialog.shown || dialog.marks !== marks) {
        [dialog.shown, dialog.marks] = [cell, marks];
        refill(info, cellInfo(cell));
        dialog.setAttribute("aria-label", nameOf(cell));
    }
    if (!dialog.open) {
        dialog.showModal();
        info.querySelector("[data-key=close]").focus();
    }
}

// The picture before stays until the next one is there.
function showLarge(frame, cell, source) {
    if (!source) {
        const text = [stateName(cell.state), cell.reason].filter(Boolean).join(": ");
        return frame.replaceChildren(make("p", {className: "reason", text, dir: "auto"}));
    }
    let image = frame.querySelector("img");
    if (!image) {
        image = make("img", {draggable: false, decoding: "async"});
        frame.replaceChildren(image);
    }
    image.alt = nameOf(cell);
    if (image.dataset.source === source) return;
    image.dataset.source = source;
    image.onerror = () => {
        const small = addressOfFile(cell.picture?.small);
        if (small && image.getAttribute("src") !== small) image.src = small;
        else image.replaceWith(make("p", {className: "reason", text: fileMissing(cell.picture?.file)}));
    };
    image.src = source;
}

function cellInfo(cell) {
    const picture = cell.picture ?? {}, marked = app.favourites.has(cell.key), file = addressOfFile(picture.file);
    const infotext = words(picture.infotext);
    const part = (letter) => button(letter.toUpperCase(), () => choosePart(letter, cell), {"data-key": letter,
        title: toolName(letter), "aria-label": toolName(letter), "aria-pressed": String(app.view[letter] === cell.key)});
    return [
        make("div", {className: "bar"},
            button("←", () => leaf(0, -1), {"data-key": "previous", "aria-label": t("Previous"), title: t("Previous")}),
            button("→", () => leaf(0, 1), {"data-key": "next", "aria-label": t("Next"), title: t("Next")}),
            button(playing ? "❚❚" : "▶", togglePlaying,
                {"data-key": "play", "aria-label": t("Play through clip skip"), title: t("Play through clip skip")}),
            make("span", {className: "spring"}),
            button("✕", () => $("cell").close(), {"data-key": "close", "aria-label": t("Close"), title: t("Close")})),
        make("h2", {text: nameOf(cell), dir: "auto"}),
        make("p", {className: "facts", text: cellFacts(cell)}),
        make("div", {className: "bar"},
            button(`${marked ? "★" : "☆"} ${t("Favorite")}`, () => toggleFavourite(cell),
                {"data-key": "favourite", "aria-pressed": String(marked)}),
            part("a"), part("b"),
            file && make("a", {className: "button", href: file, target: "_blank", rel: "noopener", text: t("Open file")})),
        ...(FROM_HOST ? backRows(cell) : []),
        measureTable(cell),
        infotext && make("div", {className: "infotext"},
            make("div", {className: "bar"}, make("h3", {text: t("Infotext")}), make("span", {className: "spring"}),
                button(t("Copy"), () => copyText(infotext), {"data-key": "copy"})),
            make("pre", {text: infotext, dir: "auto", tabIndex: 0})),
    ].filter(Boolean);
}

function cellFacts(cell) {
    const {width, height, seed} = cell.picture ?? {};
    const seconds = typeof cell.seconds === "number" ? t("{value} s", {value: numberText(cell.seconds)}) : "";
    return [stateName(cell.state), cell.reason, width && height && `${width} × ${height} px`,
        seed !== undefined && `${t("seed")} ${seed}`, seconds].filter(Boolean).join(" · ");
}

function measureTable(cell) {
    const known = app.sweep.measures.filter((measure) => measure.key in cell.measures);
    if (!known.length) return null;
    const rows = known.map((measure) => make("tr", {title: spoken(measure.description)},
        make("th", {scope: "row", text: spoken(measure.name)}),
        make("td", {text: withUnit(measureOf(cell, measure.key), measure)})));
    return make("table", {}, make("caption", {text: t("Measures")}), make("tbody", {}, ...rows));
}

// --- Leafing --------------------------------------------------------------------------------------------------

function leaf(down, right) {
    const next = neighbour(app.sweep.byKey.get(app.view.cell), down, right);
    if (next) change({cell: next.key}, {step: false});
}

// Along clip skip, from the last value to the first again.
function leafClipSkip() {
    const cell = app.sweep.byKey.get(app.view.cell);
    const row = alongClipSkip(cell);
    if (row.length) change({cell: row[(row.indexOf(cell) + 1) % row.length].key}, {step: false});
}

// The cells that differ from this one in clip skip only, in the order of the values, those that have a picture.
function alongClipSkip(cell) {
    return app.sweep.axes[0].labels
        .map((_, place) => app.sweep.byPlace.get([place, ...cell.at.slice(1)].join()))
        .filter((other) => other?.picture);
}

function togglePlaying() {
    if (playing) stopPlaying();
    else playing = setInterval(leafClipSkip, PLAY_EVERY);
    $("cell").shown = null;
    refresh();
}

function stopPlaying() {
    clearInterval(playing);
    playing = null;
}
