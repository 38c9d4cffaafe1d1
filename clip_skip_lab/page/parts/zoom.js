// Looking closer: all pictures, in the cells and in the dialogs, show the same part at the same magnification.

const zooming = {drag: null, dragged: false};

function showZoom() {
    const {zoom, centre} = app.view, style = document.documentElement.style;
    style.setProperty("--aspect", 1 / app.sweep.aspect);
    style.setProperty("--zoom", zoom);
    centre.forEach((part, side) => style.setProperty(side ? "--shift-y" : "--shift-x", `${(0.5 - part * zoom) * 100}%`));
    document.documentElement.classList.toggle("zoomed", zoom > 1);
}

// `at` is the point that stays in place, as parts of the picture's frame.
function zoomTo(zoom, at = [0.5, 0.5]) {
    zoom = clamp(zoom, 1, DEEPEST);
    const {zoom: before, centre} = app.view;
    moveTo(centre.map((part, side) => part + (at[side] - 0.5) * (1 / before - 1 / zoom)), zoom);
}

function moveTo(centre, zoom = app.view.zoom) {
    const margin = 0.5 / zoom;
    change({zoom, centre: centre.map((part) => clamp(part, margin, 1 - margin))}, {step: false});
}

// By so many tenths of what is to be seen.
function moveBy(right, down) {
    const {centre, zoom} = app.view;
    moveTo([centre[0] + right / 10 / zoom, centre[1] + down / 10 / zoom]);
}

function startZoom() {
    const frameOf = (event) => event.target.closest?.(".frame");
    document.addEventListener("wheel", (event) => {
        const frame = frameOf(event);
        if (!frame || !(event.ctrlKey || event.metaKey || frame.closest("dialog"))) return; // a wheel alone scrolls
        event.preventDefault();
        const box = frame.getBoundingClientRect();
        const at = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
        zoomTo(app.view.zoom * Math.exp(-clamp(event.deltaY, -100, 100) / 300), at);
    }, {passive: false});
    document.addEventListener("pointerdown", (event) => {
        zooming.dragged = false;
        const frame = frameOf(event);
        if (!frame || event.button !== 0 || app.view.zoom === 1) return;
        if (event.pointerType === "touch" && !frame.closest("dialog")) return; // a finger scrolls the cells
        zooming.drag = {x: event.clientX, y: event.clientY, centre: app.view.centre, box: frame.getBoundingClientRect()};
    });
    document.addEventListener("pointermove", (event) => {
        const {drag} = zooming;
        if (!drag) return;
        const moved = [event.clientX - drag.x, event.clientY - drag.y];
        if (Math.hypot(...moved) < 4 && !zooming.dragged) return;
        zooming.dragged = true; // and so the click at its end opens nothing
        const {zoom} = app.view;
        moveTo([drag.centre[0] - moved[0] / drag.box.width / zoom, drag.centre[1] - moved[1] / drag.box.height / zoom]);
    });
    for (const end of ["pointerup", "pointercancel"]) document.addEventListener(end, () => zooming.drag = null);
}
