// Which cells are shown, and in which order: a table of two axes, or a flow of cells from line to line, where there
// are no rows or where a measure decides the order.

// Returns {kind: "table", columns, rows, cellAt(row, column)} or {kind: "flow", cells}; columns and rows are places
// in their axis.
function layOut({sweep, view, favourites}) {
    const matches = matcher(sweep, view, favourites);
    if (view.sort) return {kind: "flow", cells: sorted(sweep.cells.filter(matches), view)};
    const cellOf = (column, row) => {
        const at = [...view.at];
        at[view.x] = column;
        if (view.y !== null) at[view.y] = row;
        const cell = sweep.byPlace.get(at.join());
        return cell && matches(cell) ? cell : null;
    };
    const columns = places(sweep.axes[view.x]);
    if (view.y === null) return {kind: "flow", cells: columns.map((column) => cellOf(column)).filter(Boolean)};
    const rows = places(sweep.axes[view.y]).filter((row) => columns.some((column) => cellOf(column, row)));
    const used = columns.filter((column) => rows.some((row) => cellOf(column, row)));
    return {kind: "table", columns: used, rows, cellAt: (row, column) => cellOf(used[column], rows[row])};
}

function places(axis) {
    return axis.labels.map((_, place) => place);
}

function isFiltering(view) {
    return Boolean(view.text || view.states.length || view.favourites || view.hidden.some((places) => places.length));
}

function matcher(sweep, view, favourites) {
    const wanted = view.text.toLocaleLowerCase();
    const hidden = view.hidden.map((places) => new Set(places));
    return (cell) => {
        if (view.favourites && !favourites.has(cell.key)) return false;
        if (view.states.length && !view.states.includes(cell.state)) return false;
        if (hidden.some((places, axis) => places.has(cell.at[axis]))) return false;
        return !wanted || textOf(cell, sweep).includes(wanted);
    };
}

function textOf(cell, sweep) {
    const {infotext = "", file = ""} = cell.picture ?? {};
    return [nameOf(cell, sweep.axes), cell.reason, infotext, file].join("\n").toLocaleLowerCase();
}

// Cells without that measure come last, in either direction.
function sorted(cells, {sort, down}) {
    const sign = down ? -1 : 1;
    return cells.map((cell) => [measureOf(cell, sort), cell]).sort(([one, first], [other, second]) => {
        if (one === null || other === null) return (one === null) - (other === null) || first.index - second.index;
        return sign * (one - other) || first.index - second.index || first.place - second.place;
    }).map(([, cell]) => cell);
}

// The cells from left to right and top to bottom, as they are shown.
function shownCells(layout) {
    if (layout.kind === "flow") return layout.cells;
    return layout.rows.flatMap((_, row) => layout.columns.map((_, column) => layout.cellAt(row, column))).filter(Boolean);
}
