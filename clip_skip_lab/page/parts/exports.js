// What can be taken along: a sheet of cells as PNG, an animation along clip skip as WebP, the favourites as JSON.

const SHEET_PIXELS = 30000000, SHEET_SIDE = 16000, SHEET_CELL = 512; // px
const FRAME_EVERY = 700; // ms
const PAPER = {back: "#ffffff", ink: "#1b1d21", faint: "#6b7078"};

function exportPanel() {
    const row = (name, hint, act, key, text) => make("div", {className: "export"},
        button(text, act, {"data-key": key, id: key, className: "primary"}),
        make("p", {}, make("strong", {text: name}), make("span", {text: hint})));
    const cell = activeCell(), favourites = app.favourites.size;
    return [
        row(t("sheet of shown"), t("sheet hint"), () => exportSheet(false), "sheet-shown", "PNG"),
        row(t("sheet of favourites", favourites), t("sheet hint"), () => exportSheet(true), "sheet-favourites", "PNG"),
        row(t("animation"), t("animation hint", cell ? nameOf(cell) : ""), exportAnimation, "animation", "WebP"),
        row(t("favourites list", favourites), t("favourites hint"), exportFavourites, "favourites-list", "JSON"),
    ];
}

// --- The sheet ------------------------------------------------------------------------------------------------

async function exportSheet(favourites) {
    const table = !favourites && grid.layout.kind === "table" ? grid.layout : null;
    const cells = favourites ? app.sweep.cells.filter((cell) => app.favourites.has(cell.key)) : shownCells(grid.layout);
    if (!cells.length) return say(t(favourites ? "noFavourites" : "nothing matches"));
    const columns = table ? table.columns.length
        : Math.min(cells.length, Math.ceil(Math.sqrt(cells.length * 1.4 * app.sweep.aspect)));
    const rows = table ? table.rows.length : Math.ceil(cells.length / columns);
    const plan = sheetPlan(columns, rows, cells, table);
    const canvas = make("canvas", {width: plan.width, height: plan.height}), pen = canvas.getContext("2d");
    drawSheetLabels(pen, plan, table);
    const at = (cell, number) => table
        ? [table.columns.indexOf(cell.at[app.view.x]), table.rows.indexOf(cell.at[app.view.y])]
        : [number % columns, Math.floor(number / columns)];
    for (const [number, cell] of cells.entries()) {
        if (number % 20 === 0 && number) say(t("drawing", number, cells.length));
        await drawSheetCell(pen, plan, cell, at(cell, number), !table);
    }
    canvas.toBlob((blob) => blob ? download(blob, `${app.sweep.id}-sheet.png`) : say(t("too large")), "image/png");
}

function sheetPlan(columns, rows, cells, table) {
    const {aspect} = app.sweep, known = location.protocol === "file:" ? 256 : SHEET_CELL;
    const natural = Math.max(...cells.map((cell) => cell.picture?.width || 0)) || known;
    let side = Math.min(known * Math.max(1, Math.min(1, 1 / aspect)), natural);
    side = Math.min(side, Math.sqrt(SHEET_PIXELS / (columns * rows * aspect)), SHEET_SIDE / columns, SHEET_SIDE / rows / aspect);
    side = Math.max(24, Math.floor(side));
    const font = clamp(Math.round(side / 14), 11, 26), gap = Math.max(4, Math.round(side / 40));
    const label = table ? clamp(Math.round(side * 0.5), 60, 160) : 0;
    const line = Math.round(font * 1.8), high = Math.round(side * aspect);
    const top = gap * 2 + line * 2 + (table ? line : 0), lineHeight = high + gap + (table ? 0 : line);
    return {columns, rows, side, high, font, gap, label, line, top, lineHeight,
        width: label + gap + columns * (side + gap), height: top + rows * lineHeight + gap};
}

function drawSheetLabels(pen, plan, table) {
    const {gap, font, line, label, side, top, width, height} = plan, {sweep, view} = app;
    pen.fillStyle = PAPER.back;
    pen.fillRect(0, 0, width, height);
    const write = (text, x, y, room, colour = PAPER.ink, weight = "", align = "left") => {
        pen.fillStyle = colour;
        pen.font = `${weight} ${font}px ${getComputedStyle(document.body).fontFamily}`;
        pen.textAlign = align;
        pen.textBaseline = "middle";
        pen.fillText(shortened(pen, text, room), x, y);
    };
    plan.write = write;
    write(titleOf(sweep), gap, gap + line / 2, width - 2 * gap, PAPER.ink, "600");
    write(factsOf(sweep), gap, gap + line * 1.5, width - 2 * gap, PAPER.faint);
    if (!table) return;
    const columnAxis = sweep.axes[view.x], rowAxis = sweep.axes[view.y];
    table.columns.forEach((place, column) => write(`${axisName(columnAxis)} ${columnAxis.labels[place]}`,
        label + gap + column * (side + gap) + side / 2, top - line / 2, side, PAPER.ink, "", "center"));
    table.rows.forEach((place, row) => write(`${axisName(rowAxis)} ${rowAxis.labels[place]}`, gap,
        top + row * plan.lineHeight + plan.high / 2, label - gap));
}

async function drawSheetCell(pen, plan, cell, [column, row], captioned) {
    const {side, high, gap, label, top, line, lineHeight} = plan;
    const x = label + gap + column * (side + gap), y = top + row * lineHeight;
    let why = cell.reason || t(`state ${cell.state}`);
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
        why = t("file gone", words(cell.picture.file));
    }
    if (why) {
        pen.strokeStyle = PAPER.faint;
        pen.strokeRect(x + 0.5, y + 0.5, side - 1, high - 1);
        plan.write(why, x + side / 2, y + high / 2, side - 2 * gap, PAPER.faint, "", "center");
    }
    if (captioned) plan.write(nameOf(cell), x + side / 2, y + high + line / 2, side, PAPER.ink, "", "center");
}

function shortened(pen, text, room) {
    if (pen.measureText(text).width <= room) return text;
    const letters = [...text];
    while (letters.length > 1 && pen.measureText(`${letters.join("")}…`).width > room) {
        letters.length = Math.max(1, letters.length - Math.ceil(letters.length / 20));
    }
    return `${letters.join("")}…`;
}

// --- The animation --------------------------------------------------------------------------------------------

async function exportAnimation() {
    const cell = activeCell(), row = cell ? alongClipSkip(cell) : [];
    if (row.length < 2) return say(t("too few frames"));
    const images = [];
    for (const other of row) {
        try {
            images.push([other, await pixelsOf(other.picture)]);
        } catch {
            return say(t("file gone", words(other.picture.file)));
        }
    }
    const width = Math.max(...images.map(([, image]) => image.naturalWidth));
    const tall = Math.max(...images.map(([, image]) => image.naturalHeight));
    const font = clamp(Math.round(width / 16), 12, 40), height = tall + font * 2;
    const canvas = make("canvas", {width, height}), pen = canvas.getContext("2d"), frames = [];
    for (const [other, image] of images) {
        pen.fillStyle = PAPER.ink;
        pen.fillRect(0, 0, width, height);
        pen.drawImage(image, (width - image.naturalWidth) / 2, (tall - image.naturalHeight) / 2);
        pen.fillStyle = PAPER.back;
        pen.font = `600 ${font}px ${getComputedStyle(document.body).fontFamily}`;
        pen.textAlign = "center";
        pen.textBaseline = "middle";
        pen.fillText(shortened(pen, nameOf(other), width - font), width / 2, tall + font);
        const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/webp", 0.9));
        if (blob?.type !== "image/webp") return say(t("no webp"));
        frames.push(new Uint8Array(await blob.arrayBuffer()));
    }
    download(animatedWebp(frames, width, height, FRAME_EVERY), `${app.sweep.id}-clip-skip.webp`);
}
