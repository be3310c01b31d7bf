"""What commands print: results as tables and sentences, or as JSON; notes and decisions beside them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ganscope.build.settings import AUTO, DEFAULT_RECIPES, choices, load_recipe, recipe_names
from ganscope.cli.terminal import complain, print_pairs, print_table, say
from ganscope.config import RunConfig
from ganscope.config.names import data_names, penalty_names
from ganscope.folder import layout
from ganscope.folder.files import jsonable, read_json

if TYPE_CHECKING:
    from pathlib import Path

    from ganscope.comparison import Comparison, Plan
    from ganscope.config.auto import Setting
    from ganscope.explain import Explained
    from ganscope.report import RecipeSummary
    from ganscope.running import Prepared
    from ganscope.running.examine import Examination
    from ganscope.running.run import Run

AUTO_ABOUT = "Settings chosen by the shape of the data and the number of rows."
POINTS_SHOWN = 20
"""Points of a sweep that are printed; the report has all."""
PRDC_WORDS = ("precision", "recall", "density", "coverage")


def print_json(value: Mapping[str, Any]) -> None:
    """Print one JSON object; what is not finite becomes null."""
    print(json.dumps(jsonable(value), indent=2, allow_nan=False))


def print_notes(prepared: Prepared) -> None:
    """Say on standard error what was decided while reading the data, by the recipe `auto` and by `--from`."""
    print_data_notes(prepared.data.name, prepared.data.notes)
    print_choices(prepared.auto)
    if prepared.start is not None:
        complain(f"begins at the weights of {prepared.start.run}, step {prepared.start.step}")


def print_data_notes(name: str, notes: Sequence[str]) -> None:
    """Say on standard error what was decided while reading the data."""
    for note in notes:
        complain(f"{name}: {note}")


def print_choices(chosen: Sequence[Setting]) -> None:
    """Say on standard error what the recipe `auto` chose and why, a line each."""
    for setting in chosen:
        complain(f"{AUTO}: {setting.field} {setting.value}: {setting.reason}")


def print_configs(configs: Mapping[str, RunConfig], as_json: bool) -> None:
    """Print complete configurations: what each has of its own, then what they have in common."""
    dumps = {name: config.flat() for name, config in configs.items()}
    if as_json:
        print_json(dumps)
        return
    fields = [name for name in dict.fromkeys(n for dump in dumps.values() for n in dump) if name != "recipe"]
    own = [f for f in fields if len({str(dump.get(f)) for dump in dumps.values()}) > 1]
    first = next(iter(dumps.values()))
    if own:
        print_table([("", own), *((name, [str(dump.get(f)) for f in own]) for name, dump in dumps.items())])
    say(("The same for all: " if own else "") + ", ".join(f"{f} {first[f]}" for f in fields if f not in own))


def print_work(planned: Plan, slots: int) -> None:
    """Say on standard error what was decided about the data, and how a sweep will be carried out."""
    from ganscope.comparison.sweeps import in_numbers

    if planned.dataset is not None:
        print_data_notes(planned.dataset.name, planned.dataset.notes)
    print_choices(planned.auto[planned.recipes[0]])
    complain(in_numbers(planned, slots))


def print_points(planned: Plan, as_json: bool) -> None:
    """Print the points of a sweep that has not started, and what they have in common."""
    from ganscope.comparison.points import shown

    configs = {name: row[0] for name, row in zip(planned.recipes, planned.configs, strict=True)}
    if as_json:
        print_configs(configs, as_json)
        return
    few = list(configs.values())[:POINTS_SHOWN]
    print_table([(field, [shown(config.flat()[field]) for config in few]) for field in planned.swept])
    if len(configs) > len(few):
        say(f"and {len(configs) - len(few)} more")
    dumps = [config.flat() for config in configs.values()]
    same = [name for name, value in dumps[0].items() if all(dump.get(name) == value for dump in dumps)]
    say("The same for all: " + ", ".join(f"{name} {dumps[0][name]}" for name in same))


def print_run(run: Run, as_json: bool) -> None:
    """Print how a run ended, and where its report is."""
    from ganscope.folder import healings
    from ganscope.report import in_words, load_record, summarise, table

    page, healed = run.folder / layout.REPORT, healings.read(run.folder)
    if as_json:
        told = {"folder": str(run.folder), "report": str(page), "metrics": run.metrics}
        print_json(told | (healed.as_json() if healed.sentences else {}))
        return
    summaries = summarise([load_record(run.folder)])
    print_table(table(summaries))
    say(f"\n{in_words(summaries)}")
    for sentence in healed.sentences:
        say(f"\n{sentence}")
    print_verdicts([run.folder])
    say(f"\nReport: {page}")


def print_comparison(result: Comparison, as_json: bool) -> None:
    """Print how a comparison ended, and where its report is."""
    from ganscope.report import in_words, table

    summaries = result.summaries()
    for name, text in result.failures.items():
        complain(f"{name}: {text}")
    if result.swept:
        _print_points(result, summaries, as_json)
        return
    if as_json:
        print_json({"report": str(result.report), "recipes": [_as_dict(s) for s in summaries]})
        return
    print_table(table(summaries))
    say(f"\n{in_words(summaries)}")
    print_verdicts(layout.run_folders(result.folder))
    say(f"\nReport: {result.report}")


def _print_points(result: Comparison, summaries: Sequence[RecipeSummary], as_json: bool) -> None:
    """Print the points of a sweep, best first."""
    from ganscope.report import best_first, point_columns, point_sentences

    ordered, values = best_first(summaries), result.values()
    if as_json:
        points = [{"values": values[s.recipe], **_as_dict(s)} for s in ordered]
        print_json({"report": str(result.report), "points": points})
        return
    print_table(point_columns(ordered[:POINTS_SHOWN], values, result.swept))
    if len(ordered) > POINTS_SHOWN:
        say(f"and {len(ordered) - POINTS_SHOWN} more points in the report")
    said = " ".join(point_sentences(ordered, values, result.swept)).strip()
    say(f"\n{said}\n\nReport: {result.report}")


def print_evaluation(found: Mapping[str, Any], as_json: bool) -> None:
    """Print what `Run.evaluate` found: each number beside that of real rows."""
    if as_json:
        print_json(found)
        return
    names, fake, real = ["EMD"], [found["emd"]], [found["emd_floor"]]
    for word in PRDC_WORDS:
        names.append(word)
        fake.append(found["prdc"][word])
        real.append(found["prdc_real"][word])
    columns = [("", names), ("generated", _rounded(fake)), ("real rows", _rounded(real))]
    print_table(columns)
    rows = found["compared_rows"]
    say(
        f"\n{rows} rows each against {rows} held-out rows of {found['data']}; for real rows, the mean over "
        "five sets of training rows. Precision and recall (k = 5) are taken between rows as they are."
    )
    if "modes" in found:
        missing = f"; missing: {_few(found['missing'])}" if found["missing"] else ""
        say(
            f"{found['captured']} of {found['modes']} modes captured{missing}; "
            f"{found['high_quality']:.0%} of {found['samples']} samples are of high quality."
        )
        measured, floor = _rounded([found["reverse_kl"], found["reverse_kl_floor"]])
        say(f"Reverse KL over modes: {measured} nats; a perfect sampler of as many would measure {floor}.")


def print_examinations(found: Sequence[Examination], as_json: bool) -> None:
    """Print what is wrong with runs or networks: each verdict with cause and first remedy."""
    if as_json:
        print_json({"examined": [_examined(e) for e in found]})
        return
    for e in found:
        for note in e.notes:
            complain(f"{e.name}: {note}")
        for sentence in e.healed.sentences:
            say(f"{e.name}: {sentence}")
        at = "" if e.step is None else f", step {e.step}"
        unknown_names = [name for name, state in e.status.items() if state == "unknown"]
        open_ = f" Not enough evidence on: {', '.join(unknown_names)}." if unknown_names else ""
        if not e.verdicts:
            fine = list(e.status.values()).count("fine")
            say(f"{e.name}{at}: nothing wrong found ({fine} of {len(e.status)} questions say fine).{open_}")
            continue
        say(f"{e.name}{at}: {len(e.verdicts)} verdict{'s' if len(e.verdicts) > 1 else ''}.{open_}")
        for v in e.verdicts:
            say(f"\n{v.label}, {v.severity}, since step {v.since_step}\n  {v.cause}\n  Do first: {v.advice}")
    pages = dict.fromkeys(v.page for e in found for v in e.verdicts)
    if pages:
        say("\nWhat these mean and how often they are right:\n  " + "\n  ".join(pages))


def _examined(e: Examination) -> dict[str, Any]:
    """An examination as a JSON object, each verdict with its page and its advice as settings too."""
    verdicts = [{**v.as_json(), "page": v.page} for v in e.verdicts]
    return {**e._asdict(), "verdicts": verdicts, "healed": e.healed.as_json()}


def print_verdicts(folders: Sequence[Path]) -> None:
    """Print what the diagnosis of finished runs says, by kind of verdict; nothing where none was made."""
    from ganscope.diagnose.rules.verdict import from_json

    labels: list[str] = []
    judged = 0
    for folder in folders:
        path = folder / layout.VERDICTS
        if path.is_file():
            judged += 1
            labels += dict.fromkeys(from_json(entry).label for entry in read_json(path)["verdicts"])
    kinds = sorted(dict.fromkeys(labels), key=labels.count, reverse=True)
    if kinds:
        told = ", ".join(f"{kind} ({labels.count(kind)} of {judged} runs)" for kind in kinds)
        say(f"\nDiagnosis: {told}. Causes and remedies: ganscope diagnose, or the report.")
    elif judged:
        say(f"\nDiagnosis: nothing wrong in {judged} run{'s' if judged > 1 else ''}.")


def print_questions(as_json: bool) -> None:
    """Print the questions that `explain` answers."""
    from ganscope.explain import QUESTIONS

    if as_json:
        print_json({"questions": [{"number": n, **q._asdict()} for n, q in QUESTIONS.items()]})
        return
    print_pairs([(f"{number:>2}  {q.name}", q.asked) for number, q in QUESTIONS.items()])


def print_explained(explained: Explained, as_json: bool) -> None:
    """Print each question with its answer in two sentences, and where the page is."""
    for number, text in explained.failures.items():
        complain(f"question {number}: {text}")
    if as_json:
        answers = [
            {**_as_dict(answer), "figures": [f.caption for f in answer.figures]}
            for answer in explained.answers
        ]
        print_json({"page": str(explained.page), "answers": answers})
        return
    for answer in explained.answers:
        say(f"{answer.number}  {answer.question}\n\n{answer.answer}\n")
        for entry in answer.published:
            verdict = "reached" if entry.reached else "NOT reached"
            say(f"{entry.source}: {entry.measured} Criterion {verdict}.\n")
    if explained.kept:
        numbers = ", ".join(map(str, explained.kept))
        say(f"Kept from before: {numbers}; --overwrite measures anew.")
    say(f"Page: {explained.page}")


def print_list(as_json: bool) -> None:
    """Print all names there are."""
    recipes = {name: load_recipe(name) for name in recipe_names()} | {AUTO: {"about": AUTO_ABOUT}}
    options = {name: choices(name) for name in ("objective", "network", "optimizer", "dynamics")}
    if as_json:
        print_json({"recipes": recipes, "data": data_names(), "penalties": penalty_names(), **options})
        return
    say("Recipes (* compared by default)")
    print_pairs(
        [(f"{'*' if n in DEFAULT_RECIPES else ' '} {n}", recipe["about"]) for n, recipe in recipes.items()]
    )
    print_pairs(
        [
            ("Data", ", ".join((*data_names(), "or a path"))),
            ("Objectives", ", ".join(options["objective"])),
            ("Penalties", ", ".join(penalty_names())),
            ("Networks", ", ".join(options["network"])),
            ("Optimisers", ", ".join(options["optimizer"])),
            ("Dynamics", ", ".join(options["dynamics"])),
        ]
    )


def _rounded(values: Sequence[float]) -> list[str]:
    return [f"{value:.3g}" for value in values]


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")


def _as_dict(value: Any) -> Any:
    """Named tuples, nested, as JSON objects."""
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {key: _as_dict(entry) for key, entry in value._asdict().items()}
    if isinstance(value, tuple):
        return [_as_dict(entry) for entry in value]
    return value
