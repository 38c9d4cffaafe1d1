// A small sweep for the lens, started by txt2img's own Generate while the fields of txt2img stay as they are.
//
// Generate hands the tab's fields to the host through the page's function `submit` (javascript/ui.js of each WebUI of the
// family). For one press, some of them are exchanged on that way: prompt, script, the inputs of our panels. Sampler,
// scheduler, steps, seed, CFG and size are those of the tab. What the sweep's sweep.json says decides whether it is the
// one that was asked for.
window.clipSkipLabLensRun = (function () {
    "use strict";

    const SCRIPT = "Clip skip sweep";
    const ASK_EVERY = 700, PRESSED_WITHIN = 10000; // ms
    const LISTED = 20; // of the newest sweeps, among which one that was over at once is looked for
    const {find, until, checkIdle, Refused} = clipSkipLabBring, {request} = clipSkipLab;

    // --- What is handed to the host -----------------------------------------------------------------------------

    // The components of Generate's inputs in their order, as the page's configuration describes them.
    function inputsOfGenerate() {
        const {components, dependencies} = window.gradio_config ?? {components: [], dependencies: []};
        const names = new Map(components.map(({id, props}) => [id, props]));
        const inputs = dependencies.find(({js}) => js === "submit")?.inputs.map((id) => names.get(id)) ?? [];
        const isThere = (name) => inputs.some((props) => props?.elem_id === name);
        if (!isThere("txt2img_prompt") || !isThere("script_list") || typeof window.submit !== "function") {
            throw new Refused(clipSkipLab.say("txt2img of this WebUI cannot be started from here. Use “Sweep this prompt” instead, which fills in its fields."));
        }
        return inputs;
    }

    // What stands in the place of a field's value, or undefined where that stays.
    function exchanged({elem_id: name = "", value}, given, {prompt, negative, values}) {
        const fields = {
            txt2img_prompt: prompt, txt2img_neg_prompt: negative, txt2img_styles: [], script_list: SCRIPT,
            txt2img_batch_count: 1, txt2img_batch_size: 1, "txt2img_hr-checkbox": false,
        };
        if (Object.hasOwn(fields, name)) return fields[name];
        if (name === "txt2img_override_settings") { // which would name another model, or a clip skip for nothing
            return (given ?? []).filter((text) => !/^\s*(Clip skip|Model hash|Model):/.test(text));
        }
        if (name.endsWith("clip_skip_lab_finer-checkbox")) return false;
        if (!name.startsWith("script_txt2img_clip_skip_sweep_")) return undefined;
        if (name.endsWith("clip_skip_lab_values")) return values.join(", ");
        return name.endsWith("clip_skip_lab_draft") ? true : value; // the panel as the page opens with it
    }

    // Presses Generate with these in the place of what stands in the tab.
    async function press(wanted) {
        const inputs = inputsOfGenerate(), own = window.submit;
        let isPressed = false;
        window.submit = (...given) => {
            window.submit = own;
            isPressed = true;
            inputs.forEach((props, place) => {
                const value = props && exchanged(props, given[place], wanted);
                if (value !== undefined) given[place] = value;
            });
            return own(...given);
        };
        try {
            find("#txt2img_generate").click();
            await until(() => isPressed, clipSkipLab.say("txt2img did not start."), PRESSED_WITHIN);
        } finally {
            window.submit = own;
        }
    }

    // --- Which sweep came of it ---------------------------------------------------------------------------------

    function route(id) {
        return `/sweeps/${encodeURIComponent(id)}`;
    }

    // Whether a sweep's sweep.json says exactly what was asked: this prompt, model and values, drawn by nothing else.
    function isOf(record, {prompt, negative, model, hash, values}) {
        const {setting = {}, plan = {}, axes = [], cells = []} = record;
        const asks = JSON.stringify([prompt, negative, model, values]);
        const says = JSON.stringify([setting.prompt, setting.negative_prompt, record.model?.name, axes[0]?.values]);
        const isSameFile = !hash || !record.model?.hash || hash === record.model.hash; // one may not be known yet
        return asks === says && isSameFile && axes.length === 1 && Boolean(plan.draft) && !setting.styles?.length
            && !Object.keys(setting.clip_skip_lab ?? {}).length && !cells.some(({drawn}) => drawn);
    }

    async function running() {
        return (await request("/running")).sweeps;
    }

    async function newest() {
        return (await request(`/sweeps?limit=${LISTED}`)).sweeps.map(({id}) => id);
    }

    function pause() {
        return new Promise((done) => setTimeout(done, ASK_EVERY));
    }

    function isOver() {
        try {
            checkIdle("txt2img");
            return true;
        } catch (error) {
            if (error instanceof Refused) return false;
            throw error;
        }
    }

    // The first of these sweeps that is new and the one that was asked for, with its record; others are noted as strange.
    async function found(ids, wanted, before, strange) {
        for (const id of ids) {
            if (before.has(id) || strange.has(id)) continue;
            const record = await request(route(id));
            if (isOf(record, wanted)) return record;
            strange.add(id);
        }
        return null;
    }

    async function wait(wanted, before, told) {
        const strange = new Set();
        for (;;) {
            const isLast = isOver();
            const record = await found(await running(), wanted, before, strange)
                ?? (isLast ? await found(await newest(), wanted, before, strange) : null);
            if (record) return record;
            if (isLast && strange.size) {
                throw new Refused(clipSkipLab.say("The sweep that ran does not have exactly this prompt, model and values, so its images are not shown. Another extension may have changed the prompt."));
            }
            if (isLast) throw new Refused(clipSkipLab.say("No sweep ran. txt2img says: {said}", {said: saidByHost()}));
            told(null);
            await pause();
        }
    }

    function saidByHost() {
        return find("#html_log_txt2img")?.innerText.trim().slice(0, 300) || "–";
    }

    // Runs a sweep and tells of it each time there is more: `told(record)`, with null as long as it waits for its turn.
    // Resolves to the record of the sweep that has ended. Throws Refused.
    //
    // wanted: {prompt, negative, model, hash, values}, the values a list of clip skips.
    async function run(wanted, told) {
        checkIdle("txt2img");
        const before = new Set([...await newest(), ...await running()]);
        await press(wanted);
        let record = await wait(wanted, before, told);
        for (told(record); record.state === "running"; told(record)) {
            await pause();
            record = await request(route(record.id));
            if (!isOf(record, wanted)) throw new Refused(clipSkipLab.say("The sweep is no longer the one that was started here."));
        }
        return record;
    }

    function interrupt() {
        find("#txt2img_interrupt").click();
    }

    return {run, interrupt, isOf};
})();
