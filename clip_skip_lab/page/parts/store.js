// What this browser keeps for a sweep: favourites and votes (picks.js, blind.js). And which language was chosen.

const STORED = "clip-skip-lab";

function stored(name) {
    try {
        return JSON.parse(localStorage.getItem(`${STORED}:${name}`));
    } catch { // storage is switched off, or holds what something else wrote
        return null;
    }
}

function store(name, value) {
    try {
        localStorage.setItem(`${STORED}:${name}`, JSON.stringify(value));
    } catch {
        say(t("This browser stores nothing for this page: favorites are lost when you close it."));
    }
}

function readFavourites(sweep) {
    return new Set(list(stored(sweep.id)).filter((key) => sweep.byKey.has(key)));
}

function toggleFavourite(cell) {
    const marked = !app.favourites.delete(cell.key);
    if (marked) app.favourites.add(cell.key);
    store(app.sweep.id, [...app.favourites]);
    pickChanged([cell]);
    say(marked ? t("Favorite: {name}", {name: nameOf(cell)}) : t("No longer a favorite: {name}", {name: nameOf(cell)}));
    refresh();
}

function noFavourites() {
    return t("There are no favorites yet. Press F on a cell, or click its star.");
}

function exportFavourites() {
    const cells = app.sweep.cells.filter((cell) => app.favourites.has(cell.key)).map((cell) => ({
        name: nameOf(cell), values: cell.values, file: cell.picture?.file ?? null, seed: cell.picture?.seed ?? null,
        infotext: cell.picture?.infotext ?? null, measures: cell.measures,
    }));
    const {votes, winner} = readVotes(stored(`${app.sweep.id}:votes`));
    if (!cells.length && !votes.length) return say(noFavourites());
    const text = JSON.stringify({sweep: app.sweep.id, favourites: cells, ...(votes.length && {votes, winner})}, null, 1);
    download(new Blob([text], {type: "application/json"}), `${app.sweep.id}-favourites.json`);
}
