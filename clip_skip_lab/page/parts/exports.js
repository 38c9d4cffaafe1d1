// What can be taken along: a sheet of cells as PNG, an animation along clip skip as WebP, the favourites as JSON.

const FRAME_EVERY = 700; // ms

function exportPanel() {
    const row = (name, hint, act, key, text) => make("div", {className: "export"},
        button(text, act, {"data-key": key, id: key, className: "primary"}),
        make("p", {}, make("strong", {text: name}), make("span", {text: hint})));
    const cell = activeCell(), favourites = app.favourites.size;
    return [
        row(t("Sheet of the cells shown"), t("One image with labels, for sharing."), () => exportSheet(false), "sheet-shown", "PNG"),
        row(t("Sheet of the favorites ({count})", {count: favourites}), t("One image with labels, for sharing."),
            () => exportSheet(true), "sheet-favourites", "PNG"),
        row(t("Animation through clip skip"), t("The row of the chosen cell: {name}.", {name: cell ? nameOf(cell) : ""}),
            exportAnimation, "animation", "WebP"),
        row(t("List of the favorites ({count})", {count: favourites}), t("Values, files and infotexts."),
            exportFavourites, "favourites-list", "JSON"),
        FROM_HOST && importRow(),
    ].filter(Boolean);
}

// --- The animation --------------------------------------------------------------------------------------------

async function exportAnimation() {
    const cell = activeCell(), row = cell ? alongClipSkip(cell) : [];
    if (row.length < 2) return say(t("An animation needs a cell whose row has images at two values of clip skip or more."));
    const images = [];
    for (const other of row) {
        try {
            images.push([other, await pixelsOf(other.picture)]);
        } catch {
            return say(fileMissing(other.picture.file));
        }
    }
    const width = Math.max(...images.map(([, image]) => image.naturalWidth));
    const tall = Math.max(...images.map(([, image]) => image.naturalHeight));
    const font = clamp(Math.round(width / 16), 12, 40), line = Math.round(font * 1.4), pen = make("canvas").getContext("2d");
    write(pen, {font}, "600");
    const captions = row.map((other) => namesOf(other).flatMap((name) => wrapped(pen, name.join(" "), width - font, 2)));
    const height = tall + line * Math.max(...captions.map((lines) => lines.length)) + font;
    [pen.canvas.width, pen.canvas.height] = [width, height];
    const frames = [];
    for (const [number, [, image]] of images.entries()) {
        pen.fillStyle = PAPER.ink;
        pen.fillRect(0, 0, width, height);
        pen.drawImage(image, (width - image.naturalWidth) / 2, (tall - image.naturalHeight) / 2);
        writeLines(pen, {font, line}, captions[number], width / 2, tall + font / 2,
            {colour: PAPER.back, weight: "600", align: "center"});
        const blob = await new Promise((resolve) => pen.canvas.toBlob(resolve, "image/webp", 0.9));
        if (blob?.type !== "image/webp") return say(t("This browser cannot write WebP. Chromium and Firefox can."));
        frames.push(new Uint8Array(await blob.arrayBuffer()));
    }
    download(animatedWebp(frames, width, height, FRAME_EVERY), `${app.sweep.id}-clip-skip.webp`);
}
