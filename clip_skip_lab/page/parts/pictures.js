// Where the pictures are: the reduced copy for small cells, the file itself where more is to be seen; and the pixels,
// for exports.

const FROM_HOST = /\/clip-skip-lab\/v1\/sweeps\/[^/]+\/page\/$/.test(location.pathname) &&
    location.protocol.startsWith("http");

// The address of a file that sweep.json names, or null where the browser cannot get at it. Every part is encoded: a
// name may hold "#", "?" or "%".
function addressOfFile(file) {
    if (typeof file !== "string" || !file) return null;
    const windows = /^([A-Za-z]:[\\/]|\\\\)/.test(file);
    const parts = (windows ? file.replaceAll("\\", "/") : file).split("/");
    let path;
    try {
        path = parts.map((part, place) => windows && place === 0 ? part : encodeURIComponent(part)).join("/");
    } catch { // half of a surrogate pair
        return null;
    }
    if (!windows && !file.startsWith("/")) return parts.includes("..") ? null : `./${path}`;
    if (location.protocol !== "file:") return null; // another extension saved it out of the sweep's folder
    return path.startsWith("//") ? `file:${path}` : `file://${windows ? "/" : ""}${path}`;
}

// What to show where a picture is `width` CSS pixels wide: the reduced copy as long as it is sharp enough.
function sourceFor(picture, width) {
    const small = addressOfFile(picture?.small), full = addressOfFile(picture?.file);
    const reduced = 256 * Math.min(1, picture?.width / picture?.height || 1); // px across the reduced copy
    return small && (!full || width * devicePixelRatio <= reduced * 1.25) ? small : full;
}

// --- On the screen --------------------------------------------------------------------------------------------
//
// A cell's picture is drawn once, at the size that it is shown at, on a canvas that is given up with its cell. An
// <img> leaves its decoded pixels in Chromium's cache: 650 MB after a thousand cells of 512 px, and so 110 MB.

function drawPicture(frame, source, width, failed) {
    let canvas = frame.querySelector("canvas");
    if (!canvas) {
        canvas = make("canvas", {width: 1, height: 1});
        frame.replaceChildren(canvas);
    }
    const wanted = Math.ceil(width * devicePixelRatio);
    if (canvas.dataset.source === source && (canvas.wanted >= wanted || canvas.natural <= canvas.wanted)) return;
    dropPicture(frame);
    canvas.dataset.source = source;
    canvas.wanted = wanted;
    const image = canvas.loading = new Image();
    image.addEventListener("error", () => image === canvas.loading && failed());
    image.addEventListener("load", async () => {
        if (image !== canvas.loading) return;
        canvas.natural = image.naturalWidth;
        const reduce = wanted < image.naturalWidth && {resizeWidth: wanted, resizeQuality: "high",
            resizeHeight: Math.max(1, Math.round(wanted * image.naturalHeight / image.naturalWidth))};
        const bitmap = await createImageBitmap(image, reduce || {});
        if (image !== canvas.loading) return bitmap.close();
        canvas.loading = null;
        [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
        canvas.getContext("bitmaprenderer").transferFromImageBitmap(bitmap);
        canvas.dataset.drawn = "true";
    });
    image.src = source;
}

// Stops what is under way for a frame. What it shows stays until there is something else to show.
function dropPicture(frame) {
    const canvas = frame?.querySelector("canvas");
    if (!canvas?.loading) return;
    const image = canvas.loading;
    canvas.loading = null;
    image.removeAttribute("src");
    delete canvas.dataset.source;
}

// For a frame that goes away: its pixels too, and not only when the browser gets round to it.
function releasePicture(frame) {
    dropPicture(frame);
    const canvas = frame?.querySelector("canvas");
    if (canvas) canvas.width = canvas.height = 0;
}

function fileMissing(file) {
    return t("The file is missing: {file}", {file: words(file)});
}

// --- Pixels ---------------------------------------------------------------------------------------------------

const embedded = new Map(); // from the reduced copy's path to its data, as the scripts beside the copies give it

function loadScript(source) {
    return new Promise((resolve, reject) => {
        const script = make("script", {src: source, on: {load: resolve, error: reject}});
        document.head.append(script);
        script.addEventListener("load", () => script.remove());
    });
}

// A picture that may be drawn and read back. From disk that is the reduced copy, from a WebUI the file itself.
async function pixelsOf(picture) {
    let source = addressOfFile(picture.file) ?? addressOfFile(picture.small);
    if (location.protocol === "file:") {
        if (!addressOfFile(picture.small)) throw new Error(t("There is no reduced copy."));
        window.clipSkipLabSmall = (file, data) => embedded.set(file, data);
        if (!embedded.has(picture.small)) await loadScript(`${addressOfFile(picture.small)}.js`);
        source = embedded.get(picture.small);
        embedded.delete(picture.small);
    }
    const image = new Image();
    image.src = source;
    await image.decode();
    return image;
}
