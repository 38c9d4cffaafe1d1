// Back to work: a cell into a tab of the WebUI, which is open beside this page. It is the WebUI's own tab that does it
// (javascript/clip_skip_lab_from_page.js); this page asks, and says what became of it.

const LONGEST_SILENCE = 1500; // ms until nobody is there
const MORE_ANSWERS = 100; // ms after the first answer, in which others may come
const LONGEST_TASK = 90000; // ms
const WAKE_EVERY = 250; // ms: timers of a tab that nobody sees run once in a minute, this page's run
const AROUND = [-0.5, -0.25, 0, 0.25, 0.5], USUAL_HIGHEST = 12;

const API = FROM_HOST ? new URL("../../../", location.href).pathname : ""; // of this WebUI, as the address names it
const back = {channel: null, cell: null, text: "", isAlone: false, busy: false, number: 0};

const SENT = {
    txt2img: () => t("The WebUI's tab now has this cell's parameters in txt2img."),
    img2img: () => t("The WebUI's tab now has this image and its parameters in img2img."),
    inpaint: () => t("The WebUI's tab now has this image and its parameters in inpaint."),
    extras: () => t("The WebUI's tab now has this image in Extras."),
    run: () => t("The WebUI is generating this cell again in txt2img."),
    around: () => t("The WebUI is sweeping around this value in txt2img."),
};

// Sends to all that listen; answers to this question come to `hear` until the returned function is called.
function question(message, hear) {
    back.channel ??= new BroadcastChannel(`clip-skip-lab ${API}`);
    const number = `${Date.now()} ${Math.random()}`;
    const listen = ({data}) => data?.answer === number && hear(data);
    back.channel.addEventListener("message", listen);
    back.channel.postMessage({...message, number});
    return () => back.channel.removeEventListener("message", listen);
}

// The name of the WebUI's tab that was looked at last, or null.
async function latestWebui() {
    const found = [];
    let first;
    const answered = new Promise((resolve) => first = resolve);
    const stop = question({ask: "who"}, (answer) => {
        found.push(answer);
        first();
    });
    const after = (pause) => new Promise((resolve) => setTimeout(resolve, pause));
    await Promise.race([answered, after(LONGEST_SILENCE)]);
    if (found.length) await after(MORE_ANSWERS);
    stop();
    return found.sort((one, other) => other.looked - one.looked)[0]?.name ?? null;
}

// Returns why it was refused, "" where it was done.
function given(name, task) {
    return new Promise((resolve) => {
        const waking = setInterval(() => back.channel.postMessage({wake: name}), WAKE_EVERY);
        const end = (text) => {
            clearInterval(waking);
            clearTimeout(latest);
            stop();
            resolve(text);
        };
        const latest = setTimeout(() => end(t("The WebUI's tab does not answer.")), LONGEST_TASK);
        const stop = question({name, task}, ({refused}) => end(words(refused)));
    });
}

async function sendCell(cell, to, more = {}) {
    if (back.busy) return;
    const file = words(cell.picture?.file), infotext = words(cell.picture?.infotext);
    Object.assign(back, {busy: true, cell, isAlone: false, text: t("Asking the WebUI …")});
    refresh();
    const name = await latestWebui();
    if (name === null) Object.assign(back, {isAlone: true, text: t("Open the WebUI in another tab of this browser first.")});
    else back.text = await given(name, {to, sweep: app.sweep.id, file, infotext, ...more}) || SENT[to]();
    back.busy = false;
    refresh();
}

// --- In the large view ----------------------------------------------------------------------------------------

// What was answered about this cell. It decides, with other marks, whether the large view is drawn anew.
function answerFor(cell) {
    return back.cell === cell ? back.text : "";
}

function backRows(cell) {
    const send = (to, label, title) => button(label, () => sendCell(cell, to), {"data-key": `send ${to}`, title,
        disabled: back.busy || !(to === "extras" ? cell.picture?.file : cell.picture?.infotext)});
    const said = make("p", {className: "answer", role: "status", text: answerFor(cell)});
    if (back.isAlone && back.cell === cell) said.append(" ", make("a", {href: new URL("../../", new URL(API, location.href)).href,
        target: "_blank", text: t("Open the WebUI")}));
    return [
        make("h3", {text: t("Send to")}),
        make("div", {className: "bar", role: "group", "aria-label": t("Send to")},
            send("txt2img", "txt2img", t("All its parameters (prompt, seed, clip skip and the rest), as the ↙️ button reads them")),
            send("img2img", "img2img", t("The image and its parameters")),
            send("inpaint", "inpaint", t("The image and its parameters")),
            send("extras", "extras", t("The image"))),
        make("div", {className: "bar"}, useButton(cell), runButton(cell), aroundButton(cell)),
        said,
    ];
}

function isOfImg2img() {
    return "init_images" in record(app.sweep.content.setting);
}

// Disabled where there is a reason why not, which its title says then.
function taskButton(text, act, why, title, key) {
    return button(text, act, {"data-key": key, disabled: back.busy || Boolean(why), title: why || title});
}

function runButton(cell) {
    const why = isOfImg2img() ? t("This is an img2img sweep, and its input image was not kept.")
        : cell.picture?.infotext ? "" : t("This cell has no infotext.");
    return taskButton(t("Run this cell again"), () => sendCell(cell, "run"), why,
        t("Puts its parameters into txt2img and generates one image without a script"), "run");
}

// The values from half a step below to half a step above; none where the cell's is no number.
function valuesAround(cell) {
    const value = cell.values[app.sweep.axes[0].name];
    if (typeof value !== "number") return [];
    const highest = Math.max(USUAL_HIGHEST, ...app.sweep.axes[0].values.filter((other) => typeof other === "number"));
    return AROUND.map((by) => Math.round((value + by) * 1000) / 1000).filter((other) => other >= 1 && other <= highest);
}

function aroundButton(cell) {
    const values = valuesAround(cell).join(", ");
    const why = !values ? t("This works for numbers only, not for averages or schedules.")
        : isOfImg2img() ? t("This is an img2img sweep, and its input image was not kept.")
            : cell.picture?.infotext ? "" : t("This cell has no infotext.");
    const title = t("Puts its parameters into txt2img and generates {values} with the script “Clip skip sweep”", {values});
    return taskButton(t("Sweep {value} ± 0.5", {value: app.sweep.axes[0].labels[cell.at[0]]}),
        () => sendCell(cell, "around", {values}), why, title, "around");
}

// --- Its clip skip as the WebUI's own setting --------------------------------------------------------------------

function useButton(cell) {
    const value = cell.values[app.sweep.axes[0].name], whole = Number.isInteger(value);
    return button(t("Use clip skip {value}", {value: app.sweep.axes[0].labels[cell.at[0]]}), () => useClipSkip(value),
        {"data-key": "use", className: "primary", disabled: !whole,
            title: whole ? t("Sets clip skip in the WebUI, like the field in its header")
                : t("The WebUI's own setting takes whole numbers only")});
}

async function useClipSkip(value) {
    try {
        await fromWebui(`${API}clip-skip`, "PUT", {clip_skip: value});
        say(t("The WebUI's clip skip is now {value}.", {value}));
    } catch (error) {
        say(error.message);
    }
}
