// Blind: two cells without their labels, and which is better, until one value of clip skip is left.
//
// The values play a knock-out: each vote takes one of them out, so there is one vote less than values, whatever the
// number of rows. The next two are those that were seen least, in a row (of seeds, say) that was used least, on sides by
// chance; so all of it but the pair on the screen follows from the votes, and a comparison can be continued.

const CHOICES = ["a", "b", "same"]; // the left one, the right one, neither
const blind = {votes: [], winner: null, pair: null, isShown: false, missing: new Set()};

// --- Who plays ------------------------------------------------------------------------------------------------

function rowOf(cell) {
    return cell.at.slice(1).join();
}

// {place of the value on its axis: {row: cell}}, of all cells with a picture that the filter shows.
function contenders() {
    const {sweep, view, favourites} = app, matches = matcher(sweep, view, favourites), found = new Map();
    for (const cell of sweep.cells) {
        if (cell.state !== "done" || !cell.picture || blind.missing.has(cell.key) || !matches(cell)) continue;
        if (!found.has(cell.at[0])) found.set(cell.at[0], new Map());
        found.get(cell.at[0]).set(rowOf(cell), cell);
    }
    return found;
}

function cellOfPlace(place) {
    return app.sweep.byKey.get(`${place}-0`);
}

// Where both are the same, the right one goes on: the sides were chance.
function loserOf({a, b, chosen}) {
    return cellOfPlace(chosen === "a" ? b : a).at[0];
}

function remaining(values) {
    const out = new Set(blind.votes.map(loserOf));
    return [...values.keys()].filter((value) => !out.has(value));
}

function counted(things) {
    const counts = new Map();
    for (const thing of things) counts.set(thing, (counts.get(thing) ?? 0) + 1);
    return (thing) => counts.get(thing) ?? 0;
}

function shuffled(things) {
    const mixed = [...things];
    for (let last = mixed.length - 1; last > 0; last--) {
        const place = Math.floor(Math.random() * (last + 1));
        [mixed[last], mixed[place]] = [mixed[place], mixed[last]];
    }
    return mixed;
}

// The next two cells, left and right, or null where no two that are left have a row in common.
function nextPair(values) {
    const shown = blind.votes.flatMap(({a, b}) => [cellOfPlace(a), cellOfPlace(b)]);
    const seen = counted(shown.map((cell) => cell.at[0])), used = counted(shown.map(rowOf));
    const order = shuffled(remaining(values)).sort((one, other) => seen(one) - seen(other));
    for (const [place, one] of order.entries()) {
        for (const other of order.slice(place + 1)) {
            const rows = shuffled(values.get(one).keys()).filter((row) => values.get(other).has(row));
            const [row] = rows.sort((first, second) => used(first) - used(second));
            if (row !== undefined) return shuffled([values.get(one).get(row), values.get(other).get(row)]);
        }
    }
    return null;
}

// --- What is kept ---------------------------------------------------------------------------------------------

function readVotes(content) {
    const known = (place) => Number.isInteger(place) && cellOfPlace(place) !== undefined;
    const votes = list(record(content).votes).map(record)
        .filter(({a, b, chosen}) => known(a) && known(b) && a !== b && CHOICES.includes(chosen))
        .map(({a, b, chosen}) => ({a, b, chosen}));
    const {winner} = record(content);
    return {votes, winner: known(winner) && votes.length ? winner : null};
}

// What this browser has not been able to send comes before what the WebUI has.
async function keptVotes() {
    const own = record(stored(`${app.sweep.id}:votes`));
    return readVotes(FROM_HOST && !own.unsent ? await fromWebui(`${OWN}/judged`) : own);
}

function keepVotes() {
    const {votes, winner} = blind;
    store(`${app.sweep.id}:votes`, {votes, winner, unsent: FROM_HOST});
    if (FROM_HOST) sendVotes();
}

const sendVotes = oneAtATime(async () => {
    const {votes, winner} = blind, sent = JSON.stringify([votes, winner]);
    try {
        await fromWebui(`${OWN}/votes`, "PUT", {votes, winner});
        if (sent === JSON.stringify([blind.votes, blind.winner])) store(`${app.sweep.id}:votes`, {votes, winner, unsent: false});
    } catch (error) {
        say(t("The vote could not be saved with the sweep: {why} The next vote will try again.", {why: error.message}));
    }
});

// Of a list that this page wrote from disk, where there are none yet. Returns a sentence, "" where it has none.
async function importVotes(content) {
    const told = readVotes(content);
    if (!told.votes.length) return "";
    try {
        if ((await keptVotes()).votes.length) return t("Its votes were not imported: this sweep already has votes.");
    } catch (error) {
        return error.message;
    }
    Object.assign(blind, told);
    keepVotes();
    return t("Imported votes: {count}.", {count: told.votes.length});
}

// --- Voting ---------------------------------------------------------------------------------------------------

async function openBlind() {
    if ($("blind").open) return;
    if ($("cell").open) $("cell").close();
    blind.missing.clear();
    if (contenders().size < 2) return say(t("A blind comparison needs images at two values of clip skip or more. " +
        "Cells hidden by the filter do not count."));
    try {
        Object.assign(blind, await keptVotes(), {pair: null});
    } catch (error) {
        return say(error.message);
    }
    const goesOn = blind.votes.length && blind.winner === null;
    $("blind").showModal();
    $("blind").focus();
    if (goesOn) say(t("The comparison continues. Votes so far: {count}", {count: blind.votes.length}));
    goOn();
}

function startAnew() {
    Object.assign(blind, {votes: [], winner: null, pair: null});
    goOn();
}

// Shows the pair that is to be judged, the next one where there is none, or the end.
async function goOn() {
    if (blind.winner !== null) return showWinner();
    const values = contenders(), rest = remaining(values);
    blind.pair ??= nextPair(values);
    if (!blind.pair && rest.length === 1 && blind.votes.length) return finish(rest[0]);
    if (!blind.pair) return showStuck();
    blind.isShown = false;
    showVoting(values.size - rest.length + 1, values.size - 1);
    const pair = blind.pair, drawn = await Promise.all(pair.map(drawnFor));
    if (pair !== blind.pair || !$("blind").open) return;
    if (drawn.includes(null)) { // its file is gone: it cannot take part
        pair.filter((_, side) => !drawn[side]).forEach((cell) => blind.missing.add(cell.key));
        blind.pair = null;
        return goOn();
    }
    const frames = $("blind").querySelectorAll(".frame");
    drawn.forEach((canvas, side) => {
        canvas.setAttribute("role", "img");
        canvas.setAttribute("aria-label", side ? t("right") : t("left"));
        frames[side].replaceChildren(canvas);
    });
    blind.isShown = true;
}

// On a canvas, which has no address that could tell. Both at once, so that their files' sizes tell nothing either.
async function drawnFor(cell) {
    for (const source of [addressOfFile(cell.picture.file), addressOfFile(cell.picture.small)].filter(Boolean)) {
        const image = new Image();
        image.src = source;
        try {
            await image.decode();
        } catch {
            continue;
        }
        const most = $("blind").clientWidth * devicePixelRatio; // twice what is shown, for zooming in
        const scale = Math.min(1, most / image.naturalWidth);
        const size = [image.naturalWidth, image.naturalHeight].map((side) => Math.max(1, Math.round(side * scale)));
        const canvas = make("canvas", {width: size[0], height: size[1]}), pen = canvas.getContext("2d");
        pen.imageSmoothingQuality = "high";
        pen.drawImage(image, 0, 0, ...size);
        return canvas;
    }
    return null;
}

function vote(chosen) {
    if (!blind.isShown) return;
    const [a, b] = blind.pair.map((cell) => cell.index);
    blind.votes = [...blind.votes, {a, b, chosen}];
    Object.assign(blind, {pair: null, isShown: false});
    const rest = remaining(contenders());
    if (rest.length === 1) return finish(rest[0]);
    keepVotes();
    goOn();
}

// Its cell in the row that was seen last.
function finish(value) {
    const {a, b} = blind.votes.at(-1);
    blind.winner = [a, b].find((place) => cellOfPlace(place).at[0] === value) ?? null;
    keepVotes();
    return blind.winner === null ? showStuck() : showWinner();
}

// The same two once more, on the same sides.
function undoVote() {
    const last = blind.votes.at(-1);
    if (!last) return;
    const values = contenders();
    const cells = [last.a, last.b].map(cellOfPlace), row = (cell) => values.get(cell.at[0])?.get(rowOf(cell));
    const pair = cells.map((cell) => row(cell) ?? null);
    Object.assign(blind, {votes: blind.votes.slice(0, -1), winner: null, pair: pair.includes(null) ? null : pair});
    keepVotes();
    goOn();
}

// --- The dialog -----------------------------------------------------------------------------------------------

function startBlind() {
    const dialog = $("blind");
    dialog.tabIndex = -1;
    blind.inside = make("div", {className: "inside"});
    dialog.append(blind.inside);
    dialog.addEventListener("close", () => {
        Object.assign(blind, {pair: null, isShown: false});
        blind.inside.replaceChildren();
        const cell = activeCell();
        if (cell) activate(cell, {focus: true});
        refresh();
    });
}

function blindBar(text, ...more) {
    return make("div", {className: "bar"}, make("h2", {text: t("Blind")}), make("p", {className: "facts", text, role: "status"}),
        make("span", {className: "spring"}),
        button(`↶ ${t("Undo")}`, undoVote, {disabled: !blind.votes.length, title: t("Undo the last vote (Backspace)")}), ...more,
        button("✕", () => $("blind").close(), {"aria-label": t("Close"), title: t("Close")}));
}

function showVoting(number, count) {
    const dialog = $("blind");
    dialog.setAttribute("aria-label", t("Blind"));
    blind.inside.replaceChildren(
        blindBar(t("Vote {number} of {count}", {number, count})),
        make("div", {className: "pictures", "data-mode": "side"}, make("div", {className: "frame"}), make("div", {className: "frame"})),
        make("div", {className: "ballot"},
            button(`← ${t("This one is better")}`, () => vote("a"), {id: "blind-left"}),
            button(`↓ ${t("The same")}`, () => vote("same"), {id: "blind-same"}),
            button(`${t("This one is better")} →`, () => vote("b"), {id: "blind-right"})));
    if (dialog.open) dialog.focus();
}

function showStuck() {
    blind.inside.replaceChildren(blindBar(""), make("p", {className: "reason", text: t(
        "The remaining values have no images to compare, so there is no winner.")}),
    make("div", {className: "bar"}, button(t("Start over"), startAnew, {className: "primary"})));
}

function showWinner() {
    const cell = cellOfPlace(blind.winner), frame = make("div", {className: "frame"}), axis = app.sweep.axes[0];
    const names = (place) => nameOf(cellOfPlace(place));
    const lines = blind.votes.map(({a, b, chosen}) => make("li", {dir: "auto"}, chosen === "same"
        ? t("{one} and {other}: the same", {one: names(a), other: names(b)})
        : t("{one} was better than {other}", {one: names(chosen === "a" ? a : b), other: names(chosen === "a" ? b : a)})));
    showLarge(frame, cell, addressOfFile(cell.picture?.file) ?? addressOfFile(cell.picture?.small));
    const keep = button(`★ ${t("Add to favorites")}`, () => {
        if (!app.favourites.has(cell.key)) toggleFavourite(cell);
        keep.disabled = true;
    }, {disabled: app.favourites.has(cell.key), id: "blind-keep"});
    blind.inside.replaceChildren(
        blindBar(t("Votes: {count}", {count: blind.votes.length})),
        make("div", {className: "winner"}, frame, make("div", {className: "info"},
            make("h2", {text: t("Your choice: {name}", {name: `${axisName(axis)} ${axis.labels[cell.at[0]]}`}), dir: "auto"}),
            make("p", {className: "facts", text: nameOf(cell), dir: "auto"}),
            make("div", {className: "bar"}, keep, FROM_HOST && useButton(cell), button(t("Start over"), startAnew)),
            make("h3", {text: t("How the votes went")}), make("ol", {}, ...lines))));
    $("blind").focus();
}
