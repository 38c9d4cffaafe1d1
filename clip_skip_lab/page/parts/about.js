// What is said of the sweep as a whole: the heading, how far it is, the findings, and the panel "About".

function titleOf(sweep) {
    return sweep.prompt.trim().split("\n")[0] || t("no prompt");
}

function factsOf(sweep) {
    const time = new Date(sweep.created);
    const created = Number.isNaN(time.getTime()) ? sweep.created
        : new Intl.DateTimeFormat(language, {dateStyle: "medium", timeStyle: "short"}).format(time);
    return [sweep.draft && t("draft"), sweep.model, sweep.seed !== undefined && `${t("seed")} ${words(sweep.seed)}`, created]
        .filter(Boolean).join(" · ");
}

function showHeading() {
    const {sweep} = app, title = titleOf(sweep);
    $("title").textContent = title;
    $("title").title = sweep.prompt;
    $("facts").textContent = [t("cells", sweep.cells.length), factsOf(sweep)].join(" · ");
    document.title = `${title.slice(0, 60)} – ${t("clip skip sweep")}`;
    showProgress();
    const findings = list(record(sweep.content.findings)[language] ?? record(sweep.content.findings).en).map(words);
    $("findings").hidden = !findings.length;
    $("findings").textContent = findings.join(language === "ja" ? "" : " ");
}

function showProgress() {
    const {sweep} = app, all = sweep.content.cells, place = $("progress");
    const count = (state) => all.filter((cell) => record(cell).state === state).length;
    const done = count("done"), failed = count("failed");
    const runs = sweep.state === "running";
    place.hidden = !runs && done === all.length;
    if (place.hidden) return place.replaceChildren();
    const text = [t("done of", done, all.length), failed && t("failed", failed),
        t(runs ? "running" : sweep.state === "interrupted" ? "interrupted" : "ended")].filter(Boolean).join(" · ");
    refill(place, make("span", {text}),
        runs && make("progress", {max: all.length, value: done + failed, "aria-label": text}));
}

function aboutPanel() {
    const {sweep} = app, {content} = sweep;
    const paragraph = (name, text) => text && make("div", {}, make("h3", {text: name}), make("pre", {text, dir: "auto"}));
    const sentences = (name, texts) => texts.length &&
        make("div", {}, make("h3", {text: name}), make("ul", {}, ...texts.map((text) => make("li", {text, dir: "auto"}))));
    const findings = list(record(content.findings)[language] ?? record(content.findings).en).map(words);
    const numbers = list(record(content.more)[language] ?? record(content.more).en).map(words);
    const setting = record(content.setting), host = record(content.host);
    const facts = [["model", sweep.model], ["seed", words(setting.seed)], ["sampler", words(setting.sampler_name)],
        ["steps", words(setting.steps)], ["CFG", words(setting.cfg_scale)],
        ["size", setting.width && `${setting.width} × ${setting.height}`], ["WebUI", [words(host.name), words(host.version)].join(" ")],
        ["id", sweep.id]].filter(([, value]) => value);
    return [
        sentences(t("findings"), findings),
        numbers.length > 0 && make("details", {}, make("summary", {text: t("numbers")}),
            make("ul", {}, ...numbers.map((text) => make("li", {text, dir: "auto"})))),
        chartList(),
        paragraph(t("prompt"), sweep.prompt),
        paragraph(t("negative prompt"), sweep.negative),
        make("dl", {}, ...facts.flatMap(([name, value]) => [make("dt", {text: t(name)}), make("dd", {text: value, dir: "auto"})])),
        sentences(t("measures"), sweep.measures.map((measure) =>
            `${spoken(measure.name)}${words(measure.unit) && ` (${words(measure.unit)})`}: ${spoken(measure.description)}`)),
        sentences(t("notes"), [...list(content.notes), ...list(content.problems)].map(words)),
        fileLinks(),
    ].filter(Boolean);
}

function chartList() {
    const charts = list(app.sweep.content.charts).map(record).filter((chart) => addressOfFile(chart.file));
    return charts.length > 0 && make("div", {className: "charts"}, ...charts.map((chart) =>
        make("a", {href: addressOfFile(chart.file), target: "_blank", rel: "noopener"},
            make("img", {src: addressOfFile(chart.file), alt: spoken(chart.title), loading: "lazy"}),
            make("span", {text: spoken(chart.title)}))));
}

function fileLinks() {
    const grids = list(app.sweep.content.grids).map((one) => words(record(one).file)).filter(addressOfFile);
    const files = [...grids, "sweep.json"];
    return make("div", {}, make("h3", {text: t("files")}), make("ul", {}, ...files.map((file) =>
        make("li", {}, make("a", {href: addressOfFile(file), target: "_blank", rel: "noopener", text: file})))));
}
