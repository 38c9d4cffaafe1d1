// The prompt lens, in the tab "Clip skip sweeps": what a prompt becomes in each layer of the text encoder, where clip skip
// stops, and what that costs each word. It asks POST ./clip-skip-lab/v1/lens once; all that moves with the slider is
// worked out from that answer.
//
// `clipSkipLabLens`, what the lens's scripts share and others may use:
//   answer               what is shown, or null: the route's answer and `asked`, the request that it answers
//   clipSkip, other      the slider's value, and the one that it is compared with
//   onAnswer(call)       calls back with each new answer
//   onValue(call)        calls back with (clipSkip, other) when either changes, and after each new answer
//   onBuilt(call)        calls back once with {tools, results}: the line of buttons beside "Look", and the element that all
//                        views stand in, as soon as the tab was shown for the first time
//   show(answer)         shows an answer; move(clipSkip), compareWith(other)  set a value, clamped to what there is
//   ask(request)         resolves to an answer with `asked`, changes nothing; throws clipSkipLabBring.Refused
//   negativeOf(answer)   the negative prompt's part in the form of an answer (encoders, asked.prompt), or null
//   numbers              pure functions on an answer's numbers, see clip_skip_lab_lens_answer.js
//   colours              of values: see there
//   views                functions view(answer, clipSkip, container, choices?) that draw into an empty element, know
//                        nothing but what they are given, so that two can stand side by side, and return
//                        {move(clipSkip, other), …}: brings what was drawn to other values, within a frame
//     views.figure       prompt → tokens → layers → stop → UNet, as SVG; choices {onClipSkip(value)}; also {svg, redraw()}
//     views.heatmap      tokens × layers; choices {onClipSkip(value)}
//     views.compared     how far two values are apart; choices {other, onOther(value)}
//     views.likeness     token × token at the layer in use
//     views.mixing       which words mix; choices {onAsk()}, called where the answer has no mixing yet
//   over                 functions over(answer) → {element, lay({encoder, side, width, left})}: what stands over the columns
//                        of a heatmap of that answer, laid out each time that is drawn; sizes in px
window.clipSkipLabLens = (function () {
    "use strict";

    const HIGHEST = 12; // until an answer says what the model has
    const calls = {answer: [], value: [], built: []};
    let answer = null, clipSkip = 1, other = 1, built = null;

    function tell(kind, ...given) {
        for (const call of calls[kind]) call(...given);
    }

    function clamped(value) {
        return Math.min(Math.max(Math.round(value) || 1, 1), answer?.highest ?? HIGHEST);
    }

    function set(nextClipSkip, nextOther) {
        const before = [clipSkip, other];
        [clipSkip, other] = [clamped(nextClipSkip), clamped(nextOther)];
        if (before[0] !== clipSkip || before[1] !== other) tell("value", clipSkip, other);
    }

    function show(next) {
        answer = next;
        clipSkip = clamped(next.clip_skip);
        other = clamped(next.other_clip_skip ?? other);
        tell("answer", answer);
        tell("value", clipSkip, other);
    }

    async function ask(asked) {
        return {...await clipSkipLab.request("/lens", "POST", asked), asked};
    }

    function negativeOf(one) {
        if (!one.negative) return null;
        return {...one, encoders: one.negative.encoders, asked: {...one.asked, prompt: one.asked.negative_prompt}};
    }

    return {
        HIGHEST,
        get answer() { return answer; },
        get clipSkip() { return clipSkip; },
        get other() { return other; },
        onAnswer: (call) => calls.answer.push(call),
        onValue: (call) => calls.value.push(call),
        onBuilt: (call) => built ? call(built) : calls.built.push(call),
        built(parts) {
            built = parts;
            tell("built", parts);
        },
        show, ask, negativeOf,
        move: (value) => set(value, other),
        compareWith: (value) => set(clipSkip, value),
        views: {}, over: [],
    };
})();
