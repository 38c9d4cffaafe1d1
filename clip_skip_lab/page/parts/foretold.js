// How well the change of the conditioning foretells that of the pictures: in this sweep, and, on a page from a WebUI, over
// all sweeps of its checkpoint.

const ASK_AGAIN = 1500; // ms, while sweeps are still being read
const foretold = {sweep: null, answer: null};

function correlationText(value) {
    return new Intl.NumberFormat(language, {minimumFractionDigits: 2, maximumFractionDigits: 2}).format(value);
}

function foretoldPart() {
    if (FROM_HOST && foretold.sweep !== app.sweep) askForetold();
    const sentences = [inThisSweep(), ...overAllSweeps()].filter(Boolean);
    return sentences.length > 0 && make("div", {id: "foretold"}, make("h3", {text: t("Conditioning and image")}),
        make("ul", {}, ...sentences.map((text) => make("li", {text, dir: "auto"}))),
        make("p", {text: t("1 means that the image always changes more where the conditioning changes more; " +
            "0 means that one says nothing about the other.")}));
}

function inThisSweep() {
    const all = list(app.sweep.content.rank_correlations).map((row) => record(row).rank_correlation);
    const values = all.filter(Number.isFinite), rows = values.length;
    if (!rows) return "";
    const value = correlationText(values.reduce((sum, one) => sum + one, 0) / rows);
    return rows === 1
        ? t("In this sweep, the rank correlation between the change of the conditioning and the change of the image is " +
            "{value}.", {value})
        : t("In this sweep, the rank correlation between the change of the conditioning and the change of the image is " +
            "{value} (mean of {rows} rows).", {value, rows});
}

function overAllSweeps() {
    const {checkpoint, sweeps, mean, low, high, reading, problem} = record(foretold.answer);
    if (problem) return [problem];
    if (!sweeps) return [];
    const said = typeof mean === "number"
        ? t("Across {sweeps} sweeps with {checkpoint}, the rank correlation between the change of the conditioning and the " +
            "change of the image is {mean} ({low} to {high}).",
        {sweeps, checkpoint, mean: correlationText(mean), low: correlationText(low), high: correlationText(high)})
        : t("For all sweeps with {checkpoint} together there is no answer yet: too few have this number ({sweeps}).", {checkpoint, sweeps});
    return [said, reading > 0 && t("Sweeps still to be read: {reading}.", {reading})];
}

async function askForetold() {
    const {sweep} = app, name = words(record(sweep.content.model).name), hash = words(record(sweep.content.model).hash);
    foretold.sweep = sweep;
    if (!hash && !name) return;
    try {
        const asked = new URLSearchParams({checkpoint: hash || name, lang: language});
        foretold.answer = {...await fromWebui(`${API}rank-correlation?${asked}`), checkpoint: name || hash};
        if (foretold.answer.reading > 0) setTimeout(() => app.panel === "about" && askForetold(), ASK_AGAIN);
    } catch (error) {
        foretold.answer = {problem: error.message};
    }
    refresh();
}
