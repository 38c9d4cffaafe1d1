// The way to the page of a sweep: a link under the gallery when one has run.
(function () {
    "use strict";

    const ROUTE = "./clip-skip-lab/v1/sweeps";
    const FOLDER = /clip-skip-sweeps[/\\](\d{4}-\d\d-\d\d-[0-9a-f]{8})/; // as the summary under the gallery names it

    function make(tag, properties = {}, ...children) {
        const made = Object.assign(document.createElement(tag), properties);
        made.append(...children);
        return made;
    }

    function linkTo(id, text) {
        return make("a", {href: `${ROUTE}/${encodeURIComponent(id)}/page`, target: "_blank", rel: "noopener", textContent: text});
    }

    function addLinks() {
        for (const tab of ["txt2img", "img2img"]) {
            const said = gradioApp().querySelector(`#html_log_${tab} .comments`);
            const id = said && FOLDER.exec(said.textContent)?.[1];
            if (!id || said.querySelector(".clip-skip-lab-page")) continue;
            said.append(make("div", {className: "clip-skip-lab-page"}, linkTo(id, clipSkipLab.say("Open the page of this sweep"))));
        }
    }

    onAfterUiUpdate(() => clipSkipLab.words.then(addLinks));
})();
