// Two side by side in the lens: what was kept beside what is shown now, each with its own clip skip, or a prompt beside its
// negative prompt. Drawn by the lens's own views; what can be said of both stands below (clip_skip_lab_lens_side_both.js).
(function () {
    "use strict";

    const {make} = clipSkipLab, lens = clipSkipLabLens;
    let kept = null, negative = null; // {answer, clipSkip}: of one of the two, what has a slider of its own
    let parts = null, columns = [];

    // --- What stands there --------------------------------------------------------------------------------------

    // The two sides, or none: `shown` is what the lens shows, which moves with its slider.
    function sides() {
        if (!lens.answer || !(kept || negative)) return [];
        const shown = {answer: lens.answer, clipSkip: lens.clipSkip, move: lens.move};
        const own = kept ?? negative;
        const withSlider = {...own, move(value) {
            own.clipSkip = value;
            follow();
        }};
        return kept ? [{...withSlider, name: clipSkipLab.say("Kept")}, {...shown, name: clipSkipLab.say("Now")}]
            : [{...shown, name: clipSkipLab.say("Prompt")}, {...withSlider, name: clipSkipLab.say("Negative prompt")}];
    }

    function keep() {
        [kept, negative] = [{answer: lens.answer, clipSkip: lens.clipSkip}, null];
        build();
        parts.section.querySelector("h4").focus();
    }

    function showNegative() {
        [kept, negative] = [null, {answer: lens.negativeOf(lens.answer), clipSkip: lens.clipSkip}];
        build();
        parts.section.querySelector("h4").focus();
    }

    function remove() {
        [kept, negative] = [null, null];
        build();
        parts.keep.focus();
    }

    // --- Drawing ------------------------------------------------------------------------------------------------

    function slider({answer, clipSkip, move, name}) {
        const input = make("input", {type: "range", min: 1, max: answer.highest, step: 1, value: clipSkip});
        const said = make("output", {textContent: clipSkip});
        input.setAttribute("aria-label", clipSkipLab.say("Clip skip of “{name}”", {name}));
        input.addEventListener("input", () => move(input.valueAsNumber));
        return {node: make("label", {}, clipSkipLab.say("Clip skip"), input, said), show(value) {
            input.value = value;
            said.textContent = value;
        }};
    }

    function column(side) {
        const {answer, clipSkip, move, name} = side, own = slider(side);
        const [figure, heatmap] = [make("div", {}), make("div", {})];
        const node = make("article", {}, make("h5", {textContent: name}),
            make("p", {className: "clip-skip-lab-side-model", textContent: answer.model.name}),
            make("p", {className: "clip-skip-lab-side-prompt", dir: "auto", textContent: answer.asked.prompt}),
            own.node, figure, heatmap);
        const drawn = [[lens.views.figure, figure], [lens.views.heatmap, heatmap]].map(([view, place]) =>
            view(answer, clipSkip, place, {onClipSkip: move}));
        return {node, move(value) {
            own.show(value);
            for (const view of drawn) view.move(value, lens.other);
        }};
    }

    function build() {
        if (!parts) return;
        const now = sides();
        switchButtons();
        parts.section.hidden = !now.length;
        parts.pair.replaceChildren();
        columns = [];
        for (const side of now) { // a view may measure the place that it draws into
            const made = column(side);
            columns.push(made);
            parts.pair.append(made.node);
        }
        if (now.length) lens.both.draw(now, lens.other, parts.both);
    }

    function follow() {
        const now = sides();
        if (!now.length || columns.length !== now.length) return;
        now.forEach(({clipSkip}, place) => columns[place].move(clipSkip));
        lens.both.draw(now, lens.other, parts.both);
    }

    function switchButtons() {
        parts.keep.disabled = !lens.answer;
        parts.negative.disabled = !lens.answer?.negative;
    }

    function button(text, title, onclick) {
        return make("button", {type: "button", textContent: text, title, disabled: true, onclick});
    }

    lens.onBuilt(({tools, results}) => {
        const title = make("h4", {tabIndex: -1, textContent: clipSkipLab.say("Side by side")});
        const pair = make("div", {className: "clip-skip-lab-pair"}), both = make("div", {className: "clip-skip-lab-both"});
        const gone = make("button", {type: "button", textContent: clipSkipLab.say("Remove"), onclick: remove});
        parts = {
            pair, both,
            section: make("section", {className: "clip-skip-lab-side", hidden: true}, title, gone, pair, both),
            keep: button(clipSkipLab.say("Keep for comparison"),
                clipSkipLab.say("Keeps what is shown, with its clip skip, and puts what you show next beside it."), keep),
            negative: button(clipSkipLab.say("Prompt beside negative prompt"),
                clipSkipLab.say("Shows both side by side, each with its own clip skip. First enter a negative prompt and press Show."), showNegative),
        };
        tools.append(parts.keep, parts.negative);
        results.before(parts.section);
        build();
    });
    lens.onAnswer((answer) => {
        if (negative) negative = answer.negative && {answer: lens.negativeOf(answer), clipSkip: negative.clipSkip};
        build();
    });
    lens.onValue(follow);
})();
