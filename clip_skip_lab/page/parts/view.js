// How the sweep is looked at. All of it stands in the address, so that it can be kept, sent and gone back to; what
// the address says and this sweep does not have is left out.

const NONE = "-";
const MODES = ["side", "flicker", "wipe", "difference"];
const SMALLEST = 48, LARGEST = 1024; // px of a cell's width
const DEEPEST = 8;

function defaultView(sweep) {
    const rows = sweep.axes.findIndex((axis, number) => number > 0 && axis.labels.length > 1);
    return {
        x: 0, y: rows < 0 ? null : rows, at: sweep.axes.map(() => 0), size: 0,
        zoom: 1, centre: [0.5, 0.5], heat: "", tint: false, sort: "", down: false,
        text: "", states: [], favourites: false, hidden: sweep.axes.map(() => []),
        cell: null, a: null, b: null, mode: "",
    };
}

function viewFromAddress(sweep, hash) {
    const view = defaultView(sweep), given = new URLSearchParams(hash.replace(/^#/, ""));
    const within = (text, count) => /^\d+$/.test(text ?? "") && Number(text) < count ? Number(text) : null;
    const number = (text, low, high) => text && Number.isFinite(Number(text)) ? clamp(Number(text), low, high) : null;
    view.x = within(given.get("x"), sweep.axes.length) ?? view.x;
    if (given.get("y") === NONE) view.y = null;
    else view.y = within(given.get("y"), sweep.axes.length) ?? view.y;
    if (view.y === view.x) view.y = null;
    sweep.axes.forEach((axis, axisNumber) => {
        view.at[axisNumber] = within(given.get(`at${axisNumber}`), axis.labels.length) ?? 0;
        const hidden = (given.get(`hide${axisNumber}`) ?? "").split(".").map((text) => within(text, axis.labels.length));
        view.hidden[axisNumber] = hidden.filter((place) => place !== null);
    });
    view.size = number(given.get("size"), SMALLEST, LARGEST) ?? 0;
    const [zoom, ...centre] = (given.get("zoom") ?? "").split("_");
    view.zoom = number(zoom, 1, DEEPEST) ?? 1;
    view.centre = [0, 1].map((side) => number(centre[side], 0, 1) ?? 0.5);
    const known = (key) => sweep.measures.some((measure) => measure.key === key);
    const sort = given.get("sort") ?? "", key = sort.replace(/^-/, "");
    if (known(key)) [view.sort, view.down] = [key, sort.startsWith("-")];
    view.heat = known(given.get("heat")) ? given.get("heat") : "";
    view.tint = given.get("tint") === "1";
    view.text = given.get("find") ?? "";
    view.states = (given.get("state") ?? "").split(".").filter((state) => STATES.includes(state));
    view.favourites = given.get("fav") === "1";
    for (const name of ["cell", "a", "b"]) view[name] = sweep.byKey.has(given.get(name)) ? given.get(name) : null;
    if (view.b === view.a) view.b = null;
    view.mode = MODES.includes(given.get("compare")) && view.a && view.b ? given.get("compare") : "";
    return view;
}

function addressOf(view, sweep) {
    const usual = defaultView(sweep), told = new URLSearchParams();
    const tell = (name, value, unless) => value !== unless && told.set(name, value);
    tell("x", view.x, usual.x);
    tell("y", view.y ?? NONE, usual.y ?? NONE);
    view.at.forEach((place, axis) => tell(`at${axis}`, place, 0));
    view.hidden.forEach((places, axis) => tell(`hide${axis}`, places.join("."), ""));
    tell("size", Math.round(view.size), 0);
    if (view.zoom > 1) told.set("zoom", [view.zoom, ...view.centre].map((part) => +part.toFixed(3)).join("_"));
    tell("heat", view.heat, "");
    tell("tint", view.tint ? "1" : "", "");
    tell("sort", view.sort && (view.down ? "-" : "") + view.sort, "");
    tell("find", view.text, "");
    tell("state", view.states.join("."), "");
    tell("fav", view.favourites ? "1" : "", "");
    for (const name of ["cell", "a", "b"]) tell(name, view[name] ?? "", "");
    tell("compare", view.mode, "");
    return `#${told}`;
}

let addressTimer = null;

// Changes the view. A step that one may want to go back over gets a place in the browser's history; sliding along a
// slider, typing and leafing do not.
function change(changes, {step = true} = {}) {
    clearTimeout(addressTimer);
    Object.assign(app.view, changes);
    if (app.view.x === app.view.y) app.view.y = null;
    const write = () => {
        const address = addressOf(app.view, app.sweep);
        if (address === (location.hash || "#")) return;
        history[step ? "pushState" : "replaceState"](null, "", address);
    };
    if (step) write();
    else addressTimer = setTimeout(write, 300); // browsers refuse hundreds of changes in a row
    refresh();
}

function followAddress() {
    window.addEventListener("popstate", () => {
        if (app.sweep === null) return;
        clearTimeout(addressTimer);
        app.view = viewFromAddress(app.sweep, location.hash);
        refresh();
    });
}
