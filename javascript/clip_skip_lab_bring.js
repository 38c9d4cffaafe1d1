// Bringing something into a tab as a person would: an infotext by the prompt and ↙️, a picture by dropping its file.
//
// The host itself reads an infotext, so whatever it knows to bring back comes back, other extensions' fields included.
// The host loads scripts in the order of their names: this one before those that use it.
window.clipSkipLabBring = (function () {
    "use strict";

    const SCRIPT = "Clip skip sweep";
    const REMOVE = ["button[aria-label='Remove Image']", "button[aria-label=Clear]", "[id^=removeButton_]"];
    const LONGEST_WAIT = 20000, SETTLES_WITHIN = 2000, LOOK_EVERY = 50; // ms

    // What could not be done, in words for the user.
    class Refused extends Error {}

    function find(css) {
        return gradioApp().querySelector(css);
    }

    const asleep = new Set(); // what ends the pauses that are under way

    function pause() {
        return new Promise((done) => {
            asleep.add(done);
            setTimeout(done, LOOK_EVERY);
        });
    }

    async function until(condition, otherwise, longest = LONGEST_WAIT) {
        const end = Date.now() + longest;
        while (!condition()) {
            if (Date.now() > end) throw new Refused(otherwise);
            await pause();
        }
    }

    // Has what waits look again at once. The timers of a tab that nobody sees run once in a minute.
    function wake() {
        for (const done of asleep) done();
        asleep.clear();
    }

    function fill(field, value) {
        field.value = value;
        updateInput(field);
    }

    // Waits until the host has taken it over: the prompt has changed, and `taken` holds.
    async function infotext(tab, text, taken = () => true) {
        const prompt = find(`#${tab}_prompt textarea`);
        fill(prompt, text);
        find(`#${tab}_tools #paste`).click();
        await until(() => prompt.value !== text && taken(),
            clipSkipLab.say("The WebUI did not read the image's parameters; nothing was started."));
        await settled(tab, text);
    }

    // gradio 4 shows what it took over one field after another. Not for ever: the user may have excluded one from pasting.
    async function settled(tab, text) {
        const told = (pattern) => [...text.matchAll(pattern)].at(-1) ?? [];
        const [, seed] = told(/\bSeed: (\d+)/g), [, width, height] = told(/\bSize: (\d+)x(\d+)/g);
        const shows = ([name, value]) => value === undefined || (find(`#${tab}_${name} input`)?.value ?? value) === value;
        const end = Date.now() + SETTLES_WITHIN;
        while (!Object.entries({seed, width, height}).every(shows) && Date.now() < end) await pause();
    }

    // Throws `Refused` while the tab generates.
    function checkIdle(tab) {
        const stops = ["interrupt", "interrupting"].map((part) => find(`#${tab}_${part}`));
        if (!stops.some((stop) => stop?.style.display === "block")) return;
        throw new Refused(clipSkipLab.say("{tab} is generating. Try again when it is done.", {tab}));
    }

    // An infotext with further keys: later ones win over earlier ones.
    function withKeys(infotext, keys) {
        return [infotext.trimEnd(), ...Object.entries(keys).map(([key, value]) => `${key}: ${value}`)].join(", ");
    }

    function script(tab) {
        return find(`#${tab}_script_container #script_list input`)?.value;
    }

    // An infotext for one picture and not for as many as the tab makes; where no script is named, none is chosen then.
    async function onePicture(tab, text, keys = {}, taken = () => script(tab) === "None") {
        fill(find(`#${tab}_batch_count input[type=number]`), 1);
        await infotext(tab, withKeys(text, {...keys, "Batch size": 1}), taken);
    }

    // The script "Clip skip sweep" with these values, and everything else as the infotext has it. The header's own clip
    // skip, because the picture's would stay behind among the override settings.
    async function sweep(tab, text, values, size = {}) {
        const shown = () => find(`#${tab}_script_container [id$=clip_skip_lab_values] :is(input, textarea)`)?.value;
        await onePicture(tab, text, {
            ...size,
            "Clip skip": Math.round(clipSkipLab.headerNumber()?.valueAsNumber || opts.CLIP_stop_at_last_layers),
            Script: SCRIPT,
            clip_skip_lab_values: /[,:\n]/.test(values) ? JSON.stringify(values) : values, // quoted as the host quotes
        }, () => script(tab) === SCRIPT && shown() === values);
    }

    // Shows a tab of the host's.
    function goTo(tab) {
        const tabs = [...gradioApp().querySelectorAll("#tabs > .tabitem[id^=tab_]")];
        gradioApp().querySelectorAll("#tabs > .tab-nav > button")[tabs.findIndex(({id}) => id === `tab_${tab}`)].click();
    }

    // Above the line of the sweep's panel that says what will run, until Generate is pressed.
    function sayIn(tab, text, ...more) {
        const forecast = find(`#${tab}_script_container [id$=clip_skip_lab_forecast]`);
        let line = find(`#clip_skip_lab_brought_${tab}`);
        if (!line) {
            line = clipSkipLab.make("p", {id: `clip_skip_lab_brought_${tab}`, className: "clip-skip-lab-said"});
            line.setAttribute("role", "status");
            forecast.before(line);
            find(`#${tab}_generate`).addEventListener("click", () => sayIn(tab, ""));
        }
        line.hidden = !text;
        line.replaceChildren(text, ...more);
        return "";
    }

    // As if the file were dropped there; the host's own buttons also bring the page's settings, at any time later.
    // Forge's field is none of gradio's: its image is always there, without a source while it is empty.
    // Returns the image, loaded.
    async function picture(box, address, otherwise = null) {
        const unsent = otherwise ?? clipSkipLab.say("The image could not be sent to img2img; nothing was started.");
        const blob = await (await fetch(address)).blob();
        if (find(`${box} img`)?.naturalWidth) REMOVE.map((button) => find(`${box} ${button}`)).find(Boolean)?.click();
        await until(() => find(`${box} input[type=file]`) && !find(`${box} img`)?.naturalWidth, unsent);
        const dropped = new DataTransfer();
        dropped.items.add(new File([blob], "picture.png", {type: blob.type}));
        const input = find(`${box} input[type=file]`);
        input.files = dropped.files;
        input.dispatchEvent(new Event("change"));
        await until(() => find(`${box} img`)?.naturalWidth, unsent);
        return find(`${box} img`);
    }

    return {Refused, find, until, wake, fill, checkIdle, withKeys, infotext, onePicture, sweep, picture, goTo, sayIn};
})();
