"""The page of the study: counts by kind, and a line for every loop."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from .halves import ALL_LOOPS
from .holds import good
from .run import Record
from .score import outcome, silent, true_names

HEAD = """# Loops that look as if strangers had written them

Plain PyTorch in many styles, on data that no rule was chosen on, watched by `gs.watch` at its defaults
(`python -m validation.strangers`). Every loop measures by code of its own whether what was planted did
happen; one where it did not is listed as not as intended and left out of the counts. A verdict is *seen*
where it stands at the end of the run, a vanishing gradient only with the right factor. Precision is the share
of all verdicts told that hold by the loop's own numbers or follow from what was planted
(`validation/strangers/loops.py` says why). *Silent* counts bad loops of which nothing at all is told. The
line `unconverged` of a status counts there and where it was planted, and apart otherwise. A healthy loop has
samples within 1.5 floors of the data (the distance of real rows to real rows), at least half their recall,
and no kind of row missing. The first step of a telling is known to a tenth of the run; where stored rows were
judged anew (`--rejudge`), that of a verdict that was not told before is the last step.

Before this study the rules told 14 of 30 faults of the tuning half. The kept half was put away until the
rules had been changed on the tuning half, and run once: 20 of 26 faults told (0.77), none of 2 healthy loops
alarmed, which misses the aim of 0.9. Only then its misses were looked at, and two conditions were changed
that they and the planted runs showed to be wrong: kinds that are missing at every look of a run that stands
still, and near-copies that are only smooth. So what stands below of the kept half is no longer an
estimate for loops that nobody has looked at; 0.77 is.

After that all loops of both halves were tuning data. What mended their misses: a swing is looked for at even
distances (`watch` looks every fifth step at first and every tenth later, which made two periods of one swing:
three misses); fakes that ran away have to come back; blurred samples that leave out kinds and have stopped
improving have collapsed, where nothing upstream explains it; and three comparisons are pooled before samples
count as near the data. The rules were frozen then, before the second kept half was run.

A second kept half, `--half second-kept` (`validation/strangers/second.py`), was written on 2026-11-30 on
other data and in other styles, without sight of the rules, their thresholds or what they say of it. Its loops
were chosen by their own numbers alone (`--truth-only`), and what follows from each fault was written down at
the same time. It was run once, that evening, by the frozen rules: 56 of 64 faults told (0.88, with a 95 %
interval of 0.77 to 0.94), 2 of 12 healthy loops alarmed. The aims are 0.9 and one in twenty; both are missed.
Four of the eight misses are mistakes of wiring that hand nothing over by which they could be seen (the same
latents or the same rows at every step, gradients that add up, a discriminator in evaluation mode): three of
them are called faulty or not there yet for their samples, without the cause. Both false alarms are a mild
within-mode collapse: samples within 1.2 floors of the data whose recall is 0.6 to 0.7 of that of real rows.
"""


def page(stored: Mapping[str, Mapping[str, Record]]) -> str:
    """Write it.

    Args:
        stored: half -> name of the loop -> record.
    """
    parts = [HEAD]
    for half, records in stored.items():
        known = {name: record for name, record in records.items() if name in ALL_LOOPS}
        if known:
            parts += [f"\n## The half named {half}\n", *counts(known), "", *loops(known)]
    return "\n".join(parts) + "\n"


def totals(records: Mapping[str, Record]) -> Counter[str]:
    """Count outcomes, verdicts told and verdicts that are right."""
    count: Counter[str] = Counter()
    for name, record in records.items():
        loop = ALL_LOOPS[name]
        ended = outcome(loop, record)
        count[ended] += 1
        if ended == "not as intended":
            continue
        told = set(record["verdicts"]) - {"unconverged"}
        count["unconverged, wrong"] += "unconverged" in record["verdicts"] and good(record["truth"])
        count["told"] += len(told)
        count["right"] += len(told & true_names(loop, record["truth"]))
        count["silent"] += silent(loop, record)
        healthy = record.get("answer") == "healthy"
        count["healthy, said"] += healthy and loop.kind == "healthy"
        count["bad, said healthy"] += healthy and loop.kind != "healthy" and not good(record["truth"])
    return count


def counts(records: Mapping[str, Record]) -> Iterator[str]:
    """The summary and the table by kind."""
    count = totals(records)
    bad, healthy = count["seen"] + count["missed"], count["quiet"] + count["false alarm"]
    yield (
        f"Recall {count['seen']} of {bad} ({count['seen'] / max(bad, 1):.2f}); precision {count['right']} of "
        f"{count['told']} verdicts ({count['right'] / max(count['told'], 1):.2f}); false alarms on "
        f"{count['false alarm']} of {healthy} healthy loops; silent on {count['silent']} bad ones; "
        f"{count['not as intended']} not as intended. "
        f"`unconverged` is a fault for {count['unconverged, wrong']} whose samples are good; the answer is "
        f"healthy for {count['healthy, said']} of the healthy loops and for {count['bad, said healthy']} "
        "with bad samples. "
        f"{sum(record['seconds'] for record in records.values()):.0f} seconds in all."
    )
    yield "\n| planted | as intended | seen | missed |\n|---|--:|--:|---|"
    for kind in sorted({ALL_LOOPS[name].kind for name in records} - {"healthy"}):
        mine = {
            name: outcome(ALL_LOOPS[name], r) for name, r in records.items() if ALL_LOOPS[name].kind == kind
        }
        missed = ", ".join(name for name, ended in mine.items() if ended == "missed")
        seen = sum(ended == "seen" for ended in mine.values())
        scored = sum(ended != "not as intended" for ended in mine.values())
        yield f"| `{kind}` | {scored} of {len(mine)} | {seen} | {missed} |"


def loops(records: Mapping[str, Record]) -> Iterator[str]:
    """A line for every loop."""
    yield "| loop | planted | steps | distance in floors | told (first at step) | answer | outcome |"
    yield "|---|---|--:|--:|---|---|---|"
    for name, record in sorted(records.items(), key=lambda item: (ALL_LOOPS[item[0]].kind, item[0])):
        ratio = record["truth"].get("ratio")
        wrong = set(record["verdicts"]) - true_names(ALL_LOOPS[name], record["truth"])
        told = ", ".join(
            f"{verdict} ({record['first'][verdict]:,}){', wrong' if verdict in wrong else ''}"
            for verdict in record["verdicts"]
        )
        yield (
            f"| {name} | {ALL_LOOPS[name].kind} | {record['steps']:,} | "
            f"{'not finite' if ratio is None else f'{ratio:.3g}'} | {told or 'nothing'} | "
            f"{record.get('answer', '')} | {outcome(ALL_LOOPS[name], record)} |"
        )
