"""Writes docs/trained-with-study.md and its chart from what the study found: no number in it comes from elsewhere."""

from __future__ import annotations

from pathlib import Path

from clip_skip_lab.probe.decision import DOUBT

from . import networks, trained_with, trained_with_method
from .cells import best, count, decided, merge_name, merge_rows, model_rows, percent, table
from .trained_with import ALL, CAPTION_PICTURES, DRAWN_PICTURES, FIRST, KS, MANY, MERGE_PICTURES, NEAR, PICTURES, Study
from .trained_with_method import SCALES, SHARE

DOCS = Path(__file__).resolve().parents[1] / "docs"
DOCUMENT, CHART = "trained-with-study.md", "trained-with.png"
PARTS = {
    part.__name__: part
    for part in (
        trained_with.merges,
        trained_with_method.statistic,
        trained_with_method.steps,
        trained_with_method.likeness,
        trained_with_method.guidance,
        trained_with.poorer,
        trained_with.captionless,
        trained_with.drawn,
        trained_with.further,
        trained_with_method.coverage,
        trained_with_method.simulated,
    )
}
LINES = {
    "10": ("trained with 1", "#1f77b4", "o"),
    "0": ("trained with 2", "#d95f02", "s"),
    "5": ("half", "#555555", "^"),
}


def run(folder: Path, model: Path = networks.MODEL, docs: Path = DOCS) -> None:
    """Measures what isn't kept yet and writes the document."""
    study = Study(folder, model)
    found = {name: study.part(name, lambda part=part: part(study)) for name, part in PARTS.items()}
    chart(found["merges"], docs / "images" / CHART)
    text = document(found, study.predictions(), study.seconds())
    (docs / DOCUMENT).write_text(text, encoding="utf-8")


def chart(merges: dict, target: Path) -> None:
    """How much worse the loss is at each clip skip, with intervals, of both models and the half merge."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.4), dpi=110, layout="constrained")
    for ax, values in zip(figure.subplots(1, 2), (ALL, FIRST), strict=True):
        for name, (label, colour, marker) in LINES.items():
            middle, low, high = (part[: len(values)] for part in merges[name]["means"]["worse"])
            ax.plot(values, middle, color=colour, marker=marker, markersize=4, label=label)
            ax.fill_between(values, low, high, color=colour, alpha=0.18, linewidth=0)
        ax.set_xlabel("clip skip")
        ax.set_xticks(values)
        ax.grid(alpha=0.25)
        ax.spines[["top", "right"]].set_visible(False)
        ax.set_title("loss above the best clip skip's, %", fontsize=10)
    figure.axes[0].legend(frameon=False, fontsize=9)
    target.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(target)


def document(found: dict, predictions: int, seconds: float) -> str:
    """The document."""
    parts = (
        _question(found["merges"]),
        _came_out(found),
        _models(found["merges"]),
        _further(found["further"]),
        _poorer(found["poorer"]),
        _captionless(found["captionless"]),
        _drawn(found["drawn"]),
        _likeness(found["likeness"]),
        _method(found),
        _coverage(found["coverage"], found["simulated"]),
        _cost(predictions, seconds),
    )
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _question(merges: dict) -> str:
    rows = [[merge_name(tenths), *(f"{x:.4f}" for x in merges[tenths]["means"]["loss"])] for tenths in ("10", "5", "0")]
    return f"""
# Measuring a checkpoint: the study

How well can [a checkpoint's weights tell its training clip skip](trained-with.md)? This page has the numbers behind it.

A diffusion model predicts noise best under the conditioning that it was trained with. So we take images with true
captions, and compare the loss of the noise prediction over clip skips, with the same noise: the least loss names the
layer. The method is that of Diffusion Classifier (Li et al., ICCV 2023, arXiv 2303.16203), with layers instead of
classes.

It was measured on the two [small models](small-model.md), whose training clip skip we know, and on what can be
made of them. **Full-size models were not measured here.** One command makes everything below:

    python -m training trained-with

For each image, one number counts: the mean over time steps of the logarithm of the ratio of two values' losses. These
numbers are compared by signed ranks (Wilcoxon), with the interval of Hodges and Lehmann. A value is decided if every
other one is worse beyond its interval, corrected for all comparisons and looks at the data (at most
{percent(DOUBT)} wrong), and only if an image's own caption does better than other images' captions, just as surely.
Images show scenes that no training saw, with sentences that no training saw.

![Loss over clip skip](images/{CHART})

Mean loss of {PICTURES} images; the bands of the chart are two standard errors:

{table(["model", *ALL], rows)}
"""


def _came_out(found: dict) -> str:
    at = {tenths: {row["k"]: row for row in one["rows"]} for tenths, one in found["merges"].items()}
    wrong = max(row["wrong"] for tenths, rows in at.items() if tenths != "5" for row in rows.values())
    half = max(row["wrong"] for row in at["5"].values())
    sure = {name: [percent(sum(at[name][k]["decided"].values())) for k in (16, 32, 64)] for name in ("10", "0")}
    without = {name: percent(found["captionless"][name]["rows"][-1]["before_control"]) for name in ("10", "0")}
    foreign = [rows for name, rows in found["poorer"].items() if "one for all" in name or "another" in name]
    fooled = max(row["before_control"] for rows in foreign for row in rows)
    passed = max(sum(row["decided"].values()) for rows in foreign for row in rows)
    equal = max(share for one in found["coverage"]["equal"].values() for share in one.values())
    drawn = found["drawn"]["own"]
    own = {name: percent(sum(drawn[name]["rows"][-1]["decided"].values())) for name in ("10", "0")}
    own_wrong = percent(max(row["wrong"] for name, one in drawn.items() if name != "5" for row in one["rows"]))
    return f"""
## What came out

- With 16, 32 and 64 images the first model is decided in {", ".join(sure["10"])} of the draws, the second in
  {", ".join(sure["0"])}. Four images decide nothing.
- Merges give the value of the model with more weight, and need more images the closer they are to half and half. For
  the model with less weight they were decided in {percent(wrong)} of the draws. The half-and-half merge, which has no
  right answer, was decided in {percent(half)} at most.
- Only more images help. More time steps or more noise for the same images help little, and it matters little
  which time steps are used.
- Guided predictions decide less than plain ones.
- How alike two layers are says little on its own: at the same cosine, the first model needed a few dozen images, and
  the second could not be decided.
- Images that the model drew at one clip skip pull the answer towards that value. If images are drawn at every value,
  and each is measured at its own, {MANY} images per value decide the first model in {own["10"]} and the second in
  {own["0"]} of the draws, and {own_wrong} are decided for the value with less weight, merges included.
- Wrong captions need a control. Without it, one caption for all images, or other images' captions, would be
  decided for a wrong value in up to {percent(fooled)} of the draws; with it, in {percent(passed)}.
- After further training at another clip skip the old value fades, but the new one was not found, and training the
  whole UNet raised the loss at every value. Whether a longer or gentler training would be found isn't known.
- It would work without captions, too, on these models: under the empty caption {MANY} images would decide the first in
  {without["10"]} and the second in {without["0"]} of the draws. That depends on a training that saw empty captions, and
  the control, which requires captions that say something, does not accept it today.
- Signed ranks show which value is better for the typical image. If several values are equally good on average *and* the
  ratios are very skewed against the true one, it is dropped more often than promised. With measured losses made
  equally good, a wrong value was decided in at most {percent(equal)} of the draws.
"""


def _models(merges: dict) -> str:
    n = merges["10"]["rows"][0]["draws"]
    return f"""
## Models and merges

{n} draws of k images out of {PICTURES}, clip skip 1 to {len(ALL)}. *Best is right*: the least loss is at the true
value. *Of the full table*: the predictions made, as a share of all values at ten time steps for k images.

{
        table(
            [
                "model",
                "k",
                "best is right",
                "decided",
                "decided and wrong",
                "images used",
                "predictions",
                "of the full table",
            ],
            model_rows(merges),
        )
    }

Merges of the UNets' weights in steps of a tenth: what is decided, and in how many draws (for the merges
{MERGE_PICTURES} images, clip skip 1 to {len(NEAR)}, {merges["9"]["rows"][0]["draws"]} draws):

{table(["weights", *(f"k = {k}" for k in KS)], merge_rows(merges, KS))}
"""


def _further(further: dict) -> str:
    rows = [[name, *(f"{x:.4f}" for x in row["loss"][:4]), decided(row)] for name, row in further.items()]
    return f"""
## Trained further at another clip skip

The first model (clip skip 1) was trained further at clip skip {trained_with.FURTHER_SKIP}: either its whole UNet, or
low-rank updates (rank 4) of the attention only, as in a LoRA. Mean loss at 1 to 4, and what {MANY} images decide:

{table(["steps", *NEAR[:4], "decided"], rows)}
"""


def _poorer(poorer: dict) -> str:
    rows = []
    for name, both in poorer.items():
        trained, _, how = name.partition(" ")
        how = how.replace("picture", "image").replace("colour", "color")
        cells = [cell for row in both for cell in (best(row), percent(row["before_control"]), decided(row))]
        rows.append([trained if trained != "0" else "–", how, *cells])
    few, many = (row["k"] for row in both)
    return f"""
## Other captions, poorer images, no model at all

k of {CAPTION_PICTURES} images, clip skip 1 to {len(FIRST)}, {both[0]["draws"]} draws. *Intervals*: in how many draws
they alone would decide; *decided* also requires that own captions do better than other images' (the control).

{
        table(
            ["trained with", "what is given"]
            + [f"k = {k}: {what}" for k in (few, many) for what in ("best", "intervals", "decided")],
            rows,
        )
    }
"""


def _captionless(captionless: dict) -> str:
    rows = []
    for tenths, found in captionless.items():
        losses = [f"{x:.4f}" for x in found["means"]["loss"][:4]]
        rows.append(
            [merge_name(tenths), *losses, *(f"{best(row)} ({percent(row['before_control'])})" for row in found["rows"])]
        )
    ks = [row["k"] for row in captionless["10"]["rows"]]
    return f"""
## Without captions

Our models were trained with an empty caption for every tenth image, as Stable Diffusion was. So images without any
caption were measured under the states of the *empty* caption. Mean loss at 1 to 4; which of {len(FIRST)} values is
best, and in how many draws; in brackets, in how many the intervals alone would decide ({CAPTION_PICTURES} images):

{table(["weights", *NEAR[:4], *(f"k = {k}" for k in ks)], rows)}
"""


def _drawn(drawn: dict) -> str:
    rows = [[merge_name(tenths), *(decided(row) for row in found["rows"])] for tenths, found in drawn["own"].items()]
    losses = [
        [merge_name(tenths), *(f"{x:.4f}" for x in found["means"]["loss"])] for tenths, found in drawn["own"].items()
    ]
    biased = []
    for name, row in drawn["biased"].items():
        trained, at = name.split()
        biased.append([trained, at, best(row), decided(row)])
    ks = [row["k"] for row in drawn["own"]["10"]["rows"]]
    return f"""
## Images that the model drew itself

Drawn at one clip skip and measured at all ({MANY} of {DRAWN_PICTURES} images, 1 to {len(FIRST)}):

{table(["trained with", "drawn at", "best", "decided"], biased)}

Drawn at each value with the same seeds, and each measured at its *own* value ({DRAWN_PICTURES} images per value,
CFG scale {trained_with.CFG_SCALE:g}, 12 steps). What is decided with k images per value:

{table(["weights", *(f"k = {k}" for k in ks)], rows)}

Mean own loss:

{table(["weights", *FIRST], losses)}
"""


def _likeness(likeness: dict) -> str:
    rows = []
    for clip_skip, found in likeness.items():
        for row in found:
            worse = f"{row['worse']:+.2f} % ± {2 * row['error']:.2f}"
            rows.append([clip_skip, f"{row['cosine']:.2f}", worse, count(row["one_pass"]), count(row["both_noises"])])
    return f"""
## How alike the layers may be

In the small models neighboring layers are further apart than CLIP's. So the own layer was turned towards the other
one (1 towards 2, 2 towards 1; each token's length kept), and the turned one was compared with the own one, with
{MERGE_PICTURES} images. *Images needed*: the interval excludes zero in half of the cases, with the correction for
twelve values; "none" if the difference is within two standard errors of zero. The range is two standard errors.

{table(["trained with", "cosine", "loss", "images needed, five steps each", "ten steps, two noises each"], rows)}
"""


def _method(found: dict) -> str:
    steps, names = found["steps"], ("10", "7", "3", "0")
    separation = [[merge_name(name), *(f"{x:.2f}" for x in steps["separation"][name])] for name in names]
    choices = [[merge_name(name), *map(count, steps["needed"][name])] for name in names]
    kinds = ("Search", "Spread", "Whole")
    asked = [
        [merge_name(name)]
        + [
            f"{steps['draws'][name][kind]['predictions']:,.0f} "
            f"({percent(sum(steps['draws'][name][kind]['decided'].values()))})"
            for kind in kinds
        ]
        for name in names
    ]
    statistics = found["statistic"]
    compared = [[merge_name(name), *(count(x) for x in statistics[name].values())] for name in names]
    guided = [
        [clip_skip, scale, row["best"], f"{row['worse']:+.1f} %", count(row["needed"])]
        for clip_skip, rows in found["guidance"].items()
        for scale, row in rows.items()
    ]
    return f"""
## Why it is measured this way

**Time steps.** Mean of the log ratio of clip skip 1 and 2 over its spread between images, by tenth of the time steps
(the first has the least noise):

{table(["weights", *range(1, 11)], separation)}

Images needed with the five time steps that tell most (chosen with one half of the images, counted with the other), with
every other one in turn, with the five that have the most noise, and with all ten, which cost twice as much:

{table(["weights", "five chosen", "every other one", "the five with most noise", "all ten"], choices)}

Predictions until the end, and in how many draws of {MANY} images a value was decided:

{table(["weights", "chosen after the first look", "every other one", "all ten"], asked)}

**Statistic.** Images needed to tell 1 from 2, all ten time steps:

{table(["weights", *statistics["10"]], compared)}

**Guidance.** The loss of the guided prediction, *off + scale · (on − off)*, instead of the plain one (scale 1),
for clip skip 1 to {len(FIRST)}; "worse": the other one of 1 and 2 compared with the true one ({MERGE_PICTURES} images,
scales {", ".join(f"{scale:g}" for scale in SCALES)}):

{table(["trained with", "scale", "best", "worse", "images needed"], guided)}
"""


def _coverage(coverage: dict, simulated: dict) -> str:
    rows = []
    for name, found in coverage["misses"].items():
        tenths, pair = name.split()
        for k in (16, 32):
            three = [row for row in found["rows"] if row["k"] == k]
            cells = [f"{100 * row['too_high']:.2f} / {100 * row['too_low']:.2f}" for row in three]
            rows.append([merge_name(tenths), pair, f"{found['skewness']:.1f}", k, *cells])
    equal = [
        [merge_name(tenths), *(percent(share) for share in found.values())]
        for tenths, found in coverage["equal"].items()
    ]
    dropped = [[skewness, *(percent(simulated[f"{skewness} {n}"]) for n in (1, 3, 11))] for skewness in ("0", "1", "2")]
    nominal = [f"{100 * share:.2g} %" for share in (0.025, 0.005, SHARE)]
    head = [
        f"{of} {name.split()[0]} values, k = {name.split()[1]}"
        for of, name in zip(["equal:"] * 9, coverage["equal"]["5"], strict=False)
    ]
    return f"""
## Do the intervals cover what they promise?

Drawn from the measured log ratios of two values (the truth is the middle of all images, by Hodges and Lehmann): how
often, in percent, the interval is entirely above the truth / entirely below it. The head has what each side may miss:

{table(["weights", "values", "skewness", "k", *nominal], rows)}

Only an interval above the truth leads to a wrong answer: a value is taken for worse than it is.

The same losses, shifted so that the first two or four values are equally good at each time step: how often a value
other than the true one is decided (at most {percent(DOUBT)} is promised):

{table(["weights", *head], equal)}

Simulated numbers that are skewed against the true value: how often it is dropped because of one of 1, 3 or 11 others
that are exactly as good on average (64 images, looks at 12, 24, 48 and 64). Dropped does not yet mean decided wrongly:
for that, all others but one must be dropped, too.

{table(["skewness", "1 other", "3 others", "11 others"], dropped)}
"""


def _cost(predictions: int, seconds: float) -> str:
    return f"""
## Cost

The study made {predictions:,} predictions, about 2 ms each on one thread of a CPU, which is most of its time;
the rest took {seconds / 60:.0f} minutes beside other work. Tables and results are kept in
`training-data/trained-with/`, so that an interrupted study continues where it was; delete that folder to measure again.

## What isn't known

- Full-size models were not measured here. CLIP's neighboring layers are more alike than those of the small models, and
  models like SD1 are said to be forgiving between 1 and 2: expect to need more images, and "undecided" more often.
  How long such a model takes: [on a GPU](exact-and-fast.md#on-a-gpu-at-half-precision).
- Two models of one kind are few. We trained both, with the same captions and the same text encoder.
- Compare losses only within one WebUI: some take the latents of an image at random from the VAE's posterior, others
  take its mean. By how much a value is worse changes little with that.
- Further passes over the same images, which are made if two were not enough to decide, were not counted here.
- v-prediction and SDXL's two encoders: the small models have neither.

[Back to asking the weights](trained-with.md) · [Contents](index.md)
"""
