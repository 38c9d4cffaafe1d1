// The lens's drawing on paper: saved as an SVG that needs no style sheet, or printed alone.
clipSkipLabLens.paper = (function () {
    "use strict";

    const {make} = clipSkipLab;
    const STYLES = [
        "fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "stroke-linejoin", "opacity", "font-family",
        "font-size", "font-weight", "font-style", "text-anchor",
    ];
    const PRINTING = "clip-skip-lab-printing";

    // A copy in the colours of paper, each element with its own; the one that is copied stands on the page.
    function copied(figure) {
        figure.classList.add("clip-skip-lab-paper");
        const copy = figure.cloneNode(true), all = (root) => [root, ...root.querySelectorAll("*")];
        const copies = all(copy);
        all(figure).forEach((element, at) => {
            if (!(element instanceof SVGGraphicsElement)) return; // title and desc
            const computed = getComputedStyle(element);
            for (const name of STYLES) copies[at].setAttribute(name, computed.getPropertyValue(name));
        });
        figure.classList.remove("clip-skip-lab-paper");
        for (const one of copies) {
            one.removeAttribute("class");
            one.removeAttribute("tabindex");
        }
        const paper = document.createElementNS("http://www.w3.org/2000/svg", "rect");
        for (const [name, value] of Object.entries({width: "100%", height: "100%", fill: "#ffffff"})) paper.setAttribute(name, value);
        copy.querySelector("desc").after(paper);
        copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
        return copy;
    }

    function save(figure, name) {
        const file = new Blob([new XMLSerializer().serializeToString(copied(figure))], {type: "image/svg+xml"});
        const href = URL.createObjectURL(file);
        make("a", {href, download: name}).click();
        setTimeout(() => URL.revokeObjectURL(href), 1000);
    }

    // On the way to the printer the page is this figure alone; afterwards it is as it was.
    function prepare(figure) {
        done();
        document.body.classList.add(PRINTING);
        document.body.append(make("div", {className: "clip-skip-lab-on-paper"}, copied(figure)));
    }

    function done() {
        document.body.classList.remove(PRINTING);
        document.querySelector("body > .clip-skip-lab-on-paper")?.remove();
    }

    return {copied, save, prepare, done};
})();
