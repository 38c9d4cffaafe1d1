// "Back to work": what a sweep's page, in another tab of the browser, asks of this one: a cell's parameters and its
// picture into a tab of the WebUI, the cell once more, a sweep around its value.
//
// Both are of one origin, so they talk over a BroadcastChannel. The page asks who is there, every open WebUI answers with
// the time when it was last looked at, and the page gives its task to the latest. A message is data: what is fetched is
// the file of a sweep of this WebUI, and nothing that a message holds becomes an address or markup.
(function () {
    "use strict";

    const SWEEP = /^\d{4}-\d\d-\d\d-[0-9a-f]{8}$/;
    const ROUTE = "./clip-skip-lab/v1/";
    const LONGEST_INFOTEXT = 200000;
    const {find, checkIdle, Refused} = clipSkipLabBring;

    const channel = new BroadcastChannel(`clip-skip-lab ${new URL(ROUTE, location.href).pathname}`);
    const name = `${Date.now()} ${Math.random()}`; // of this page among those that are open
    let looked = Date.now(), busy = false;

    // Where the file of a cell is, from what the message says of it.
    function addressOf({sweep, file}) {
        const parts = typeof file === "string" ? file.split("/") : [];
        const isWhole = parts.length && parts.every((part) => part && part !== "." && part !== ".." && !/[\\:\0]/.test(part));
        if (!SWEEP.test(sweep) || !isWhole) throw new Refused(clipSkipLab.say("This cell has no image in its sweep's folder."));
        return `${ROUTE}sweeps/${sweep}/page/${parts.map(encodeURIComponent).join("/")}`;
    }

    // The picture as a file of this page, so that it is read once and known to be one before anything is changed.
    async function pictureOf(task) {
        const address = addressOf(task);
        const response = await fetch(address);
        if (response.status === 404) throw new Refused(clipSkipLab.say("The file is missing: {file}", {file: task.file}));
        const blob = response.ok && await response.blob();
        if (!blob || !/^image\//.test(blob.type)) {
            throw new Refused(clipSkipLab.say("The image could not be read: {file}", {file: task.file}));
        }
        return URL.createObjectURL(blob);
    }

    function infotextOf({infotext}) {
        const isOne = typeof infotext === "string" && infotext.length < LONGEST_INFOTEXT && /^Steps: /m.test(infotext);
        if (!isOne) throw new Refused(clipSkipLab.say("The image has no readable generation parameters."));
        return infotext;
    }

    // Returns the size of the picture, as infotexts say it: with hires fix, theirs is that of the first pass.
    async function drop(task, show, box, unsent) {
        const address = await pictureOf(task);
        try {
            show();
            if (!find(box)) throw new Refused(unsent);
            const {naturalWidth, naturalHeight} = await clipSkipLabBring.picture(box, address, unsent);
            return {Size: `${naturalWidth}x${naturalHeight}`};
        } finally {
            URL.revokeObjectURL(address);
        }
    }

    async function intoImg2img(task, show, box, unsent) {
        const text = infotextOf(task);
        const size = await drop(task, show, box, unsent);
        await clipSkipLabBring.infotext("img2img", clipSkipLabBring.withKeys(text, size));
        show(); // ↙️ goes to the first field of img2img
    }

    async function intoTxt2img(task, bring) {
        const text = infotextOf(task);
        switch_to_txt2img();
        await bring(text);
    }

    async function generate(task, bring) {
        checkIdle("txt2img");
        await intoTxt2img(task, bring);
        find("#txt2img_generate").click();
    }

    const TASKS = {
        txt2img: (task) => intoTxt2img(task, (text) => clipSkipLabBring.infotext("txt2img", text)),
        img2img: (task) => intoImg2img(task, () => switch_to_img2img(), "#img2img_image",
            clipSkipLab.say("The image could not be put into img2img.")),
        inpaint: (task) => intoImg2img(task, () => switch_to_inpaint(), "#img2maskimg",
            clipSkipLab.say("The image could not be put into inpaint.")),
        extras: (task) => drop(task, () => {
            if (!find("#extras_image")) throw new Refused(clipSkipLab.say("This WebUI has no Extras tab."));
            switch_to_extras();
            find("#mode_extras button")?.click();
        }, "#extras_image", clipSkipLab.say("The image could not be put into Extras.")),
        run: (task) => generate(task, (text) => clipSkipLabBring.onePicture("txt2img", text)),
        around: (task) => {
            const isText = typeof task.values === "string" && /^[\d., ]{1,200}$/.test(task.values);
            if (!isText) throw new Refused(clipSkipLab.say("There are no values to sweep."));
            return generate(task, (text) => clipSkipLabBring.sweep("txt2img", text, task.values));
        },
    };

    // What there is to say when a task could not be done; "" when it was.
    async function done(task) {
        await clipSkipLab.words;
        if (busy) return clipSkipLab.say("Another cell is still being sent.");
        busy = true;
        try {
            await TASKS[task.to](task);
            return "";
        } catch (error) {
            if (error instanceof Refused) return error.message;
            console.error(error);
            return clipSkipLab.say("The WebUI could not do it ({why}).", {why: error.message});
        } finally {
            busy = false;
        }
    }

    channel.addEventListener("message", async ({data}) => {
        if (data?.ask === "who") channel.postMessage({answer: data.number, name, looked});
        if (data?.wake === name) clipSkipLabBring.wake();
        if (data?.name !== name || !data.task || !Object.hasOwn(TASKS, data.task.to)) return;
        channel.postMessage({answer: data.number, refused: await done(data.task)});
    });

    window.addEventListener("focus", () => looked = Date.now());
    document.addEventListener("visibilitychange", () => looked = Date.now()); // seen until it was hidden
})();
