// What is said of the sweep as a whole: the heading, how far it is, the findings, and the panel "About".

function titleOf(sweep) {
    return sweep.prompt.trim().split("\n")[0] || t("(no prompt)");
}

function factsOf(sweep) {
    const time = new Date(sweep.created);
    const created = Number.isNaN(time.getTime()) ? sweep.created
        : new Intl.DateTimeFormat(language, {dateStyle: "medium", timeStyle: "short"}).format(time);
    return [sweep.draft && t("draft"), sweep.model, sweep.seed !== undefined && `${t("seed")} ${words(sweep.seed)}`, created]
        .filter(Boolean).join(" · ");
}

function showHeading() {
    const {sweep} = app, title = titleOf(sweep), count = sweep.cells.length;
    $("title").textContent = title;
    $("title").title = sweep.prompt;
    $("facts").textContent = [count === 1 ? t("{n} cell", {n: count}) : t("{n} cells", {n: count}), factsOf(sweep)].join(" · ");
    document.title = `${title.slice(0, 60)} – ${t("Clip skip sweep")}`;
    showProgress();
    const findings = sentencesOf(sweep.content.findings);
    $("findings").hidden = !findings.length;
    $("findings").textContent = inOneLine(findings);
}

// The sentences in the page's language, from {"en": […], "ja": […]}.
function sentencesOf(said) {
    return list(record(said)[language] ?? record(said).en).map(words);
}

function showProgress() {
    const {sweep} = app, all = sweep.content.cells, place = $("progress");
    const count = (state) => all.filter((cell) => record(cell).state === state).length;
    const done = count("done"), failed = count("failed");
    const runs = sweep.state === "running";
    place.hidden = !runs && done === all.length;
    if (place.hidden) return place.replaceChildren();
    const ran = [t("{done} of {count} done", {done, count: all.length}), failed && t("{count} failed", {count: failed})]
        .filter(Boolean).join(" · ");
    const text = runs ? t("{progress} · running", {progress: ran})
        : sweep.state === "interrupted" ? t("{progress} · interrupted", {progress: ran}) : t("{progress} · finished", {progress: ran});
    refill(place, make("span", {text}),
        runs && make("progress", {max: all.length, value: done + failed, "aria-label": text}));
}

function aboutPanel() {
    const {sweep} = app, {content} = sweep;
    const paragraph = (name, text) => text && make("div", {}, make("h3", {text: name}), make("pre", {text, dir: "auto"}));
    const sentences = (name, texts) => texts.length &&
        make("div", {}, make("h3", {text: name}), make("ul", {}, ...texts.map((text) => make("li", {text, dir: "auto"}))));
    const numbers = sentencesOf(content.more);
    const setting = record(content.setting), host = record(content.host);
    const facts = [[t("Model"), sweep.model], [t("seed"), words(setting.seed)], [t("Sampler"), words(setting.sampler_name)],
        [t("Steps"), words(setting.steps)], [t("CFG scale"), words(setting.cfg_scale)],
        [t("size"), setting.width && `${setting.width} × ${setting.height}`],
        [t("WebUI"), [words(host.name), words(host.version)].join(" ")], [t("Sweep"), sweep.id]].filter(([, value]) => value);
    return [
        sentences(t("Findings"), sentencesOf(content.findings)),
        numbers.length > 0 && make("details", {}, make("summary", {text: t("The numbers behind them")}),
            make("ul", {}, ...numbers.map((text) => make("li", {text, dir: "auto"})))),
        foretoldPart(),
        chartList(),
        paragraph(t("Prompt"), sweep.prompt),
        paragraph(t("Negative prompt"), sweep.negative),
        make("dl", {}, ...facts.flatMap(([name, value]) => [make("dt", {text: name}), make("dd", {text: value, dir: "auto"})])),
        sentences(t("Measures"), sweep.measures.map((measure) =>
            `${spoken(measure.name)}${unitOf(measure) && ` (${unitOf(measure)})`}: ${spoken(measure.description)}`)),
        sentences(t("Notes"), [...list(content.notes), ...list(content.problems)].map(words)),
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
    const grids = list(app.sweep.content.grids).map((file) => words(record(file).file)).filter(addressOfFile);
    const files = [...grids, "sweep.json"];
    return make("div", {}, make("h3", {text: t("Files")}), make("ul", {}, ...files.map((file) =>
        make("li", {}, make("a", {href: addressOfFile(file), target: "_blank", rel: "noopener", text: file})))));
}
