// The cell under the mouse: a small bar with A, B and ★ at its upper edge, and the cell that the keys mean. There is
// one bar for all cells, so it fits on the smallest: it may reach over the cells beside it.

const pointing = {cell: null, byMouse: false, at: "", bar: null};
const TOOLS = {a: (cell) => choosePart("a", cell), b: (cell) => choosePart("b", cell), star: (cell) => toggleFavourite(cell)};

function startTools() {
    const stage = $("stage"), tool = (name, text) => make("button", {type: "button", tabIndex: -1, text, "data-tool": name});
    pointing.bar = make("div", {className: "tools", hidden: true, "aria-hidden": "true",
        on: {mousedown: (event) => event.preventDefault()}}, // the focus stays where it is
    tool("a", "A"), tool("b", "B"), tool("star", "★"));
    grid.root.append(pointing.bar);
    stage.addEventListener("pointerover", (event) => {
        pointing.cell = event.pointerType === "touch" ? null : cellUnder(event.target);
        showTools();
    });
    stage.addEventListener("pointerleave", () => {
        pointing.cell = null;
        showTools();
    });
    stage.addEventListener("pointermove", (event) => {
        const at = `${event.screenX} ${event.screenY}`;
        if (at === pointing.at) return; // the cells moved, not the mouse
        pointing.at = at;
        if (pointing.byMouse) return;
        pointing.byMouse = true;
        showTools();
    });
}

function toolName(name) {
    return {a: t("Compare: set as A"), b: t("Compare: set as B"), star: t("Favorite")}[name];
}

// The cell that a key means: the one under the mouse, unless keys have moved the focus since the mouse was moved.
function chosenCell() {
    return pointedCell() ?? activeCell();
}

function pointedCell() {
    const free = pointing.byMouse && !document.querySelector("dialog[open]");
    return free && pointing.cell && grid.elements.has(pointing.cell.key) ? app.sweep.byKey.get(pointing.cell.key) : null;
}

function showTools() {
    const {bar} = pointing, cell = pointedCell(), element = cell && grid.elements.get(cell.key), {view} = app;
    bar.hidden = !element;
    for (const other of grid.body.querySelectorAll(".pointed")) other.classList.toggle("pointed", other === element);
    if (!element) return;
    element.classList.add("pointed");
    const pressed = {a: view.a === cell.key, b: view.b === cell.key, star: app.favourites.has(cell.key)};
    for (const tool of bar.children) {
        tool.title = toolName(tool.dataset.tool);
        tool.setAttribute("aria-pressed", String(pressed[tool.dataset.tool]));
    }
    const stage = $("stage"), start = stage.scrollLeft - grid.root.offsetLeft, inset = 4;
    const place = element.offsetLeft + element.offsetWidth - bar.offsetWidth - inset;
    bar.style.left = `${clamp(place, start + grid.geometry.left + inset, start + stage.clientWidth - bar.offsetWidth)}px`;
    bar.style.top = `${element.parentElement.offsetTop + element.offsetTop + inset}px`;
}
