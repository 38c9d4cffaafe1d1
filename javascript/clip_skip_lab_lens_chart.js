// A table of coloured cells on a canvas, for the lens: as many rows as there are, of which only those in sight are drawn;
// mouse, finger and arrow keys choose a cell, which is said in words. And the legend of its colours.
clipSkipLabLens.chart = (function () {
    "use strict";

    const {make} = clipSkipLab, {colours} = clipSkipLabLens;
    const FONT = "ui-sans-serif, system-ui, 'Segoe UI', 'Hiragino Sans', 'Noto Sans JP', sans-serif";
    const WRITTEN_FROM = 36; // px of a cell, for its value
    const NARROW = 480, NARROW_SIDE = 84; // px: on a phone the names of rows are shorter

    const THEME = "clip-skip-lab-theme";

    // Dark or light: told to those charts that are there, so that nothing holds on to earlier answers.
    onUiLoaded(() => new MutationObserver(() => {
        for (const frame of gradioApp().querySelectorAll(".clip-skip-lab-chart")) frame.dispatchEvent(new Event(THEME));
    }).observe(document.body, {attributeFilter: ["class"]}));

    function shortened(ink, content, width) {
        if (ink.measureText(content).width <= width) return content;
        let letters = [...content];
        while (letters.length && ink.measureText(`${letters.join("")}…`).width > width) letters = letters.slice(0, -1);
        return `${letters.join("")}…`;
    }

    function legend() {
        const low = make("span"), high = make("span"), bar = make("span", {className: "clip-skip-lab-colours"});
        const element = make("div", {className: "clip-skip-lab-legend"}, low, bar, high);
        return {element, show({low: from, high: to, isCutLow, isCutHigh}, digits = 2) {
            low.textContent = (isCutLow ? "≤ " : "") + colours.number(from, digits);
            high.textContent = (isCutHigh ? "≥ " : "") + colours.number(to, digits);
            const stops = [0, 0.2, 0.4, 0.6, 0.8, 1].map((share) => colours.colour(share).fill);
            bar.style.background = `linear-gradient(to right, ${stops.join(", ")})`;
        }};
    }

    // What a chart shows, all by functions of its user:
    //   rows, columns      how many; {side, top, cell: {least, most, height}} are sizes in px
    //   rowLabel(row)      {text, kind}, kind "heading" for a row without cells, "quiet" in italics
    //   columnLabels(c)    texts over a column, from top to bottom; with `isUpright` one, which reads upwards
    //   value(row, c)      a number, or null for none;  range() → {low, high}, digits() of a written value
    //   marked()           {column} or {row, column}: what is in use
    //   drawn(layout)      it was drawn: {side, width of a column, left that it is scrolled by}, in px; may be missing
    //   said(row, c)       the cell in words;  chosen(row, c): it was clicked, or Enter
    function chart({label, most = 460, ...given}) {
        const {top, cell} = given, canvas = make("canvas"), room = make("div");
        const readout = make("p", {className: "clip-skip-lab-readout"});
        readout.setAttribute("aria-live", "polite");
        const frame = make("div", {className: "clip-skip-lab-chart", tabIndex: 0}, room);
        frame.setAttribute("role", "application");
        frame.setAttribute("aria-label", label);
        room.append(canvas);
        const element = make("div", {}, frame, readout);
        let cursor = null, columnWidth = cell.least, side = given.side, isWaiting = false, isInSight = true;

        function sized() {
            const wide = frame.clientWidth;
            side = wide < NARROW ? Math.min(given.side, NARROW_SIDE) : given.side;
            columnWidth = Math.min(Math.max(Math.floor((wide - side) / given.columns), cell.least), cell.most);
            const width = side + columnWidth * given.columns, height = top + cell.height * given.rows;
            room.style.width = `${width}px`;
            room.style.height = `${height}px`;
            frame.style.maxHeight = `${most}px`;
            const [shownWide, shownHigh] = [Math.min(frame.clientWidth, width), Math.min(frame.clientHeight, height)];
            const scale = window.devicePixelRatio || 1;
            canvas.width = Math.round(shownWide * scale);
            canvas.height = Math.round(shownHigh * scale);
            canvas.style.width = `${shownWide}px`;
            canvas.style.height = `${shownHigh}px`;
        }

        function draw() {
            isWaiting = false;
            if (!canvas.width || !isInSight) return;
            const ink = canvas.getContext("2d"), scale = window.devicePixelRatio || 1, style = getComputedStyle(element);
            const wide = canvas.width / scale, high = canvas.height / scale;
            const colour = {text: style.color, accent: style.getPropertyValue("--stop"), back: style.getPropertyValue("--paper")};
            ink.setTransform(scale, 0, 0, scale, 0, 0);
            ink.clearRect(0, 0, wide, high);
            ink.font = `12px ${FONT}`;
            ink.textBaseline = "middle";
            const {scrollLeft, scrollTop} = frame, range = given.range(), digits = given.digits?.() ?? 2, dark = colours.isDark();
            const firstRow = Math.floor(scrollTop / cell.height), firstColumn = Math.floor(scrollLeft / columnWidth);
            const lastRow = Math.min(Math.ceil((scrollTop + high - top) / cell.height), given.rows);
            const lastColumn = Math.min(Math.ceil((scrollLeft + wide - side) / columnWidth), given.columns);
            const at = (row, column) => [side + column * columnWidth - scrollLeft, top + row * cell.height - scrollTop];
            ink.textAlign = "center";
            for (let row = firstRow; row < lastRow; row++) {
                if (given.rowLabel(row).kind === "heading") continue;
                for (let column = firstColumn; column < lastColumn; column++) {
                    const value = given.value(row, column), [x, y] = at(row, column);
                    if (value === null) continue;
                    const {fill, ink: over} = colours.colour(colours.share(value, range), dark);
                    ink.fillStyle = fill;
                    ink.fillRect(x, y, columnWidth - (cell.gap ?? 1), cell.height - (cell.gap ?? 1));
                    if (columnWidth < WRITTEN_FROM) continue;
                    ink.fillStyle = over;
                    ink.fillText(colours.number(value, digits), x + columnWidth / 2, y + cell.height / 2);
                }
            }
            drawMarks(ink, at, colour, firstRow, lastRow);
            drawLabels(ink, at, colour, {wide, high, firstRow, lastRow, firstColumn, lastColumn});
            given.drawn?.({side, width: columnWidth, left: scrollLeft});
        }

        function drawMarks(ink, at, colour, firstRow, lastRow) {
            const {row, column} = given.marked();
            ink.lineWidth = 2;
            ink.strokeStyle = colour.accent;
            if (row === undefined && column !== undefined) {
                const [x, from] = at(firstRow, column), [, to] = at(lastRow, column);
                ink.strokeRect(x - 1, from - 1, columnWidth + 1, to - from + 1);
            }
            if (!cursor) return;
            const [x, y] = at(cursor.row, cursor.column);
            ink.strokeStyle = colour.text;
            ink.strokeRect(x, y, columnWidth - 1, cell.height - 1);
        }

        function drawLabels(ink, at, colour, {wide, high, firstRow, lastRow, firstColumn, lastColumn}) {
            ink.fillStyle = colour.back;
            ink.fillRect(0, 0, side, high);
            ink.fillRect(0, 0, wide, top);
            ink.textAlign = "start";
            for (let row = firstRow; row < lastRow; row++) {
                const {text, kind} = given.rowLabel(row), [, y] = at(row, 0);
                if (y + cell.height / 2 < top) continue;
                ink.font = `${kind === "quiet" ? "italic " : kind === "heading" ? "600 " : ""}12px ${FONT}`;
                ink.fillStyle = colour.text;
                ink.fillText(kind === "heading" ? text : shortened(ink, text, side - 8), 2, y + cell.height / 2);
            }
            ink.fillStyle = colour.back;
            ink.fillRect(0, 0, wide, top);
            ink.textAlign = "center";
            for (let column = firstColumn; column < lastColumn; column++) {
                const [x] = at(0, column), labels = given.columnLabels(column), used = given.marked().column === column;
                if (x + columnWidth / 2 < side) continue;
                ink.font = `${used ? "700 " : ""}12px ${FONT}`;
                ink.fillStyle = used ? colour.accent : colour.text;
                if (given.isUpright) drawUpright(ink, labels[0], x + columnWidth / 2);
                else labels.forEach((text, line) => ink.fillText(text, x + columnWidth / 2, 10 + line * 16));
            }
            if (!given.corner) return;
            ink.fillStyle = colour.back;
            ink.fillRect(0, 0, side, top);
            ink.fillStyle = colour.text;
            ink.textAlign = "start";
            ink.font = `12px ${FONT}`;
            given.corner.forEach((text, line) => ink.fillText(shortened(ink, text, side - 6), 2, 10 + line * 16));
        }

        // From the bottom up, as words are wider than a column.
        function drawUpright(ink, text, x) {
            ink.save();
            ink.translate(x, top - 5);
            ink.rotate(-Math.PI / 2);
            ink.textAlign = "start";
            ink.fillText(shortened(ink, text, top - 10), 0, 0);
            ink.restore();
        }

        function drawSoon() {
            if (isWaiting) return;
            isWaiting = true;
            requestAnimationFrame(draw);
        }

        function point(next) {
            cursor = next;
            const said = cursor ? given.said(cursor.row, cursor.column) : given.hint ?? "";
            if (readout.textContent !== said) readout.textContent = said;
            drawSoon();
        }

        function under({offsetX, offsetY}) {
            const column = Math.floor((offsetX + frame.scrollLeft - side) / columnWidth);
            const row = Math.floor((offsetY + frame.scrollTop - top) / cell.height);
            const isCell = offsetX >= side && offsetY >= top && row < given.rows && column < given.columns;
            return isCell && given.rowLabel(row).kind !== "heading" ? {row, column} : null;
        }

        // The next row in a direction that has cells.
        function rowFrom(row, step) {
            for (let next = row + step; next >= 0 && next < given.rows; next += step) {
                if (given.rowLabel(next).kind !== "heading") return next;
            }
            return row;
        }

        function scrollTo({row, column}) {
            const left = column * columnWidth, up = row * cell.height, {scrollLeft, scrollTop} = frame;
            const wide = frame.clientWidth - side, high = frame.clientHeight - top;
            if (left < scrollLeft || left + columnWidth > scrollLeft + wide) frame.scrollLeft = left - wide / 2;
            if (up < scrollTop || up + cell.height > scrollTop + high) frame.scrollTop = up - high / 2;
        }

        frame.addEventListener("keydown", (event) => {
            const from = cursor ?? {row: rowFrom(-1, 1), column: given.marked().column ?? 0};
            const limited = (column) => Math.min(Math.max(column, 0), given.columns - 1);
            const page = Math.max(Math.floor(frame.clientHeight / cell.height) - 2, 1);
            const paged = (step) => rowFrom(Math.min(Math.max(from.row + step * page, 0), given.rows - 1) - step, step);
            const next = {
                ArrowUp: () => ({...from, row: rowFrom(from.row, -1)}), ArrowDown: () => ({...from, row: rowFrom(from.row, 1)}),
                ArrowLeft: () => ({...from, column: limited(from.column - 1)}),
                ArrowRight: () => ({...from, column: limited(from.column + 1)}),
                Home: () => ({...from, column: 0}), End: () => ({...from, column: given.columns - 1}),
                PageUp: () => ({...from, row: paged(-1)}), PageDown: () => ({...from, row: paged(1)}),
            }[event.key];
            if (event.key === "Enter" && cursor) given.chosen?.(cursor.row, cursor.column);
            if (!next || event.ctrlKey || event.metaKey || event.altKey) return;
            event.preventDefault();
            const to = cursor ? next() : from;
            scrollTo(to);
            point(to);
        });
        frame.addEventListener("focus", () => frame.matches(":focus-visible") && !cursor &&
            point({row: rowFrom(-1, 1), column: given.marked().column ?? 0}));
        canvas.addEventListener("pointermove", (event) => point(under(event)));
        canvas.addEventListener("pointerleave", () => frame.matches(":focus-visible") || point(null));
        canvas.addEventListener("click", (event) => {
            const found = under(event);
            point(found);
            if (found) given.chosen?.(found.row, found.column);
        });
        frame.addEventListener("scroll", drawSoon);

        function redraw() {
            sized();
            draw();
            if (cursor && cursor.row >= given.rows) cursor = null;
            point(cursor);
        }

        new ResizeObserver(() => frame.clientWidth && redraw()).observe(frame);
        frame.addEventListener(THEME, drawSoon);
        new IntersectionObserver(([entry]) => { // what nobody sees is drawn when somebody does
            isInSight = entry.isIntersecting;
            draw();
        }, {rootMargin: "100px"}).observe(frame);
        // `draw` after other values, `redraw` after other sizes; the readout follows both.
        return {element, redraw, draw() { draw(); if (cursor) point(cursor); }, change: (next) => Object.assign(given, next)};
    }

    return {chart, legend};
})();
