// The presets in the panels are those of now, also where the page was built before one was saved.
onUiLoaded(() => {
    for (const again of gradioApp().querySelectorAll("button[id$=clip_skip_lab_preset_refresh]")) again.click();
});
