// A sheet: many cells as one picture, for sharing. A table keeps its row and column heads; in a flow each cell has its
// name under it. Letters are as large as the sheet wants that is looked at as a whole, on a screen of usual width.

const SHEET_PIXELS = 30000000, SHEET_SIDE = 16000, SHEET_CELL = 512; // px
const SHEET_LETTERS = 64; // the sheet's cells together are about so many letter heights wide
const MOST_LINES = 4; // of a label
const PAPER = {back: "#ffffff", ink: "#1b1d21", faint: "#6b7078"};

async function exportSheet(favourites) {
    const layout = favourites ? favouritesLayout() : grid.layout, cells = shownCells(layout);
    if (!cells.length) return say(favourites ? noFavourites() : t("No cell matches the filter."));
    const canvas = make("canvas"), pen = canvas.getContext("2d"), plan = sheetPlan(pen, layout, cells);
    [canvas.width, canvas.height] = [plan.width, plan.height];
    pen.fillStyle = PAPER.back;
    pen.fillRect(0, 0, plan.width, plan.height);
    writeLines(pen, plan, plan.title, plan.gap, plan.gap, {weight: "600"});
    writeLines(pen, plan, plan.facts, plan.gap, plan.gap + plan.title.length * plan.line, {colour: PAPER.faint});
    if (plan.heads) writeHeads(pen, plan);
    for (const [number, cell] of cells.entries()) {
        if (number % 20 === 0 && number) say(t("Drawing {done} of {count} …", {done: number, count: cells.length}));
        await drawSheetCell(pen, plan, cell, plan.placeOf(cell, number));
    }
    canvas.toBlob((blob) => blob ? download(blob, `${app.sweep.id}-sheet.png`)
        : say(t("The browser cannot make an image that large. Filter the cells first.")), "image/png");
}

// The favourites as the table that is looked at, where they lie in it and fill half of what is left of it; else one
// after another, in the order that is looked at.
function favouritesLayout() {
    const {sweep, view, favourites} = app, cells = sweep.cells.filter((cell) => favourites.has(cell.key));
    const plain = {...view, sort: "", text: "", states: [], favourites: true, hidden: sweep.axes.map(() => [])};
    const table = layOut({sweep, view: plain, favourites});
    const fits = table.kind === "table" && shownCells(table).length === cells.length &&
        table.rows.length * table.columns.length <= 2 * cells.length;
    return fits ? table : {kind: "flow", cells: view.sort ? sorted(cells, view) : cells};
}

// --- What goes where ------------------------------------------------------------------------------------------

function sheetPlan(pen, layout, cells) {
    const {sweep, view} = app, {aspect} = sweep, table = layout.kind === "table";
    const columns = table ? layout.columns.length
        : evenColumns(cells.length, Math.ceil(Math.sqrt(cells.length * 1.4 * aspect)));
    const rows = table ? layout.rows.length : Math.ceil(cells.length / columns);
    const side = sheetSide(cells, columns, rows), high = Math.round(side * aspect);
    const gap = Math.max(4, Math.round(side / 40));
    const font = Math.round(Math.max(14, Math.min(columns * side / SHEET_LETTERS, side / 9)));
    const plan = {columns, rows, side, high, gap, font, line: Math.round(font * 1.4), label: 0, head: 0, caption: 0};
    write(pen, plan, table ? "600" : "");
    if (table) plan.heads = headsOf(pen, plan, layout);
    else {
        const told = view.sort ? "" : view.heat; // with an order, the value that decides it
        plan.captions = cells.map((cell) => captionOf(cell, told)
            .flatMap((line) => wrapped(pen, line.join(" "), side, 2)));
        plan.caption = plan.line * Math.max(...plan.captions.map((lines) => lines.length)) + gap;
    }
    plan.width = plan.label + gap + columns * (side + gap);
    write(pen, plan, "600");
    plan.title = wrapped(pen, titleOf(sweep), plan.width - 2 * gap, 2);
    write(pen, plan);
    plan.facts = wrapped(pen, sheetFacts(table), plan.width - 2 * gap, MOST_LINES);
    plan.top = gap * 2 + plan.line * (plan.title.length + plan.facts.length) + plan.head;
    plan.step = high + gap + plan.caption;
    plan.height = plan.top + rows * plan.step + gap;
    plan.placeOf = (cell, number) => table
        ? [layout.columns.indexOf(cell.at[view.x]), layout.rows.indexOf(cell.at[view.y])]
        : [number % columns, Math.floor(number / columns)];
    return plan;
}

// As wide as the pictures are, as far as the whole stays within what a browser can draw.
function sheetSide(cells, columns, rows) {
    const {aspect} = app.sweep, known = location.protocol === "file:" ? 256 : SHEET_CELL;
    const natural = Math.max(...cells.map((cell) => cell.picture?.width || 0)) || known;
    const most = [known * Math.min(1, 1 / aspect), natural, Math.sqrt(SHEET_PIXELS / (columns * rows * aspect)),
        SHEET_SIDE / columns, SHEET_SIDE / rows / aspect];
    return Math.max(24, Math.floor(Math.min(...most)));
}

// The labels of columns and rows, broken into lines; makes room for them in the plan.
function headsOf(pen, plan, layout) {
    const {sweep, view} = app, [across, down] = [sweep.axes[view.x], sweep.axes[view.y]];
    const corner = [`${axisName(across)} →`, `${axisName(down)} ↓`], labels = layout.rows.map((row) => down.labels[row]);
    const widest = Math.max(...[...corner, ...labels].map((text) => pen.measureText(text).width));
    const most = Math.max(plan.side, plan.columns * plan.side / 4, 12 * plan.font);
    plan.label = Math.ceil(Math.min(widest, most)) + 2 * plan.gap;
    const lines = clamp(Math.floor(plan.high / plan.line), 1, MOST_LINES), room = plan.label - 2 * plan.gap;
    const columns = layout.columns.map((column) => wrapped(pen, across.labels[column], plan.side, MOST_LINES));
    plan.head = plan.line * Math.max(2, ...columns.map((column) => column.length)) + plan.gap;
    return {columns, rows: labels.map((label) => wrapped(pen, label, room, lines)),
        corner: corner.map((text) => shortened(pen, text, room))};
}

// What is the same for all cells: the sweep's facts, the axes that are neither columns nor rows, the order.
function sheetFacts(table) {
    const {sweep, view} = app, facts = [factsOf(sweep)], measure = view.sort && !table && measureNamed(view.sort);
    const fixed = sweep.axes.filter((axis, number) => table && axis.labels.length > 1 && number !== view.x && number !== view.y);
    for (const axis of fixed) facts.push(`${axisName(axis)} ${axis.labels[view.at[sweep.axes.indexOf(axis)]]}`);
    if (measure) facts.push(`${t("Order")}: ${spoken(measure.name)}, ${orderName(view.down)}`);
    return facts.filter(Boolean).join(" · ");
}

// --- Drawing --------------------------------------------------------------------------------------------------

function write(pen, {font}, weight = "") {
    pen.font = `${weight} ${font}px ${getComputedStyle(document.body).fontFamily}`;
    pen.textBaseline = "middle";
}

function writeLines(pen, plan, lines, x, y, {colour = PAPER.ink, weight = "", align = "left"} = {}) {
    write(pen, plan, weight);
    pen.fillStyle = colour;
    pen.textAlign = align;
    for (const [number, text] of lines.entries()) pen.fillText(text, x, y + (number + 0.5) * plan.line);
}

function writeHeads(pen, plan) {
    const {heads, label, gap, side, high, top, head, line, step} = plan;
    writeLines(pen, plan, heads.corner, gap, top - gap - 2 * line, {colour: PAPER.faint});
    heads.columns.forEach((lines, column) => writeLines(pen, plan, lines, label + gap + column * (side + gap) + side / 2,
        top - gap - lines.length * line, {weight: "600", align: "center"}));
    heads.rows.forEach((lines, row) => writeLines(pen, plan, lines, gap,
        top + row * step + (high - lines.length * line) / 2, {weight: "600"}));
}

async function drawSheetCell(pen, plan, cell, [column, row]) {
    const {side, high, gap, label, top, step} = plan, x = label + gap + column * (side + gap), y = top + row * step;
    let why = cell.reason || stateName(cell.state);
    try {
        if (cell.picture) {
            const image = await pixelsOf(cell.picture);
            const scale = Math.min(side / image.naturalWidth, high / image.naturalHeight);
            const [wide, tall] = [image.naturalWidth * scale, image.naturalHeight * scale];
            pen.imageSmoothingQuality = "high";
            pen.drawImage(image, x + (side - wide) / 2, y + (high - tall) / 2, wide, tall);
            why = "";
        }
    } catch {
        why = fileMissing(cell.picture.file);
    }
    if (why) {
        pen.strokeStyle = PAPER.faint;
        pen.strokeRect(x + 0.5, y + 0.5, side - 1, high - 1);
        write(pen, plan);
        const lines = wrapped(pen, why, side - 2 * gap, Math.max(1, Math.floor(high / plan.line)));
        writeLines(pen, plan, lines, x + side / 2, y + (high - lines.length * plan.line) / 2, {colour: PAPER.faint, align: "center"});
    }
    if (plan.captions) {
        writeLines(pen, plan, plan.captions[row * plan.columns + column], x + side / 2, y + high + gap / 2, {align: "center"});
    }
}

// --- Text into lines ------------------------------------------------------------------------------------------

// A text in at most so many lines, broken at blanks, within words where those are wider than the room.
function wrapped(pen, text, room, most) {
    const lines = [];
    let rest = [...text.replace(/\s+/g, " ").trim()];
    while (rest.length && lines.length < most - 1) {
        let fits = Math.min(rest.length, 200);
        while (fits > 1 && pen.measureText(rest.slice(0, fits).join("")).width > room) fits--;
        const blank = fits < rest.length ? rest.slice(0, fits + 1).lastIndexOf(" ") : -1;
        if (blank > 0) fits = blank;
        lines.push(rest.slice(0, fits).join(""));
        rest = [...rest.slice(fits).join("").trim()];
    }
    if (rest.length) lines.push(shortened(pen, rest.join(""), room));
    return lines;
}

function shortened(pen, text, room) {
    if (pen.measureText(text).width <= room) return text;
    const letters = [...text];
    while (letters.length > 1 && pen.measureText(`${letters.join("")}…`).width > room) {
        letters.length = Math.max(1, letters.length - Math.ceil(letters.length / 20));
    }
    return `${letters.join("")}…`;
}
