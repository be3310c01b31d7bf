"""`--heal`: a verdict changes a run's settings once, on record, and to the same bits whatever dies."""

from __future__ import annotations

import json
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import ganscope as gs
from ganscope.build import game
from ganscope.build.check import check
from ganscope.build.settings import changed, recipe_names, resolve
from ganscope.cli.app import main
from ganscope.config import RunConfig
from ganscope.contracts import BadInput
from ganscope.diagnose.rules.rule import Remedy
from ganscope.diagnose.rules.verdict import RULES, Verdict, from_json, remedies_for
from ganscope.folder import checkpoint, files, healings
from ganscope.folder.read import parse_config, read
from ganscope.running import healing
from tests.crashes import Crash, contents, crash_at
from tests.games import SMALL, evaluation_of, train_here

PLANTED = {
    **SMALL, "data": "ring", "batch_size": 32, "d_width": 32, "d_lr": 0.05, "n_critic": 2, "latent_dim": 2,
    "steps": 26, "diagnose_every": 2, "evaluate_every": 10, "log_every": 2, "checkpoint_every": 4,
    "heal": True,
}  # fmt: skip
"""A discriminator that wins at once under the loss that then passes nothing on."""


def train(folder: Path, config: RunConfig, **options: Any) -> Path:
    folder.mkdir(exist_ok=True)
    train_here([config], [folder], evaluation_of("ring"), **{"tell": lambda text: None, **options})
    return folder


def dies(*_: Any) -> None:
    raise Crash


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    told: list[str] = []
    return train(tmp_path_factory.mktemp("run") / "run", resolve("minimax", PLANTED), tell=told.append), told


def test_a_verdict_changes_the_settings_and_is_on_record(straight: tuple[Path, list[str]]) -> None:
    folder, told = straight
    done, *_ = healings.read(folder).healings
    assert told[0] == str(done)
    aside = folder / "abandoned" / "healing-1"
    ill, *_ = files.read_json(aside / "verdicts.json")["verdicts"]
    assert (from_json(ill).label, ill["since_step"]) == (done.verdict, done.since_step)
    assert done.from_step < done.since_step < done.found_at
    described = read(folder)
    asked, now = parse_config(described.written["asked"]), described.config
    assert changed(asked, *(ill[part] for part in ("settings", "factors", "raised", "lowered"))) == (now, {})
    assert all(getattr(now, field) == new for field, (_, new) in done.changes.items())
    # what was abandoned stands aside, whole; what is kept goes on without a gap
    logged = [row["step"] for row in files.read_rows(aside / "history.jsonl")]
    assert logged == list(range(0, done.found_at, 2))
    rows = files.read_rows(folder / "history.jsonl")
    assert [row["step"] for row in rows] == list(range(0, 27, 2))
    assert [row["samples_seen"] for row in rows] == [row["step"] * 2 * 32 for row in rows]
    kept = 1 + done.from_step // 2
    assert rows[:kept] == files.read_rows(aside / "history.jsonl")[:kept]
    first = files.read_rows(folder / "diagnosis.jsonl")[0]
    assert (first["step"], "about" in first) == (done.from_step, True)


def dies_at_the_third(keep: Callable[[Path, int], None]) -> Callable[[Path, int], None]:
    calls: list[Path] = []

    def keep_or_die(path: Path, last_step: int) -> None:
        calls.append(path)
        if len(calls) == 3:
            raise Crash
        keep(path, last_step)

    return keep_or_die


def dies_on_the_second_way() -> Callable[[dict[str, Any]], None]:
    seen: list[int] = []

    def progress(event: dict[str, Any]) -> None:
        if seen and event["step"] < seen[-1]:
            raise Crash
        seen.append(event["step"])

    return progress


@pytest.mark.parametrize("place", ["before", "written down", "moving", "after"])
def test_a_run_killed_while_it_heals_ends_with_the_same_bits(
    straight: tuple[Path, list[str]], tmp_path: Path, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, config = tmp_path / "run", resolve("minimax", PLANTED)
    options: dict[str, Any] = {
        "before": {"progress": crash_at(14)},
        "written down": {"tell": dies},
        "moving": {},
        "after": {"progress": dies_on_the_second_way()},
    }[place]
    with monkeypatch.context() as patch:
        if place == "moving":
            patch.setattr(files, "keep_rows", dies_at_the_third(files.keep_rows))
        with pytest.raises(Crash):
            train(folder, config, **options)
    begun = read(folder).config
    train(folder, begun, resuming=True)
    assert contents(folder) == contents(straight[0])


@pytest.mark.parametrize("recipe", recipe_names())
def test_every_remedy_makes_a_valid_configuration_of_every_recipe(recipe: str) -> None:
    remedies = [
        remedy
        for name, rule in RULES.items()
        for kind, several in rule.remedies.items()
        for remedy in several
        if name != "wiring" or kind == "unconstrained-critic"
    ]
    data = evaluation_of("ring").data
    for odd in (
        {}, {"d_norm": "batch", "penalty": "none"}, {"pack": 2, "ema": 0.9},
        {"dynamics": "extra-gradient", "n_critic": 1},
    ):  # fmt: skip
        try:
            config = resolve(recipe, {"data": "ring", **odd})
            check(config, data)
        except BadInput:
            continue
        for remedy in remedies:
            applied(remedy, config, data)


def applied(remedy: Remedy, config: RunConfig, data: gs.Dataset) -> None:
    verdict = Verdict("oscillation", "mild", 7, None, None, {}, "", "")
    done = healing.attempt(remedy, verdict, 9, config, [0, 5, 8], lambda c: check(c, data))
    if isinstance(done, str):
        # it changes code, changes nothing here, or multiplies what is not there
        assert any(
            words in done for words in ("no setting", "in force already", "nothing to multiply", "no effect")
        ), done
        return
    new = RunConfig(**done.config)
    at_least = {"n_critic"} | ({"penalty", "penalty_weight"} if "r1" in config.penalties else set())
    for field, value in remedy.settings.items():
        assert new.flat()[field] == value or field in at_least
    for field, times in remedy.factors.items():  # a rate stays usual, if it was
        asked, now = config.flat()[field] * times, new.flat()[field]
        assert now == pytest.approx(asked) or asked < now <= 1e-4 or now == remedy.lowered.get(field)
    parts = (remedy.settings, remedy.factors, remedy.raised, remedy.lowered)
    assert set(done.changes) - {"steps"} - set(done.idle) <= {field for part in parts for field in part}
    rows = (config.steps - done.from_step) * config.batches_per_step * config.batch_size
    after = (new.steps - done.from_step) * new.batches_per_step * new.batch_size
    assert abs(after - rows) <= new.batches_per_step * new.batch_size  # as many real rows as before


def decided(verdict: str, config: RunConfig, before: healings.Record, **options: Any) -> str:
    found = Verdict(verdict, "severe", 7, None, "swapped-labels" if verdict == "wiring" else None, {}, "", "")
    check: Callable[[RunConfig], object] = lambda c: None  # noqa: E731
    return str(healing.decide(found, 9, config, before, [0, 5, 8], check, **options))


def test_a_remedy_in_vain_is_not_tried_again() -> None:
    config, before = resolve("r1", {"data": "ring", "diagnose_every": 1}), healings.Record()
    seen: list[str] = []
    while len(before.healings) < healing.MOST:
        found = Verdict("diverged", "severe", 7, None, None, {}, "", "")
        done = healing.decide(found, 9, config, before, [0, 5, 8], lambda c: None)
        if isinstance(done, healings.Unhealed):
            assert done.why.count("in vain") == len(seen)
            break
        assert done.from_step == (0 if "g_width" in done.changes else 5)
        assert done.remedy not in seen
        seen.append(done.remedy)
        config, before = RunConfig(**done.config), healings.Record((*before.healings, done))
    assert seen
    full = healings.Record(before.healings[:1] * healing.MOST)
    assert "3 healings are the most" in decided("mode-collapse", config, full)


@pytest.mark.parametrize(("since", "start"), [(100, 0), (101, 100), (160, 100), (199, 100), (201, 160)])
def test_a_run_goes_back_to_when_samples_were_last_compared_and_well(since: int, start: int) -> None:
    """Probes every 20 steps, wide ones every 100: what one of them shows may be 100 steps old."""
    config = resolve("r1", {"data": "ring", "diagnose_every": 20})
    found = Verdict("mode-collapse", "severe", since, None, "total", {}, "", "")
    done = healing.decide(found, 300, config, healings.Record(), [0, 60, 100, 160, 220], lambda c: None)
    assert isinstance(done, healings.Healing)
    assert done.from_step == start


def test_a_swinging_wasserstein_critic_gets_advice_of_its_own() -> None:
    critic, other = (
        remedies_for("oscillation", None, "sustained", wasserstein) for wasserstein in (True, False)
    )
    assert [r.settings["penalty"] for r in critic] == ["gradient-penalty", "r1"]
    assert [r.settings["penalty"] for r in other] == ["r1"]
    for listed in (critic, other):
        said = Verdict("oscillation", "mild", 7, None, "sustained", {}, "", str(listed[0]))
        assert said.remedies == listed
        assert said.as_json()["settings"] == listed[0].settings


def test_rates_are_lowered_and_never_raised() -> None:
    fast = RunConfig(g_lr=0.05, d_lr=1e-4)
    new, _ = changed(fast, {}, {}, lowered={"g_lr": 2e-3, "d_lr": 2e-3})
    assert (new.g_lr, new.d_lr) == (2e-3, 1e-4)


def test_advice_on_a_pattern_goes_before_that_on_the_verdict() -> None:
    within, total = (remedies_for("mode-collapse", None, pattern)[0] for pattern in ("within-mode", "total"))
    assert within.settings == {"penalty": "r1", "penalty_weight": 1.0}
    assert total.factors == {"g_lr": 0.3, "d_lr": 0.3}


def test_what_no_setting_does_is_said() -> None:
    none = healings.Record()
    assert "no setting does this: swap the labels" in decided("wiring", resolve("r1", {}), none)
    own = resolve("minimax", {"data": "ring"}).model_copy(update={"objective": "own"})
    found = Verdict("discriminator-too-strong", "severe", 7, None, None, {}, "", "")
    said = healing.attempt(found.remedies[0], found, 9, own, [0], lambda c: None)
    assert "--objective non-saturating is out of reach" in str(said)
    shapes = Remedy("Normalise.", "why", {"g_norm": "batch"})
    found = Verdict("oscillation", "mild", 7, None, None, {}, "", "")
    for config, fixed in (
        (RunConfig(network="own"), ""),
        (RunConfig(), "its weights come from another run"),
    ):
        why = healing.attempt(shapes, found, 9, config, [0], lambda c: None, fixed)
        assert f"--g-norm batch is out of reach, for {fixed or 'the networks are your own'}" in str(why)
    fresh = healing.attempt(shapes, found, 9, RunConfig(), [0, 5], lambda c: None)
    assert isinstance(fresh, healings.Healing)
    assert fresh.from_step == 0


def test_own_networks_go_back_to_their_first_weights(tmp_path: Path) -> None:
    torch.manual_seed(0)
    g, d = nn.Linear(2, 2), nn.Sequential(nn.Linear(2, 8), nn.LeakyReLU(0.2), nn.Linear(8, 1))
    first = [p.detach().clone() for p in g.parameters()]
    given = {
        "recipe": "minimax", "data": "ring", "latent_dim": 2, "batch_size": 8, "steps": 40, "g_lr": 1e30,
        "d_lr": 1e30, "heal": True,
    }  # fmt: skip
    told: list[str] = []
    run = gs.train(given, g, d, out=tmp_path / "own", tell=told.append)
    assert [sentence.split(",")[0].partition(" (")[0] for sentence in told] == ["healed diverged"]
    saved, _ = checkpoint.load(checkpoint.path_of(tmp_path / "own", 0))
    mine: list[Tensor] = [saved["generator/weight"], saved["generator/bias"]]
    assert all(torch.equal(a, b) for a, b in zip(first, mine, strict=True))
    assert (run.metrics["step"], run.metrics["diverged_at"]) == (40, None)


def test_idle_options_are_set_back_and_said() -> None:
    smooth = resolve("minimax", {"label_smoothing": 0.1, "dynamics": "simultaneous"})
    new, idle = changed(smooth, {"objective": "relativistic", "n_critic": 5}, {"g_lr": 0.5})
    assert idle == {"label_smoothing": 0.1, "dynamics": "simultaneous"}
    assert (new.label_smoothing, new.dynamics, new.g_lr) == (0.0, "alternating", smooth.g_lr / 2)
    with pytest.raises(BadInput, match="nothing to multiply"):
        changed(smooth, {}, {"penalty_weight": 10.0})


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["train", "ring", "r1", "--heal", "--no-diagnose"], "--heal acts on verdicts"),
        (["compare", "ring", "r1", "--heal", "--no-diagnose"], "--heal acts on verdicts"),
    ],
)
def test_heal_without_diagnosis_is_refused(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments, "--steps", "2", "--dry-run"]) == 2
    assert words in capsys.readouterr().err


def test_a_stack_does_not_heal(tmp_path: Path) -> None:
    two = [resolve("minimax", {**PLANTED, "seed": seed}) for seed in (0, 1)]
    with pytest.raises(BadInput, match="a stack shares them"):
        game.build(two, [tmp_path, tmp_path], evaluation_of("ring"))


def test_healings_are_shown_wherever_people_look(
    straight: tuple[Path, list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    folder, (sentence, *_) = straight
    assert main(["resume", str(folder), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["healings"][0]["sentence"] == sentence
    assert main(["diagnose", str(folder), "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["examined"]
    assert found["healed"]["healings"][0]["sentence"] == sentence
    assert main(["diagnose", str(folder)]) == 0
    assert sentence[:40] in " ".join(capsys.readouterr().out.split())
    assert main(["report", str(folder)]) == 0
    assert escape(sentence) in (folder / "report.html").read_text()


def test_what_is_to_begin_anew_goes_back_to_the_first_step() -> None:
    config = resolve("minimax", {"data": "ring", "diagnose_every": 20})
    found = Verdict("discriminator-too-strong", "severe", 201, None, None, {}, "", "")
    done = healing.decide(found, 300, config, healings.Record(), [0, 60, 100, 160, 220], lambda c: None)
    assert isinstance(done, healings.Healing)
    assert (done.from_step, done.changes["objective"][1]) == (0, "non-saturating")
