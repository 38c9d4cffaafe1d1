// The panel "Filter": which cells are shown, by text, state, favourite and the values of the axes.

function filterPanel() {
    const {sweep, view} = app;
    const text = make("input", {type: "search", id: "find", value: view.text, "data-key": "find",
        placeholder: t("Labels, infotexts, file names"),
        on: {input: (event) => change({text: event.target.value}, {step: false})}});
    const flip = (values, value) => values.includes(value) ? values.filter((other) => other !== value) : [...values, value];
    const states = STATES.map((state) => tick(stateName(state), view.states.includes(state), `state ${state}`,
        () => change({states: flip(app.view.states, state)})));
    const stars = tick(`★ ${t("Favorites only")}`, view.favourites, "fav", () => change({favourites: !app.view.favourites}));
    const axes = sweep.axes.map((axis, number) => axis.labels.length > 1 && axisTicks(axis, number, flip)).filter(Boolean);
    const reset = button(t("Show all"), () => {
        change({text: "", states: [], favourites: false, hidden: sweep.axes.map(() => [])});
        $("find").value = "";
    }, {id: "show-all", "data-key": "show all"});
    return [make("div", {className: "group"}, field(t("Find"), text), group(t("State"), states), stars, reset), ...axes];
}

function axisTicks(axis, number, flip) {
    const hidden = app.view.hidden[number];
    const set = (places) => {
        const all = [...app.view.hidden];
        all[number] = places;
        change({hidden: all});
    };
    const ticks = axis.labels.map((label, place) => tick(label, !hidden.includes(place), `hide ${number} ${place}`,
        () => set(flip(app.view.hidden[number], place))));
    const all = button(t("All"), () => set([]), {"data-key": `all ${number}`, className: "plain"});
    const none = button(t("None"), () => set(places(axis)), {"data-key": `none ${number}`, className: "plain"});
    return group(axisName(axis), [...ticks, all, none]);
}

function tick(text, checked, key, act) {
    return make("label", {className: "tick"}, make("input", {type: "checkbox", checked, "data-key": key, on: {change: act}}),
        make("span", {text, dir: "auto"}));
}

function group(name, members) {
    return make("fieldset", {className: "group"}, make("legend", {text: name}), ...members);
}
