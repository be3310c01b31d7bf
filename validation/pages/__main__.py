"""One page per verdict: pictures of a real run and its healthy twin, error rates, how often a remedy helped.

    python -m validation.pages [NAME ...] [--train]

The prose of `docs/verdicts/NAME.md` is written by hand. What stands between marks is put there by this
command: what a run measured (`docs/verdicts/runs/NAME.json`; trained where that file is missing or with
`--train`), the error rates (`docs/validation/diagnosis.json`) and the recovery rates (`remedies.json` beside
it). Without training it takes a second.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import marks
from ganscope.diagnose.rules.rule import Remedy
from ganscope.diagnose.rules.verdict import RULES
from ganscope.diagnose.wording import evidence_words

from . import drawings
from .runs import CASES, IMAGES, SHOWN, Case, play

DOCS = Path(__file__).parents[2] / "docs"
PAGES = DOCS / "verdicts"
SUMMARIES = {
    "wiring": "A mistake in how the loop or the networks are put together.",
    "diverged": "Numbers turned NaN, or the samples have left the data far behind.",
    "discriminator-too-strong": "The discriminator recognises every fake, and the generator learns nothing.",
    "vanishing-gradient": "The generator's gradient dies in the loss, the critic or the generator.",
    "lipschitz-violation": "A Wasserstein critic is steeper than its constraint should leave it.",
    "critic-underfit": "A Wasserstein critic proves little of the distance between real and fake.",
    "discriminator-overfit": "The discriminator remembers its training rows.",
    "discriminator-too-weak": "Real and fake rows plainly differ, and the discriminator does not see it.",
    "oscillation": "The samples swing instead of settling.",
    "mode-collapse": "The samples cover less than the data does.",
}


Stored = Mapping[str, Any]
SHOWN_WIDTH = 410
"""Of a picture on a page: two fit beside each other where pages are usually read."""
NOT_MEASURED = "*Not measured yet.*"


def train(name: str) -> Stored:
    """Train the runs of a page and their twins, and keep what the page shows of them."""
    logging.getLogger("ganscope").setLevel(logging.ERROR)
    cases = []
    for case in CASES[name]:
        stored: dict[str, Any] = {"title": case.title}
        for side, told, how in (("failing", case.failing, case.play), ("twin", case.healthy, case.twin)):
            began = time.process_time()
            stored[side] = kept(play(how, name), case, path=name == "oscillation")
            said = ", ".join(v["label"] for v in stored[side]["verdicts"]) or "nothing"
            spent = time.process_time() - began
            print(f"{name}, {told}: {said} ({spent:.0f} s)", file=sys.stderr, flush=True)
        cases.append(stored)
    return {"cases": cases}


def kept(played: Stored, case: Case, path: bool) -> dict[str, Any]:
    """Keep of a run what its page needs, rounded; the way of the samples' mean where it is drawn."""
    rows, samples, real = played["rows"], played["samples"], played["real"]
    if samples.ndim == 4:
        samples, real = samples[:IMAGES].squeeze(1), real[:0]
    return {
        "steps": max(row["step"] for row in rows),
        "verdicts": played["verdicts"],
        "first": played["first"],
        "series": [[row["step"], short(value)] for row in rows if (value := case.signal(row)) is not None],
        "path": [[short(v) for v in row["point"]] for row in rows if path and "point" in row],
        "samples": short(samples[:SHOWN].tolist()),
        "real": short(real[:SHOWN].tolist()),
    }


def short(value: Any) -> Any:
    """Keep four digits of every number in nested lists: more are not seen.

    Example:
        >>> short([[1.23456, 7]])
        [[1.235, 7.0]]
    """
    return [short(part) for part in value] if isinstance(value, list) else float(f"{value:.4g}")


def drawn(name: str, case: Case, stored: Stored, number: int) -> dict[str, str]:
    """Draw the pictures of one case, by the names of their files."""
    failing, twin, names = stored["failing"], stored["twin"], (case.failing, case.healthy)
    first = failing["first"]
    said = None if first is None else (first["since_step"], first["at"])
    pictures = {
        "signal": drawings.signal(
            failing["series"], twin["series"], names, case.axis, case.level, said, case.log
        )
    }
    if name == "oscillation":
        pictures["path"] = drawings.paths(failing["path"], twin["path"], names)
    elif twin["real"]:
        pictures["samples"] = drawings.clouds(twin["real"], failing["samples"], twin["samples"], names)
    else:
        pictures["samples"] = drawings.images(failing["samples"], twin["samples"], names)
    return {f"{name}{number or ''}-{kind}.svg": picture for kind, picture in pictures.items()}


def run_block(name: str, stored: Stored) -> tuple[str, dict[str, str]]:
    """Show the runs of a page: in ganscope's words what it said, and the pictures by their files."""
    pictures: dict[str, str] = {}
    parts = []
    for number, (case, found) in enumerate(zip(CASES[name], stored["cases"], strict=True)):
        files = drawn(name, case, found, number)
        pictures |= files
        names = f"{case.failing} against {case.healthy}"
        shown = " ".join(f'<img src="pictures/{file}" width="{SHOWN_WIDTH}" alt="{names}">' for file in files)
        parts += [f"### {case.title}", shown, _told(name, case, found)]
    parts.append(f"Trained, drawn and filled in by `python -m validation.pages {name}`.")
    return "\n\n".join(parts), pictures


def _told(name: str, case: Case, stored: Stored) -> str:
    failing, twin = stored["failing"], stored["twin"]
    first = failing["first"]
    evidence = "" if first is None else evidence_words(first["evidence"])
    evidence = f"\n>\n> Evidence: {evidence}." if evidence else ""
    said = (
        "It did not say so in this run."
        if first is None
        else f"At step {first['at']:,} of {failing['steps']:,} it said:\n\n"
        f"> **{first['label']}**, {first['severity']}, since step {first['since_step']:,}. {first['cause']}"
        f"{evidence}"
    )
    others = [v["label"] for v in failing["verdicts"] if v["name"] != name]
    also = f"At the end of the same run it also said {_listed(others)}. " if others else ""
    of_twin = _listed([v["label"] for v in twin["verdicts"]]) if twin["verdicts"] else "nothing"
    return (
        f"Two runs, equal but for this: *{case.failing}* and *{case.healthy}*. {said}\n\n"
        f"{also}Of the twin it said {of_twin}."
    )


def _listed(labels: Sequence[str]) -> str:
    return ", ".join(f"`{label}`" for label in labels)


def rates_block(name: str, diagnosis: Stored | None, doctors: Stored | None) -> str:
    """Write the error rates of one verdict."""
    found = (diagnosis or {}).get("verdicts", {}).get(name)
    if found is None:
        return NOT_MEASURED
    lines = ["| | |", "|---|---|"]
    for key, words in (
        ("recall", "planted runs in which it was given (recall)"),
        ("precision", "given, and right (precision)"),
        ("false_alarms", "healthy runs in which it was given"),
    ):
        if found.get(key):
            lines.append(f"| {words} | {share(found[key])} |")
    if found.get("delay_median") is not None:
        lines.append(f"| steps from the injection to the verdict, median | {found['delay_median']:,.0f} |")
    if found.get("unknown") is not None:
        lines.append(f"| left undecided | {100 * found['unknown']:.0f} % |")
    by_severity = {s: part for s, part in (found.get("by_severity") or {}).items() if s and part["of"]}
    lines += [f"| recall, {severity} ones | {share(part)} |" for severity, part in by_severity.items()]
    kinds = {kind: part for kind, part in (found.get("by_factor") or {}).items() if kind != "None"}
    lines += [f"| recall of `{kind}`, named as such | {share(part)} |" for kind, part in kinds.items()]
    confused = found.get("confused_with") or {}
    if confused:
        told = ", ".join(
            f"`{other}` ({count})" for other, count in sorted(confused.items(), key=lambda c: -c[1])
        )
        lines.append(f"| said in its place, runs | {told} |")
    text = "\n".join(lines)
    asked = (doctors or {}).get("verdicts", {}).get(name)
    if asked is not None and doctors is not None:
        rates = [
            f"{doctor} {100 * asked[doctor]['right'] / asked['runs']:.0f} %" for doctor in doctors["versions"]
        ]
        text += (
            "\n\nGeneral training doctors on the first seeds of these runs, any alert about it: "
            f"{', '.join(rates)}; their false alarms are [in the table of all](../validation/README.md)."
        )
    return (
        f"{text}\n\nMeasured by `{(diagnosis or {}).get('command')}` on conditions that no threshold was "
        "chosen on, with 95 % intervals after Wilson: [all of it](../validation/diagnosis.md)."
    )


def share(count: Stored) -> str:
    """Write a share with its interval.

    Example:
        >>> share({"hits": 19, "of": 20, "low": 0.764, "high": 0.991})
        '95 % (19 of 20; 76 to 99 %)'
    """
    hits = next(count[key] for key in ("hits", "runs", "recovered") if key in count)
    if not count["of"]:
        return "no run"
    interval = f"{100 * count['low']:.0f} to {100 * count['high']:.0f} %"
    return f"{100 * hits / count['of']:.0f} % ({hits} of {count['of']}; {interval})"


def remedies_of(name: str) -> dict[str, tuple[Remedy, ...]]:
    """List the remedies of a verdict by its factor or pattern; the empty kind stands for all."""
    listed = {kind or "": remedies for kind, remedies in RULES[name].remedies.items()}
    if not any(remedy.wasserstein for remedies in listed.values() for remedy in remedies):
        return listed
    return {
        kind or who: tuple(remedy for remedy in remedies if remedy.wasserstein in (None, critic))
        for kind, remedies in listed.items()
        for who, critic in (("Wasserstein critics", True), ("other discriminators", False))
    }


def remedy_block(name: str, measured: Stored | None) -> str:
    """Write what to change first, where that advice comes from, and how often it helped."""
    parts = []
    for kind, remedies in remedies_of(name).items():
        head = f"**{kind if ' ' in kind else f'`{kind}`'}**: " if kind else ""
        first, *further = remedies
        lines = [f"- {head}{first.change} ({first.source}.)"]
        lines += [f"  If that does not help: {other.change} ({other.source}.)" for other in further]
        parts.append("\n".join(lines))
    found = {
        key: entry
        for key, entry in (measured or {}).get("verdicts", {}).items()
        if key.partition("/")[0] == name and entry["healed"]["of"]
    }
    if not found:
        return "\n".join(parts) + f"\n\nHow often that helps: {NOT_MEASURED[1:-2]}."
    table = ["| | healed by it | left alone | placebo |", "|---|---|---|---|"]
    for key, entry in found.items():
        cells = [share(entry[arm]) for arm in ("healed", "nothing", "placebo")]
        table.append(f"| `{key}`: {entry.get('settings') or entry['remedy']} | {' | '.join(cells)} |")
    meaning = (
        "Recovered, of the runs in which the verdict was given and `--heal` put the first remedy in force: "
        "the samples ended as near to the data as those of healthy twins. The placebo lowers both learning "
        f"rates by a twentieth. Measured by `{(measured or {}).get('command')}`, 95 % intervals after Wilson."
    )
    return "\n\n".join(["\n".join(parts), "\n".join(table), meaning])


def index_block(diagnosis: Stored | None, measured: Stored | None) -> str:
    """Write the table of all verdicts."""
    lines = ["| verdict | what it says | recall | precision | first remedy helped |", "|---|---|---|---|---|"]
    for name in RULES:
        found = (diagnosis or {}).get("verdicts", {}).get(name, {})
        healed = [
            entry["healed"]
            for key, entry in (measured or {}).get("verdicts", {}).items()
            if key.partition("/")[0] == name and entry["healed"]["of"]
        ]
        rates = [_rate(found.get(key)) for key in ("recall", "precision")]
        helped = f"{sum(h['recovered'] for h in healed)} of {sum(h['of'] for h in healed)}" if healed else ""
        lines.append(f"| [`{name}`]({name}.md) | {SUMMARIES[name]} | {rates[0]} | {rates[1]} | {helped} |")
    if not diagnosis and not measured:
        lines += ["", "Rates: not measured yet."]
    return "\n".join(lines)


def _rate(count: Stored | None) -> str:
    return f"{100 * count['hits'] / count['of']:.0f}\u00a0%" if count and count["of"] else ""


def read(path: Path) -> Stored | None:
    """Read a result; None where it was not measured."""
    found: Stored | None = json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
    return found


def main() -> None:
    """Fill the pages; train what was not trained."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", choices=[*RULES, []], help="verdicts; all without"
    )
    parser.add_argument("--train", action="store_true", help="train the runs anew")
    arguments = parser.parse_args()
    validation = DOCS / "validation"
    diagnosis, doctors, measured = (
        read(validation / f"{name}.json") for name in ("diagnosis", "doctors", "remedies")
    )
    (PAGES / "pictures").mkdir(parents=True, exist_ok=True)
    (PAGES / "runs").mkdir(exist_ok=True)
    for name in arguments.names or RULES:
        path = PAGES / "runs" / f"{name}.json"
        if arguments.train or not path.exists():
            path.write_text(json.dumps(train(name), separators=(",", ":")) + "\n", encoding="utf-8")
        stored = json.loads(path.read_text(encoding="utf-8"))
        told, pictures = run_block(name, stored)
        for file, picture in pictures.items():
            (PAGES / "pictures" / file).write_text(picture, encoding="utf-8")
        fill(
            PAGES / f"{name}.md",
            {
                "run": told,
                "rates": rates_block(name, diagnosis, doctors),
                "remedy": remedy_block(name, measured),
            },
        )
    fill(PAGES / "README.md", {"verdicts": index_block(diagnosis, measured)})


def fill(page: Path, blocks: Mapping[str, str]) -> None:
    """Fill a page between its marks."""
    page.write_text(marks.filled(page.read_text(encoding="utf-8"), dict(blocks)), encoding="utf-8")


if __name__ == "__main__":
    main()
