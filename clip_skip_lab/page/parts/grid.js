// The cells on the screen. Only those that can be seen exist as elements, so a thousand cost no more than fifty; a
// picture that is scrolled away is let go. One cell at a time is reached with Tab, the others with the arrow keys.

const GAP = 8, HEAD = 34, CAPTION = 12, LINE = 18; // px
const CLEAR = 72, MANY = 100; // cells are made to fit in all at once if they are this wide, and not more than so many
const AT_FIRST = 70; // about how many are shown at first otherwise

const grid = {layout: null, geometry: null, rows: new Map(), elements: new Map(), active: null, scrolled: false};

function startGrid() {
    const stage = $("stage");
    grid.root = make("div", {role: "grid", className: "grid"});
    grid.head = make("div", {role: "row", className: "head", "aria-rowindex": 1});
    grid.body = make("div", {className: "body", role: "rowgroup"});
    grid.root.append(grid.head, grid.body);
    grid.empty = make("p", {className: "empty", hidden: true});
    stage.append(grid.root, grid.empty);
    startTools();
    let waiting = false;
    stage.addEventListener("scroll", () => {
        if (waiting) return;
        waiting = grid.scrolled = true;
        requestAnimationFrame(() => {
            waiting = false;
            drawCells();
        });
    }, {passive: true});
    new ResizeObserver(() => app.sweep && showGrid()).observe(stage);
    grid.root.addEventListener("click", (event) => {
        const cell = cellUnder(event.target);
        if (!cell || zooming.dragged) return;
        grid.active = cell.key;
        const tool = event.target.closest("button")?.dataset.tool;
        if (tool) TOOLS[tool](cell);
        else openCell(cell);
    });
    grid.root.addEventListener("focusin", (event) => {
        const cell = cellUnder(event.target);
        if (app.view.cell || app.view.mode) return; // a dialog that closes gives the focus back to where it was opened
        if (cell && cell.key !== grid.active) activate(cell);
    });
}

// The bar of the cell under the mouse is a part of that cell.
function cellUnder(target) {
    if (pointing.bar.contains(target)) return pointing.cell;
    return app.sweep?.byKey.get(target.closest?.("[role=gridcell]")?.dataset.cell) ?? null;
}

function activeCell() {
    return app.sweep.byKey.get(grid.active) ?? null;
}

// --- Where everything goes ------------------------------------------------------------------------------------

function showGrid() {
    grid.layout = layOut(app);
    grid.geometry = geometryOf(grid.layout, $("stage"));
    const {columns, rows, left, head, cellWidth, lineHeight} = grid.geometry;
    grid.root.style.width = `${left + columns * (cellWidth + GAP) + GAP}px`;
    grid.root.style.height = `${head + rows * lineHeight + GAP}px`;
    grid.root.setAttribute("aria-rowcount", rows + (head ? 1 : 0));
    grid.root.setAttribute("aria-colcount", columns + (left ? 1 : 0));
    grid.root.setAttribute("aria-label", t("Cells of the sweep"));
    grid.root.hidden = !columns || !rows;
    grid.empty.hidden = !grid.root.hidden;
    grid.empty.textContent = t("No cell matches the filter.");
    grid.head.hidden = !head;
    grid.root.classList.toggle("flow", !head);
    const shown = shownCells(grid.layout);
    if (!shown.some((cell) => cell.key === grid.active)) grid.active = shown[0]?.key ?? null;
    drawCells();
}

function geometryOf(layout, stage) {
    const width = stage.clientWidth - GAP, height = stage.clientHeight - GAP, {aspect} = app.sweep;
    const isTable = layout.kind === "table", caption = isTable ? 0 : CAPTION + LINE * captionOf(app.sweep.cells[0]).length;
    const head = isTable ? HEAD : 0;
    const left = isTable ? labelWidth(layout, width) : 0;
    let columns = isTable ? layout.columns.length : 0;
    const count = isTable ? columns * layout.rows.length : layout.cells.length;
    const size = app.view.size || fittingSize();

    function fittingSize() {
        const fitting = (across) => Math.min((width - left) / across - GAP,
            ((height - head) / Math.ceil(count / across) - GAP - caption) / aspect, 480);
        const most = Math.min(count, MANY), tried = isTable ? [columns] : Array.from({length: most}, (_, more) => more + 1);
        const best = Math.max(...tried.map(fitting));
        if (best >= CLEAR && count <= MANY) return best;
        return Math.max(Math.sqrt(width * height / aspect / AT_FIRST) - GAP, Math.min(CLEAR, width / 3 - GAP));
    }

    if (!isTable) columns = evenColumns(count, Math.floor(width / (size + GAP)));
    const cellWidth = Math.floor(size), cellHeight = Math.max(16, Math.round(size * aspect));
    const rows = isTable ? layout.rows.length : Math.ceil(count / columns);
    return {columns, rows, left, head, caption, cellWidth, cellHeight, lineHeight: cellHeight + caption + GAP};
}

// At most so many columns, and none that the lines are not filled with: four cells are 2 × 2 or 4 × 1, not 3 and 1.
function evenColumns(count, most) {
    const lines = Math.ceil(count / clamp(most, 1, Math.max(1, count)));
    return Math.max(1, Math.ceil(count / Math.max(1, lines)));
}

function labelWidth(layout, width) {
    const axis = app.sweep.axes[app.view.y];
    const longest = Math.max(axisName(axis).length + 2, ...layout.rows.map((row) => axis.labels[row].length));
    return clamp(longest * 8 + 20, 56, Math.max(72, Math.min(220, width / 5)));
}

function cellAt(row, column) {
    const {layout, geometry} = grid;
    if (row < 0 || column < 0 || row >= geometry.rows || column >= geometry.columns) return null;
    return layout.kind === "table" ? layout.cellAt(row, column) : layout.cells[row * geometry.columns + column] ?? null;
}

// {row, column} of a cell, or null where it is not shown.
function placeOf(cell) {
    const {layout, geometry} = grid;
    if (!cell) return null;
    if (layout.kind === "table") {
        const column = layout.columns.indexOf(cell.at[app.view.x]), row = layout.rows.indexOf(cell.at[app.view.y]);
        return row >= 0 && column >= 0 && layout.cellAt(row, column) === cell ? {row, column} : null;
    }
    const place = layout.cells.indexOf(cell);
    return place < 0 ? null : {row: Math.floor(place / geometry.columns), column: place % geometry.columns};
}

// The next cell from here in a direction, over places without one; in a flow the lines follow each other.
function neighbour(cell, down, right) {
    const place = placeOf(cell);
    if (!place) return shownCells(grid.layout)[0] ?? null;
    if (grid.layout.kind === "flow" && right) {
        return grid.layout.cells[grid.layout.cells.indexOf(cell) + right] ?? null;
    }
    let {row, column} = place, found = null;
    do {
        row += down;
        column += right;
        found = cellAt(row, column);
    } while (!found && row >= 0 && column >= 0 && row < grid.geometry.rows && column < grid.geometry.columns);
    return found;
}

// --- Drawing --------------------------------------------------------------------------------------------------

function drawCells() {
    if (!grid.geometry) return;
    const {columns, rows, left, head, cellWidth, lineHeight} = grid.geometry, stage = $("stage");
    const more = grid.scrolled && cellWidth < 300 ? 1 : 0; // a line ahead of scrolling; not at load, nor of large cells
    const range = (from, room, step, count) => [
        clamp(Math.floor(from / step) - more, 0, Math.max(0, count - 1)),
        clamp(Math.ceil((from + room) / step) - 1 + more, 0, count - 1),
    ];
    const [top, bottom] = range(stage.scrollTop, stage.clientHeight - head, lineHeight, rows);
    const [first, last] = range(stage.scrollLeft, stage.clientWidth - left, cellWidth + GAP, columns);
    const wanted = new Map();
    const want = (row, column) => {
        const cell = cellAt(row, column);
        if (cell) wanted.set(cell.key, {cell, row, column});
        else if (grid.layout.kind === "table") wanted.set(`empty ${row} ${column}`, {cell: null, row, column});
    };
    for (let row = top; row <= bottom; row++) for (let column = first; column <= last; column++) want(row, column);
    const active = placeOf(activeCell());
    if (active) want(active.row, active.column); // or the keyboard's place would be lost by scrolling
    for (const [key, element] of grid.elements) {
        if (wanted.has(key)) continue;
        releasePicture(element.querySelector(".frame"));
        element.remove();
        grid.elements.delete(key);
    }
    drawHead(first, last);
    drawRows(new Set([...wanted.values()].map(({row}) => row)));
    const filled = new Map();
    const inOrder = [...wanted].sort(([, one], [, other]) => one.row - other.row || one.column - other.column);
    for (const [key, {cell, row, column}] of inOrder) {
        let element = grid.elements.get(key);
        if (!element) grid.elements.set(key, element = makeCell(key));
        const place = filled.get(row) ?? (left ? 1 : 0); // after the row's label
        putAt(grid.rows.get(row), place, element);
        filled.set(row, place + 1);
        element.style.left = `${left + GAP + column * (cellWidth + GAP)}px`;
        element.style.width = `${cellWidth}px`;
        element.setAttribute("aria-colindex", column + (left ? 2 : 1));
        fillCell(element, cell);
    }
    showTools();
}

function drawHead(first, last) {
    if (!grid.geometry.head) return grid.head.replaceChildren();
    const {left, cellWidth} = grid.geometry, {axes} = app.sweep, {x, y} = app.view;
    const corner = make("div", {role: "columnheader", className: "corner", "aria-colindex": 1},
        make("span", {text: `${axisName(axes[x])} →`}), make("span", {text: `${axisName(axes[y])} ↓`}));
    corner.style.width = `${left}px`;
    grid.head.replaceChildren(corner);
    for (let column = first; column <= last; column++) {
        const label = axes[x].labels[grid.layout.columns[column]];
        const header = make("div", {role: "columnheader", className: "column", title: label, "aria-colindex": column + 2,
            "aria-label": `${axisName(axes[x])} ${label}`}, make("span", {text: label, dir: "auto"}));
        header.style.left = `${left + GAP + column * (cellWidth + GAP)}px`;
        header.style.width = `${cellWidth}px`;
        grid.head.append(header);
    }
}

function drawRows(wanted) {
    for (const [row, element] of grid.rows) {
        if (wanted.has(row)) continue;
        element.remove();
        grid.rows.delete(row);
    }
    const {head, lineHeight} = grid.geometry;
    for (const [place, row] of [...wanted].sort((one, other) => one - other).entries()) {
        let element = grid.rows.get(row);
        if (!element) grid.rows.set(row, element = make("div", {role: "row", className: "row"}));
        element.style.top = `${head + row * lineHeight}px`;
        element.style.height = `${lineHeight}px`;
        element.setAttribute("aria-rowindex", row + (head ? 2 : 1));
        showLabel(element, row);
        putAt(grid.body, place, element);
    }
}

function showLabel(element, row) {
    let label = element.querySelector(".label");
    if (!grid.geometry.left) return label?.remove();
    if (!label) element.prepend(label = make("div", {role: "rowheader", className: "label", "aria-colindex": 1},
        make("span", {dir: "auto"})));
    const axis = app.sweep.axes[app.view.y], text = axis.labels[grid.layout.rows[row]];
    label.style.width = `${grid.geometry.left}px`;
    label.title = label.firstElementChild.textContent = text;
    label.setAttribute("aria-label", `${axisName(axis)} ${text}`);
}

// In the order in which they are seen, for those who hear them one by one. One that is in its place stays there, or
// it would lose the focus, and a click that is under way.
function putAt(parent, place, element) {
    if (parent.children[place] !== element) parent.insertBefore(element, parent.children[place] ?? null);
}

function makeCell(key) {
    if (key.startsWith("empty ")) return make("div", {role: "gridcell", className: "cell empty-cell"});
    return make("div", {role: "gridcell", className: "cell", "data-cell": key},
        make("div", {className: "frame"}), make("div", {className: "heat", hidden: true}),
        make("div", {className: "marks"}), make("div", {className: "caption"}));
}

function fillCell(element, cell) {
    const {cellHeight, cellWidth} = grid.geometry, {view} = app;
    if (!cell) {
        element.style.height = `${cellHeight}px`;
        return;
    }
    const marked = app.favourites.has(cell.key), name = nameOf(cell);
    element.tabIndex = cell.key === grid.active ? 0 : -1;
    element.dataset.state = cell.state;
    element.classList.toggle("small", cellWidth < 110);
    const [frame, heat, marks, caption] = element.children;
    frame.style.height = `${cellHeight}px`;
    showPicture(frame, cell, cellWidth * view.zoom);
    const range = view.heat ? rangeCached(view.heat) : null, told = view.heat || view.sort;
    const value = told ? measureOf(cell, told) : null;
    heat.hidden = value === null;
    if (!heat.hidden) {
        heat.style.height = `${cellHeight}px`;
        heat.style.setProperty("--colour", range ? heatOf(value, range) : "transparent");
        heat.classList.toggle("framed", range !== null);
        heat.classList.toggle("tinted", range !== null && view.tint);
        heat.replaceChildren(make("span", {text: numberText(value)}));
    }
    const letters = [cell.key === view.a && "A", cell.key === view.b && "B", marked && "★"].filter(Boolean);
    marks.replaceChildren(...letters.map((text) => make("span", {text, className: text === "★" ? "star" : "letter"})));
    showCaption(caption, grid.geometry.caption ? captionOf(cell) : []);
    const measure = told && measureNamed(told);
    element.setAttribute("aria-label", [name, stateName(cell.state), cell.reason, marked && t("Favorite"),
        letters.includes("A") && "A", letters.includes("B") && "B",
        measure && `${spoken(measure.name)} ${withUnit(measureOf(cell, told), measure)}`].filter(Boolean).join(", "));
}

let ranges = {sweep: null};

function rangeCached(key) {
    if (ranges.sweep !== app.sweep) ranges = {sweep: app.sweep};
    return ranges[key] ??= rangeOf(key);
}

// What stands under a cell, line by line, as [name, value]: every axis by its name, and what decides the order where
// the cell does not show it already.
function captionOf(cell, told = app.view.heat || app.view.sort) {
    const {sort} = app.view, measure = sort && sort !== told && measureNamed(sort);
    const named = namesOf(cell);
    return measure ? [[spoken(measure.name), withUnit(measureOf(cell, sort), measure)], ...named] : named;
}

// Where there is no room for a line, its name gives way, not its value.
function showCaption(caption, lines) {
    const text = lines.map((line) => line.join(" ")).join("\n");
    caption.hidden = !lines.length;
    if (caption.title === text) return;
    caption.title = text;
    caption.replaceChildren(...lines.map(([name, value]) => make("div", {className: "line"},
        make("span", {text: name, dir: "auto"}), make("span", {text: value, dir: "auto"}))));
}

function showPicture(frame, cell, width) {
    const source = sourceFor(cell.picture, width);
    if (source) return drawPicture(frame, source, width, () => pictureGone(frame, cell, width, source));
    const text = cell.state === "done" && !cell.reason ? t("The image could not be saved; it was only in the gallery.")
        : `${stateName(cell.state)}: ${cell.reason}`;
    if (frame.textContent !== text) frame.replaceChildren(make("p", {className: "reason", text, dir: "auto"}));
}

// A reduced copy that is gone: the file itself. That one gone too: a sentence, never a broken picture.
function pictureGone(frame, cell, width, source) {
    const full = addressOfFile(cell.picture.file);
    const sentence = () => frame.replaceChildren(make("p", {className: "reason", text: fileMissing(cell.picture.file)}));
    if (full && full !== source) drawPicture(frame, full, width, sentence);
    else sentence();
}

// --- The active cell ------------------------------------------------------------------------------------------

function activate(cell, {focus = false} = {}) {
    const before = grid.elements.get(grid.active);
    grid.active = cell.key;
    if (before) before.tabIndex = -1;
    if (focus) {
        pointing.byMouse = false;
        reveal(cell);
    }
    drawCells();
    const element = grid.elements.get(cell.key);
    if (!element) return;
    element.tabIndex = 0;
    if (focus) element.focus({preventScroll: true});
}

function reveal(cell) {
    const place = placeOf(cell), stage = $("stage"), {left, head, cellWidth, lineHeight} = grid.geometry;
    if (!place) return;
    const top = place.row * lineHeight, start = place.column * (cellWidth + GAP);
    const room = stage.clientHeight - head, wide = stage.clientWidth - left;
    if (top < stage.scrollTop) stage.scrollTop = top;
    else if (top + lineHeight > stage.scrollTop + room) stage.scrollTop = top + lineHeight + GAP - room;
    if (start < stage.scrollLeft) stage.scrollLeft = start;
    else if (start + cellWidth + 2 * GAP > stage.scrollLeft + wide) stage.scrollLeft = start + cellWidth + 2 * GAP - wide;
}
