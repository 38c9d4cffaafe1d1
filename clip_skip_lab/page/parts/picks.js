// On a page from a WebUI, favourites are picks: kept with the sweep, for every browser and for what is told over all
// sweeps. A pick is a cell; where it has several pictures, which of them has the star is this browser's own.
//
// This browser notes what it has changed until the WebUI has it, so that a change is neither lost while the WebUI is
// away nor undoes what was chosen elsewhere meanwhile.

const OWN = FROM_HOST ? location.pathname.replace(/\/page\/$/, "") : ""; // the sweep's own address
const picking = {unsent: null}; // {place of a cell: whether it is to be a pick}

// What the WebUI answers. Raises with a sentence.
async function fromWebui(address, method = "GET", body = undefined) {
    let answer;
    try {
        answer = await fetch(address, {method, body: body && JSON.stringify(body), headers: {"Content-Type": "application/json"}});
    } catch {
        throw new Error(t("The WebUI does not answer."));
    }
    const content = await answer.json().catch(() => null);
    if (!answer.ok) throw new Error(words(record(content).detail) || t("The WebUI does not answer."));
    return record(content);
}

// `act` runs never twice at once; asked for meanwhile, it runs once more.
function oneAtATime(act) {
    let runs = false, again = false;
    return async () => {
        again = runs;
        if (runs) return;
        runs = true;
        try {
            do {
                again = false;
                await act();
            } while (again);
        } finally {
            runs = false;
        }
    };
}

function followPicks() {
    if (!FROM_HOST) return;
    keepPicks();
    document.addEventListener("visibilitychange", () => document.hidden || keepPicks());
}

// Favourites from before there were picks are all to be sent, once.
function unsentPicks() {
    if (picking.unsent) return picking.unsent;
    const kept = stored(`${app.sweep.id}:unsent`);
    const own = [...app.favourites].map((key) => [app.sweep.byKey.get(key).index, true]);
    picking.isFirst = kept === null && own.length > 0;
    return picking.unsent = kept === null ? Object.fromEntries(own) : record(kept);
}

// After the star of a cell was changed, or of several.
function pickChanged(cells) {
    if (!FROM_HOST) return;
    const unsent = unsentPicks(), chosen = picksIn(app.favourites);
    for (const {index} of cells) unsent[index] = chosen.has(index);
    store(`${app.sweep.id}:unsent`, unsent);
    keepPicks();
}

function picksIn(favourites) {
    return new Set([...favourites].map((key) => app.sweep.byKey.get(key)?.index));
}

function withChanges(picks, changes) {
    const changed = new Set(picks);
    for (const [place, isPick] of Object.entries(changes)) changed[isPick ? "add" : "delete"](Number(place));
    return new Set([...changed].filter((place) => app.sweep.byKey.has(`${place}-0`)).sort((one, other) => one - other));
}

const keepPicks = oneAtATime(async () => {
    const sent = {...unsentPicks()};
    try {
        const kept = list((await fromWebui(`${OWN}/judged`)).picks), picks = withChanges(kept, sent);
        if ([...picks].join() !== kept.join()) await fromWebui(OWN, "PATCH", {picks: [...picks]});
        if (picking.isFirst) {
            say(t("Favorites of this browser now saved with the sweep: {count}", {count: Object.keys(sent).length}));
        }
        picking.isFirst = false;
        takePicks(picks, sent);
    } catch (error) {
        if (Object.keys(sent).length) {
            say(t("The favorites could not be saved with the sweep: {why} The next change will try again.", {why: error.message}));
        }
    }
});

// What was changed while the WebUI was asked is still to be sent.
function takePicks(picks, sent) {
    const {sweep} = app, {unsent} = picking;
    for (const [place, isPick] of Object.entries(sent)) if (unsent[place] === isPick) delete unsent[place];
    const now = withChanges(picks, unsent), stars = [...app.favourites].filter((key) => now.has(sweep.byKey.get(key)?.index));
    const starred = picksIn(stars);
    app.favourites = new Set([...stars, ...[...now].filter((place) => !starred.has(place)).map((place) => `${place}-0`)]);
    store(`${sweep.id}:unsent`, unsent);
    store(sweep.id, [...app.favourites]);
    refresh();
}

// --- A list from elsewhere ------------------------------------------------------------------------------------

// What "Export" writes on a page from disk is merged with what is chosen here.
async function importFavourites(file) {
    let content = {};
    try {
        content = record(JSON.parse(await file.text()));
    } catch { /* said below */ }
    const {sweep: id, favourites} = content;
    if (typeof id !== "string" || !Array.isArray(favourites)) return say(t("This file is not a list of favorites."));
    if (id !== app.sweep.id) return say(t("This list belongs to another sweep, {id}. Nothing was imported.", {id}));
    const found = favourites.map(record).map((told) => [told, cellTold(told)]);
    const cells = found.map(([, cell]) => cell).filter(Boolean), unknown = found.filter(([, cell]) => !cell);
    const chosen = picksIn(app.favourites);
    for (const cell of cells) app.favourites.add(cell.key);
    store(app.sweep.id, [...app.favourites]);
    pickChanged(cells);
    refresh();
    const more = [...picksIn(app.favourites)].filter((place) => !chosen.has(place)).length;
    const votes = await importVotes(content);
    const names = unknown.map(([told]) => words(told.name) || "?").join("; ");
    say(inOneLine([t("New favorites imported: {count}.", {count: more}), votes,
        names && t("Not in this sweep: {names}.", {names})].filter(Boolean)));
}

function cellTold({file, values}) {
    const {cells, axes} = app.sweep, given = record(values);
    const isSame = (cell) => axes.every(({name, isPicture}) => isPicture ||
        JSON.stringify(cell.values[name]) === JSON.stringify(given[name]));
    return (file && cells.find((cell) => cell.picture?.file === file)) || cells.find(isSame);
}

function importRow() {
    const input = make("input", {type: "file", accept: ".json,application/json", hidden: true, id: "import-favourites",
        on: {change: () => {
            const [file] = input.files;
            input.value = ""; // the same file again is a change, too
            if (file) importFavourites(file);
        }}});
    return make("div", {className: "export"},
        button(t("Choose file"), () => input.click(), {"data-key": "import", className: "primary"}), input,
        make("p", {}, make("strong", {text: t("Import favorites")}),
            make("span", {text: t("A list that you exported from this page when it was opened from disk.")})));
}
