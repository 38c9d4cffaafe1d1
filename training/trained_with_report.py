"""Writes docs/trained-with.md and its chart from what the study found: no number in it comes from elsewhere."""

from __future__ import annotations

from pathlib import Path

from clip_skip_lab.probe.decision import DOUBT

from . import networks, trained_with, trained_with_method
from .cells import best, count, decided, merge_name, merge_rows, model_rows, percent, table
from .trained_with import ALL, CAPTION_PICTURES, DRAWN_PICTURES, FIRST, KS, MANY, MERGE_PICTURES, NEAR, PICTURES, Study
from .trained_with_method import SCALES, SHARE

DOCS = Path(__file__).resolve().parents[1] / "docs"
CHART = "trained-with.png"
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
    (docs / "trained-with.md").write_text(text, encoding="utf-8")


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
# Which clip skip was a checkpoint trained with? What the measure can do

A diffusion model predicts noise best under the conditioning that it was trained with. So the loss of the noise
prediction, for pictures with true captions, compared over clip skips with the same noise, names the layer. The method
is Diffusion Classifier's (Li et al., ICCV 2023, arXiv 2303.16203) with layers in the place of classes.

Measured on the two small models of [small-model.md](small-model.md), of which we know the answer, and on what can be
made of them. **Full-size models were not measured here.** Everything below is made by one command:

    python -m training trained-with

For each picture the mean over time steps of the logarithm of the ratio of two values' losses is one number. These
numbers are compared by signed ranks (Wilcoxon), with the interval of Hodges and Lehmann. A value is decided when every
other one is worse beyond its interval, with all comparisons and looks at the data corrected for (at most
{percent(DOUBT)} wrong), and only if own captions do better than other pictures', as surely. Pictures show scenes that
no training saw, with sentences that no training saw.

![Loss over clip skip](images/{CHART})

Mean loss, {PICTURES} pictures; the bands of the chart are two standard errors:

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

- With 16, 32 and 64 pictures the first model is decided in {", ".join(sure["10"])} of the draws, the second in
  {", ".join(sure["0"])}. Four pictures decide nothing.
- Merges come out as what weighs more, the nearer to the half the later. Decided for what weighs less:
  in {percent(wrong)} of the draws. The half-and-half merge, which has no answer, was decided in {percent(half)}
  at most.
- Pictures are what it takes. More time steps or more noise for the same pictures help little, and it matters little
  which time steps are asked.
- Guided predictions tell worse than plain ones.
- How alike two layers are says little on its own: at the same cosine the first model needed a few dozen pictures where
  the second could not be told.
- Pictures that the model drew at one clip skip draw the answer towards that value; own losses compared, {MANY} pictures
  a value decide the first in {own["10"]} and the second in {own["0"]}, and {own_wrong} of the draws are decided
  for what weighs less, merges included.
- Wrong captions need the control: without it, one caption for all pictures, or other pictures' captions, would be
  decided for a wrong value in up to {percent(fooled)} of the draws. With it, in {percent(passed)}.
- Trained further at another clip skip, the old value fades, but the new one was not found, and the training of the
  whole UNet raised the loss at every value. Whether a longer or gentler one would be found isn't known.
- Without captions it works, too, on these models: under the empty caption {MANY} pictures would decide the first in
  {without["10"]} and the second in {without["0"]} of the draws. That rests on a training that saw empty captions, and
  the control, which asks for captions that say something, rightly doesn't let it pass today.
- Signed ranks ask which value is better for the typical picture. Where several values are as good on average *and* the
  ratios are very skewed against the true one, it is dropped more often than promised. With measured losses made
  equally good, a wrong value was decided in {percent(equal)} of the draws at most.
"""


def _models(merges: dict) -> str:
    n = merges["10"]["rows"][0]["draws"]
    return f"""
## Models and merges

{n} draws of k pictures out of {PICTURES}, clip skips 1 to {len(ALL)}. *Best is right*: the least loss is at the true
value. *Of the full table*: predictions beside those of all values at ten time steps for k pictures.

{
        table(
            [
                "model",
                "k",
                "best is right",
                "decided",
                "decided and wrong",
                "pictures used",
                "predictions",
                "of the full table",
            ],
            model_rows(merges),
        )
    }

Merges of the UNets' weights in steps of a tenth; what is decided, and in how many draws (the merges: {MERGE_PICTURES}
pictures, clip skips 1 to {len(NEAR)}, {merges["9"]["rows"][0]["draws"]} draws):

{table(["weights", *(f"k = {k}" for k in KS)], merge_rows(merges, KS))}
"""


def _further(further: dict) -> str:
    rows = [[name, *(f"{x:.4f}" for x in row["loss"][:4]), decided(row)] for name, row in further.items()]
    return f"""
## Trained further at another clip skip

The first model (clip skip 1) trained further at clip skip {trained_with.FURTHER_SKIP}: all of its UNet, or low-rank
updates (rank 4) of the attention only, as a LoRA has them. Mean loss at 1 to 4 and what {MANY} pictures decide:

{table(["steps", *NEAR[:4], "decided"], rows)}
"""


def _poorer(poorer: dict) -> str:
    rows = []
    for name, both in poorer.items():
        trained, _, how = name.partition(" ")
        cells = [cell for row in both for cell in (best(row), percent(row["before_control"]), decided(row))]
        rows.append([trained if trained != "0" else "–", how, *cells])
    few, many = (row["k"] for row in both)
    return f"""
## Other captions, poorer pictures, no model at all

k of {CAPTION_PICTURES} pictures, clip skips 1 to {len(FIRST)}, {both[0]["draws"]} draws. *Intervals*: in how many draws
they alone would decide; *decided* asks in addition that own captions do better than other pictures' (the control).

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

Our models were trained with the empty caption in every tenth picture, as Stable Diffusion was. So pictures without any
caption were asked under the *empty* caption's states. Mean loss at 1 to 4, the best of {len(FIRST)} values in how many
draws, and in brackets in how many the intervals alone would decide ({CAPTION_PICTURES} pictures):

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
## Pictures that the model drew itself

Drawn at one clip skip and asked with all ({MANY} of {DRAWN_PICTURES} pictures, 1 to {len(FIRST)}):

{table(["trained with", "drawn at", "best", "decided"], biased)}

Drawn at each value, the same seeds, and the *own* losses compared ({DRAWN_PICTURES} pictures a value, CFG scale
{trained_with.CFG_SCALE:g}, 12 steps). What is decided with k pictures a value:

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

In the small models neighbouring layers are further apart than CLIP's. So the own layer was turned towards the other
one (1 towards 2, 2 towards 1; each token's length kept), and the turned one compared with the own one: {MERGE_PICTURES}
pictures. *Pictures needed*: the interval leaves out zero in half of the cases, with the correction for twelve values;
"none" where the difference is within two standard errors of nothing. The range is two standard errors.

{table(["trained with", "cosine", "loss", "pictures needed, five steps each", "ten steps, two noises each"], rows)}
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
## Why it is measured in this way

**Time steps.** Mean of the log ratio of clip skip 1 and 2 over its spread between pictures, by tenth of the time steps
(the first has the least noise):

{table(["weights", *range(1, 11)], separation)}

Pictures needed with the five that tell most (chosen with one half of the pictures, counted with the other), with every
other one in turn, with the five that have most noise, and with all ten, which cost twice as much:

{table(["weights", "five chosen", "every other one", "the five with most noise", "all ten"], choices)}

Predictions until the end, and in how many draws of {MANY} pictures it was decided:

{table(["weights", "chosen after the first look", "every other one", "all ten"], asked)}

**Statistic.** Pictures needed to tell 1 from 2, all ten time steps:

{table(["weights", *statistics["10"]], compared)}

**Guidance.** The loss of the guided prediction, *off + scale · (on − off)*, in the place of the plain one (scale 1),
among clip skips 1 to {len(FIRST)}; "worse": the other one of 1 and 2 beside the true one ({MERGE_PICTURES} pictures,
scales {", ".join(f"{scale:g}" for scale in SCALES)}):

{table(["trained with", "scale", "best", "worse", "pictures needed"], guided)}
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

Drawn from the measured log ratios of two values (the middle of all pictures, Hodges and Lehmann's, is the truth): how
often, in percent, the interval lies wholly above the truth / wholly below it, beside what each side may miss:

{table(["weights", "values", "skewness", "k", *nominal], rows)}

To be wrong the interval must lie above: a value taken for worse than it is.

The same losses moved so that the first two or four values are equally good at each time step: how often a value other
than the true one is decided (at most {percent(DOUBT)} is promised):

{table(["weights", *head], equal)}

Simulated, numbers skewed against the true value: how often it is dropped by one of 1, 3 or 11 others that are exactly
as good on average (64 pictures, looks at 12, 24, 48 and 64). Dropped is not yet decided wrongly: for that all others
but one must be dropped, too.

{table(["skewness", "1 other", "3 others", "11 others"], dropped)}
"""


def _cost(predictions: int, seconds: float) -> str:
    return f"""
## Cost

The study: {predictions:,} predictions in tables, about 2 ms each on one thread of a CPU, which are most of its time;
the rest took {seconds / 60:.0f} minutes beside other work. Tables and results are kept in
`training-data/trained-with/`, so that an interrupted study goes on where it was; delete that folder to measure anew.

## What isn't known

- Full-size models were not measured here. CLIP's neighbouring layers are more alike than those of the small models and
  SD1-like models are said to be forgiving between 1 and 2: expect to need more pictures, and "undecided" more often.
  How long such a model takes: [on a graphics card](exact-and-fast.md#on-a-graphics-card-at-half-precision).
- Two models of one kind are few. Both were trained by us, with the same captions and the same text encoder.
- Losses are only to be compared within one WebUI: some draw the latents of a picture from the VAE's posterior, others
  take its mean. By how much a value is worse changes little with that.
- Passes beyond the second over the same pictures, which a probing makes when it is undecided, were not counted here.
- v-prediction and SDXL's two encoders: the small models have neither.
"""
