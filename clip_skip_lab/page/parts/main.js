// The state of the page, and what brings it onto the screen. Everything shown follows from `app`.

const app = {sweep: null, view: null, favourites: new Set(), panel: "", panelSweep: null};

function showSweep(sweep) {
    const first = app.sweep === null;
    app.sweep = sweep;
    app.view = viewFromAddress(sweep, location.hash);
    app.favourites = readFavourites(sweep);
    $("message").hidden = true;
    document.body.classList.add("ready");
    if (first) startGrid();
    refreshNow();
    if (first) followPicks();
    if (first && document.activeElement === document.body && activeCell()) activate(activeCell(), {focus: true});
}

function showMessage(text) {
    $("message").textContent = text;
    $("message").hidden = false;
}

let refreshing = false;

// Brings the screen up to date with `app`, once for all changes of a moment.
function refresh() {
    if (refreshing) return;
    refreshing = true;
    requestAnimationFrame(() => {
        refreshing = false;
        refreshNow();
    });
}

function refreshNow() {
    if (app.sweep === null) return;
    showHeading();
    showActions();
    showPanel();
    showControls();
    showZoom();
    showGrid();
    showCell();
    showCompare();
}

function setLanguage(chosen) {
    language = chosen;
    store("language", chosen);
    document.documentElement.lang = chosen;
    refresh();
}

document.documentElement.lang = language;
startCell();
startCompare();
startBlind();
startWipe();
startZoom();
startKeys();
followAddress();
followSweep();
