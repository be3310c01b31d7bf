"""Whether advice helps: planted failures healed by it, by a placebo, and left alone, over seeds.

    python validation/remedies.py [--plants NAME ...] [--seeds 16]

Writes `docs/validation/remedies.json` after every plant and fills the tables of `docs/validation/remedies.md`
from it. What is finished is not done again; a plant that was interrupted goes on where it was.

A plant is a healthy configuration with a few fields changed for the worse, run over seeds as one stack with
its probes. Where a run's most upstream verdict first stands at a wide probe, where `--heal` looks, the
run is healed from its last good checkpoint by the code of `--heal`, once per arm: the first remedy, further
ones, and a placebo, both learning rates times 0.95. `nothing` is the ill run left to its end. From the
checkpoint on all arms see as many real rows as the ill run did.

Recovered: at the end the exact EMD is not above the 95 % quantile of the healthy twins' (same seeds and data,
without the plant), and no fewer modes are captured than at their 5 % quantile. Intervals: Wilson, 95 %.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from ganscope import build, record
from ganscope.bench import digest
from ganscope.config import RunConfig, resolve
from ganscope.contracts import RunFailed
from ganscope.diagnose import healings
from ganscope.diagnose.healings import Healing, Record
from ganscope.diagnose.logbook import DIAGNOSIS
from ganscope.diagnose.remedies import Remedy, remedies_for
from ganscope.diagnose.verdict import Verdict, judge
from ganscope.engines import healing
from ganscope.engines.inprocess import run_stack
from ganscope.run import read_description
from ganscope.training import checkpoint
from ganscope.training.per_run import program

Tell = Callable[[str], None]
PLACEBO = Remedy("Lower both learning rates by a twentieth.", "placebo", factors={"g_lr": 0.95, "d_lr": 0.95})
MARKS = ("<!-- remedies -->", "<!-- /remedies -->")
QUANTILE = 0.95
WILSON = 1.959964
BRIEF = 8
"""Runs from which on a verdict is in the short table."""
COMMON: dict[str, Any] = {
    "steps": 600, "batch_size": 64, "g_width": 64, "d_width": 64, "threads": 1, "evaluate_every": 10**6,
    "log_every": 100, "keep_checkpoints": 100,
}  # fmt: skip
TWINS: dict[str, dict[str, Any]] = {
    "ring": {
        "data": "ring", "latent_dim": 2, "objective": "non-saturating", "penalty": "r1",
        "penalty_weight": 0.1, "g_lr": 3e-3, "d_lr": 3e-3, "beta1": 0.0, "beta2": 0.99, "ema": 0.98,
    },
    "digits": {
        "data": "digits", "latent_dim": 16, "objective": "non-saturating", "penalty": "r1",
        "penalty_weight": 1.0, "g_lr": 3e-3, "d_lr": 3e-3, "beta1": 0.0, "ema": 0.98,
    },
    "ring-wasserstein": {
        "data": "ring", "latent_dim": 2, "objective": "wasserstein", "penalty": "gradient-penalty",
        "penalty_weight": 1.0, "g_lr": 3e-3, "d_lr": 3e-3, "beta1": 0.0, "ema": 0.98,
    },
    "digits-wasserstein": {
        "data": "digits", "latent_dim": 16, "objective": "wasserstein", "penalty": "gradient-penalty",
        "penalty_weight": 1.0, "g_lr": 3e-3, "d_lr": 3e-3, "beta1": 0.0, "ema": 0.98,
    },
}  # fmt: skip
"""Healthy configurations, by name."""


class Plant(NamedTuple):
    """One way to break a healthy run."""

    twin: str
    fault: Mapping[str, Any]
    """Fields that are changed; None for those that it makes idle."""
    further: Sequence[Remedy] = ()
    """Remedies tried beside those of the verdict."""
    rows: int = 0
    """Training rows; 0 for all."""


def _sets(
    factors: Mapping[str, float] | None = None, raised: Mapping[str, str] | None = None, **settings: Any
) -> Remedy:
    return Remedy("A candidate.", "this study", settings, factors or {}, raised or {})


R1: dict[str, Any] = {"penalty": "r1", "penalty_weight": 1.0}
GP10: dict[str, Any] = {"clip": 0.0, "penalty": "gradient-penalty", "penalty_weight": 10.0}
GP1: dict[str, Any] = {**GP10, "penalty_weight": 1.0, "penalty_every": 1}
RATES = {"d_lr": "g_lr"}
HALF, TENTH = {"g_lr": 0.5, "d_lr": 0.5}, {"g_lr": 0.1, "d_lr": 0.1}
AHEAD = (
    _sets(objective="non-saturating"),
    _sets(**R1),
    _sets(objective="non-saturating", **R1),
    _sets({"d_lr": 0.1}, objective="non-saturating", **R1),
)
CRITIC = (_sets(**GP10),)
WEAK = (_sets(n_critic=5), _sets(None, RATES))
LAZY = (_sets(penalty_every=1), _sets(**GP10))
UNDERFIT = (_sets(n_critic=5, **GP10), _sets(None, RATES, **GP1))
EXPLODING = (_sets(HALF), _sets(TENTH))
FEW = (_sets(**R1), _sets(penalty="r1", penalty_weight=10.0), _sets(instance_noise=0.3))
CALM: dict[str, Any] = {"beta1": 0.0}
CROWDED = (_sets(**R1), _sets(**CALM, **R1), _sets(TENTH, **CALM, **R1))
SWINGING = (_sets(**GP1), _sets(n_critic=5), _sets(HALF), _sets(objective="non-saturating", **R1))
WON = {"objective": "minimax", "penalty": "none", "d_lr": 0.03}
CLIPPED = {"penalty": "none", "clip": 0.01, "d_depth": 6}
FAST = {"penalty": "none", "beta1": 0.95, "g_lr": 0.02, "d_lr": 0.02}
SGD = {"penalty": "none", "optimizer": "sgd", "beta1": 0.9, "beta2": None, "g_lr": 0.05, "d_lr": 0.05}

PLANTS: dict[str, Plant] = {
    "minimax, D at 10 times the rate (ring)": Plant("ring", WON, AHEAD),
    "deep critic, clipped (ring)": Plant("ring-wasserstein", CLIPPED, CRITIC),
    "D at a thousandth of the rate (digits)": Plant("digits", {"d_lr": 3e-6}, WEAK),
    "SGD at a high rate (ring)": Plant("ring", SGD, EXPLODING),
    "critic at a hundredth of the rate (ring)": Plant("ring-wasserstein", {"d_lr": 3e-5}, UNDERFIT),
    "16 layers in G (ring)": Plant("ring", {"g_depth": 16}),
    "penalty every 100th step (digits)": Plant("digits-wasserstein", {"penalty_every": 100}, LAZY),
    "150 rows (digits)": Plant("digits", {"penalty": "none"}, FEW, 150),
    "minimax, D at 30 times the rate (digits)": Plant("digits", {**WON, "g_lr": 1e-3}, AHEAD),
    "deep critic, clipped (digits)": Plant("digits-wasserstein", CLIPPED, CRITIC),
    "critic at a hundredth of the rate (digits)": Plant("digits-wasserstein", {"d_lr": 3e-5}, UNDERFIT),
    "D at a thousandth of the rate (ring)": Plant("ring", {"d_lr": 3e-6}, WEAK),
    "penalty every 100th step (ring)": Plant("ring-wasserstein", {"penalty_every": 100}, LAZY),
    "SGD at a high rate (digits)": Plant("digits", SGD, EXPLODING),
    "momentum 0.95 at high rates (digits)": Plant("digits", FAST, CROWDED),
    "momentum 0.95 at high rates (ring)": Plant("ring", FAST, CROWDED),
    "penalty of weight 10, one critic step (ring)": Plant(
        "ring-wasserstein", {"penalty_weight": 10.0}, SWINGING
    ),
}
"""By name; a plant without a fault shows what healing does to healthy runs."""


def wilson(hits: int, of: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a rate.

    Example:
        >>> [round(bound, 2) for bound in wilson(20, 20)]
        [0.84, 1.0]
    """
    if not of:
        return 0.0, 1.0
    rate, z = hits / of, WILSON**2 / of
    middle, half = rate + z / 2, WILSON * math.sqrt(rate * (1 - rate) / of + z / (4 * of))
    return max(0.0, (middle - half) / (1 + z)), min(1.0, (middle + half) / (1 + z))


class Ill(NamedTuple):
    """A run whose diagnosis would have had it healed."""

    seed: int
    verdict: Verdict
    found_at: int


def first_verdict(folder: Path, config: RunConfig) -> tuple[Verdict, int] | None:
    """Find what `--heal` would have acted on first, and when: at a wide probe, at the end or at NaN."""
    rows = record.read_rows(folder / DIAGNOSIS)
    ends = [row["step"] for row in rows if row.get("wide") and row["step"]]
    ends += [row["step"] for row in rows if row.get("nonfinite")] + [config.steps]
    for end in sorted(set(ends)):
        found, _ = judge([row for row in rows if row["step"] <= end])
        if found:
            return found[0], end
    return None


def train(configs: Sequence[RunConfig], folders: Sequence[Path], on: build.Bench, tell: Tell) -> None:
    """Train runs as stacks where they can be, new or from where they are; NaN is an ending too."""
    groups: dict[Any, list[int]] = {}
    for k, (config, folder) in enumerate(zip(configs, folders, strict=True)):
        if (folder / "config.json").exists() and read_description(folder)["config"] != config.model_dump():
            shutil.rmtree(folder)  # left by an older form of the plant
        if not (folder / "metrics.json").exists():
            saved = checkpoint.steps(folder)
            alone = k if config.g_norm == "batch" else None  # its statistics cannot be stacked
            groups.setdefault((program(config), saved[-1] if saved else 0, alone), []).append(k)
    for members in groups.values():
        own = [configs[k] for k in members]
        places = [folders[k] for k in members]
        for place in places:
            place.mkdir(parents=True, exist_ok=True)
        begun = all((place / "config.json").exists() for place in places)
        try:
            run_stack(own, places, on, resuming=begun, tell=tell)
        except RunFailed as ended:
            tell(str(ended)[:150])


def ending(folder: Path) -> dict[str, Any]:
    """How good a run's samples were at its end; a run that diverged has no quality."""
    metrics = record.read_json(folder / "metrics.json")
    if metrics["diverged_at"] is not None or metrics.get("emd") is None:
        return {"emd": None, "captured": 0, "high_quality": 0.0}
    return {name: metrics[name] for name in ("emd", "captured", "high_quality")}


class Band(NamedTuple):
    """What the healthy twins reach, but for one in twenty."""

    emd: float
    captured: float

    def holds(self, end: Mapping[str, Any]) -> bool:
        """Whether a run ended as the twins do."""
        return end["emd"] is not None and end["emd"] <= self.emd and end["captured"] >= self.captured


def band(ends: Sequence[Mapping[str, Any]]) -> Band:
    """Quantiles of the twins."""
    emds = [math.inf if end["emd"] is None else end["emd"] for end in ends]
    modes = [end["captured"] for end in ends]
    return Band(float(np.quantile(emds, QUANTILE)), float(np.quantile(modes, 1 - QUANTILE)))


def heal(folder: Path, ill: Ill, config: RunConfig, remedy: Remedy, on: build.Bench, to: Path) -> Path | str:
    """Copy an ill run and heal the copy, up to where it goes on; a sentence where it cannot be healed."""
    saved = checkpoint.steps(folder)
    prescribed = healing.attempt(
        remedy, ill.verdict, ill.found_at, config, saved, lambda c: build.check(c, on.data)
    )
    if not isinstance(prescribed, Healing):
        return prescribed
    healed = Record((prescribed._replace(config={**prescribed.config, "diagnose": False}),))
    if healings.read(to) == healed:
        return to
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(folder, to)
    healings.write(to, healed)
    healing.settle(to)
    return to


def measure(
    name: str,
    twins: Sequence[Mapping[str, Any]],
    seeds: Sequence[int],
    on: build.Bench,
    place: Path,
    tell: Tell,
) -> dict[str, Any]:
    """Run one plant in all arms.

    Args:
        name: of the plant.
        twins: how the healthy twins ended.
        seeds: one ill run each.
        on: the plant's data.
        place: where the run folders go, or are.
        tell: told in a line how far it is.

    Returns:
        The block for the record.
    """
    plant, within = PLANTS[name], band(twins)
    configs = {seed: config_of(plant, seed) for seed in seeds}
    folders = {seed: place / "nothing" / f"seed-{seed}" for seed in seeds}
    tell(f"{name}: {len(seeds)} ill runs")
    train(list(configs.values()), list(folders.values()), on, tell)
    ills = [
        Ill(seed, *seen)
        for seed in seeds
        if (seen := first_verdict(folders[seed], configs[seed])) is not None
    ]
    remedies: dict[str, Remedy] = {}
    refused: dict[str, str] = {}
    healed: dict[str, dict[int, Path]] = {}
    for ill in ills:
        for arm, remedy in arms_of(ill.verdict, plant).items():
            remedies[arm] = remedy
            to = place / slug(arm) / f"seed-{ill.seed}"
            done = heal(folders[ill.seed], ill, configs[ill.seed], remedy, on, to)
            if isinstance(done, Path):
                healed.setdefault(arm, {})[ill.seed] = done
            else:
                refused[arm] = done
    ends = {"nothing": {seed: ending(folder) for seed, folder in folders.items()}}
    for arm, places in healed.items():
        tell(f"{name}: {len(places)} runs with {arm}")
        new = [RunConfig(**read_description(folder)["config"]) for folder in places.values()]
        train(new, list(places.values()), on, tell)
        ends[arm] = {seed: ending(folder) for seed, folder in places.items()}
    return {
        "plant": name,
        "definition": definition(plant),
        "seeds": list(seeds),
        "band": within._asdict(),
        "verdicts": {str(ill.seed): found(ill) for ill in ills},
        "remedies": {arm: remedy._asdict() for arm, remedy in remedies.items()},
        "refused": refused,
        "ends": {
            arm: {str(seed): {**end, "recovered": within.holds(end)} for seed, end in by_seed.items()}
            for arm, by_seed in ends.items()
        },
    }


def found(ill: Ill) -> dict[str, Any]:
    """What the record says of a verdict."""
    kept = ("name", "factor", "pattern", "severity", "since_step")
    values = {name: getattr(ill.verdict, name) for name in kept}
    return {**values, "found_at": ill.found_at, "first": words(ill.verdict.remedies[0])}


def arms_of(verdict: Verdict, plant: Plant) -> dict[str, Remedy]:
    """The placebo, the remedies of a verdict and those of the plant, by what they set."""
    every = [remedy for remedy in (*verdict.remedies, *plant.further) if remedy.is_setting]
    return {"placebo": PLACEBO, **{words(remedy): remedy for remedy in every}}


def words(remedy: Remedy) -> str:
    """Name a remedy by what it does to a configuration."""
    parts = [f"{field} {value}" for field, value in remedy.settings.items()]
    parts += [f"{field} x {factor:g}" for field, factor in remedy.factors.items()]
    parts += [f"{field} up to {other}" for field, other in remedy.raised.items()]
    parts += [f"{field} down to {most:g}" for field, most in remedy.lowered.items()]
    return ", ".join(parts)


def slug(text: str) -> str:
    """Make a folder's name of words."""
    return "".join(c if c.isalnum() or c in ".-" else "_" for c in text)


def config_of(plant: Plant | None, seed: int, twin: str = "") -> RunConfig:
    """The configuration of an ill run, or of a twin."""
    fields = {**COMMON, **TWINS[plant.twin if plant else twin], "diagnose": bool(plant)}
    fields |= plant.fault if plant else {}
    fields = {name: value for name, value in fields.items() if value is not None}
    if fields.get("penalty") == "none":
        del fields["penalty_weight"]
    config = resolve(None, {**fields, "seed": seed})
    # as many real rows in every run, whatever its critic steps
    return config.model_copy(update={"steps": COMMON["steps"] // config.n_critic})


def definition(plant: Plant) -> dict[str, Any]:
    """What decides a block."""
    usual = RunConfig().model_dump()
    config = config_of(plant, 0).model_dump()
    fields = {name: value for name, value in config.items() if value != usual[name]}
    further = [words(remedy) for remedy in plant.further]
    return {
        "twin": plant.twin,
        "fault": dict(plant.fault),
        "config": fields,
        "rows": plant.rows,
        "further": further,
    }


def tally(ends: Mapping[str, Mapping[str, Any]], seeds: Sequence[str]) -> dict[str, Any]:
    """Count who recovered among some seeds."""
    ended = [ends[seed] for seed in seeds if seed in ends]
    recovered = sum(end["recovered"] for end in ended)
    low, high = wilson(recovered, len(ended))
    return {"recovered": recovered, "of": len(ended), "low": round(low, 3), "high": round(high, 3)}


def joined(tallies: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One tally of several."""
    recovered, of = sum(t["recovered"] for t in tallies), sum(t["of"] for t in tallies)
    low, high = wilson(recovered, of)
    return {"recovered": recovered, "of": of, "low": round(low, 3), "high": round(high, 3)}


def by_plant(block: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What became of a plant's runs, by the verdict that was found first."""
    kinds: dict[str, list[str]] = {}
    for seed, verdict in block["verdicts"].items():
        kind = verdict["factor"] or verdict["pattern"]
        kinds.setdefault(f"{verdict['name']}/{kind}" if kind else verdict["name"], []).append(seed)
    rows = []
    critic = "wasserstein" in block["definition"]["twin"]
    for kind, seeds in kinds.items():
        first = words(first_remedy(kind, critic))
        tallies = {arm: tally(ends, seeds) for arm, ends in block["ends"].items()}
        emds = {arm: _median(ends, seeds) for arm, ends in block["ends"].items()}
        healed, left = (block["ends"].get(arm, {}) for arm in (first, "nothing"))
        both = [s for s in seeds if s in healed]
        rows.append(
            {
                "plant": block["plant"], "verdict": kind, "first": first, "critic": critic,
                "tallies": tallies, "emd": emds,
                "gained": sum(healed[s]["recovered"] > left[s]["recovered"] for s in both),
                "lost": sum(healed[s]["recovered"] < left[s]["recovered"] for s in both),
            }
        )  # fmt: skip
    return rows


def first_remedy(kind: str, critic: bool) -> Remedy:
    """What to do first against a verdict, as things stand now; for a Wasserstein critic, or another one."""
    name, _, factor = kind.partition("/")
    return remedies_for(name, factor or None, factor or None, critic)[0]


def _median(ends: Mapping[str, Mapping[str, Any]], seeds: Sequence[str]) -> float:
    emds = [math.inf if ends[seed]["emd"] is None else ends[seed]["emd"] for seed in seeds if seed in ends]
    return float(np.median(emds)) if emds else math.nan


def by_verdict(blocks: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What doing nothing, a placebo and the first remedy came to, over all plants of a verdict."""
    rows = [
        row
        for block in blocks
        if block["definition"]["fault"] or block["definition"]["rows"]
        for row in by_plant(block)
    ]
    verdicts = {}
    for kind, first in sorted({(row["verdict"], row["first"]) for row in rows}):
        of_kind = [row for row in rows if (row["verdict"], row["first"]) == (kind, first)]
        remedy = first_remedy(kind, of_kind[0]["critic"])
        if not remedy.is_setting:
            continue
        arms = {"nothing": "nothing", "placebo": "placebo", "healed": words(remedy)}
        told = f"{kind} (Wasserstein)" if remedy.wasserstein else kind
        verdicts[told] = {
            "remedy": remedy.change,
            "settings": words(remedy),
            **{
                key: joined([r["tallies"][arm] for r in of_kind if arm in r["tallies"]])
                for key, arm in arms.items()
            },
            "gained": sum(row["gained"] for row in of_kind),
            "lost": sum(row["lost"] for row in of_kind),
            "plants": [row["plant"] for row in of_kind],
        }
    return verdicts


def tables(blocks: Sequence[Mapping[str, Any]]) -> str:
    """Write the record as Markdown: per verdict, then per plant with every arm."""
    lines = [
        "| verdict | first remedy | nothing | placebo | healed | only healed / only left alone |",
        "|---|---|---|---|---|---|",
    ]
    for kind, row in by_verdict(blocks).items():
        cells = [f"`{kind}`", row["settings"], *(_rate(row[arm]) for arm in ("nothing", "placebo", "healed"))]
        lines.append(f"| {' | '.join(cells)} | {row['gained']} / {row['lost']} |")
    lines += ["", "| plant | verdict | arm | recovered | median EMD (twins: 95 %) |", "|---|---|---|---|---|"]
    for block in blocks:
        for row in by_plant(block):
            for arm, found in row["tallies"].items():
                if found["of"]:
                    mark = " (first)" if arm == row["first"] else ""
                    emd = f"{row['emd'][arm]:.3g} ({block['band']['emd']:.3g})"
                    lines.append(
                        f"| {row['plant']} | `{row['verdict']}` | {arm}{mark} | {_rate(found)} | {emd} |"
                    )
    return "\n".join(lines)


def brief(blocks: Sequence[Mapping[str, Any]]) -> str:
    """Write recoveries by verdict, for a page that has little room."""
    lines = [
        "| verdict found first | what is changed | left alone | placebo | healed |",
        "|---|---|---|---|---|",
    ]
    for kind, row in by_verdict(blocks).items():
        if row["nothing"]["of"] < BRIEF:
            continue
        rates = [f"{row[arm]['recovered']} of {row[arm]['of']}" for arm in ("nothing", "placebo", "healed")]
        lines.append(f"| `{kind}` | {row['settings']} | {' | '.join(rates)} |")
    return "\n".join(lines)


def _rate(found: Mapping[str, Any]) -> str:
    if not found["of"]:
        return ""
    return f"{found['recovered']} of {found['of']} ({100 * found['low']:.0f}–{100 * found['high']:.0f} %)"


def fill(page: Path, text: str) -> None:
    """Put text between the marks of a page; a page without marks stays as it is."""
    before, mark, rest = page.read_text(encoding="utf-8").partition(MARKS[0])
    _, _, after = rest.partition(MARKS[1])
    if mark:
        page.write_text(f"{before}{MARKS[0]}\n{text}\n{MARKS[1]}{after}", encoding="utf-8")


def write(path: Path, blocks: Sequence[Mapping[str, Any]]) -> None:
    """Write the record, and the page beside it."""
    written = {
        "command": "python validation/remedies.py",
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, torch {torch.__version__}, one thread",
        "verdicts": by_verdict(blocks),
        "plants": list(blocks),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with record.whole_file(path) as file:
        file.write(json.dumps(record.jsonable(written), indent=1).encode() + b"\n")
    for page, text in (
        (path.parent / "remedies.md", tables(blocks)),
        (path.parents[2] / "README.md", brief(blocks)),
    ):
        if page.exists():
            fill(page, text)


def first_rows(on: build.Bench, rows: int) -> build.Bench:
    """Train on the first rows only, judged as before; all of them for 0."""
    if not rows:
        return on
    few = on.data._replace(train=on.data.train[torch.arange(rows)])
    return on._replace(data=few, about={**on.about, "digest": digest(few)})


def main() -> None:
    """Measure what is not measured yet, and write record and tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--plants", nargs="+", metavar="NAME", default=list(PLANTS))
    parser.add_argument("--seeds", type=int, default=16)
    parser.add_argument("--first-seed", type=int, default=32, help="advice was chosen on 0 to 31")
    parser.add_argument("--out", type=Path, default=Path("docs/validation/remedies.json").absolute())
    parser.add_argument("--work", type=Path, default=Path("runs/remedies"), help="run folders")
    options = parser.parse_args()
    seeds = list(range(options.first_seed, options.first_seed + options.seeds))
    blocks: list[dict[str, Any]] = (
        json.loads(options.out.read_text())["plants"] if options.out.exists() else []
    )
    for name in options.plants:
        plant = PLANTS[name]
        asked = record.jsonable(definition(plant))
        if any(b["definition"] == asked and b["seeds"] == seeds for b in blocks if b["plant"] == name):
            continue
        whole = build.load_data(TWINS[plant.twin]["data"])
        folders = [options.work / "twins" / plant.twin / f"seed-{seed}" for seed in seeds]
        on = build.bench(whole)
        train([config_of(None, seed, plant.twin) for seed in seeds], folders, on, _say)
        twins = [ending(folder) for folder in folders]
        block = measure(name, twins, seeds, first_rows(on, plant.rows), options.work / slug(name), _say)
        blocks = sorted([b for b in blocks if b["plant"] != name] + [block], key=_order)
        write(options.out, blocks)
        print(tables([block]), flush=True)
    write(options.out, blocks)


def _order(block: Mapping[str, Any]) -> int:
    return list(PLANTS).index(block["plant"]) if block["plant"] in PLANTS else len(PLANTS)


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    main()
