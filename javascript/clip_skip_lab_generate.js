// "Run at full quality" presses Generate for the user: the panel's inputs say by then what is to be run.
function clipSkipLabGenerate(tab) {
    gradioApp().querySelector(`#${tab}_generate`).click();
}
