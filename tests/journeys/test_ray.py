"""The Ray engine on a real Ray of this machine: a killed worker, a stop, the bits of the local engine."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

import ganscope as gs
from ganscope.cli import app
from ganscope.comparison import Comparison, resume_comparison
from ganscope.contracts import Interrupted
from ganscope.running import Engine, Job, open_engine
from tests.crashes import contents
from tests.games import config

TINY: dict[str, Any] = {
    "seeds": 2, "g_width": 16, "d_width": 16, "g_depth": 1, "d_depth": 1, "latent_dim": 4, "batch_size": 8,
    "steps": 120, "budget": "steps", "diagnose": False,
    "evaluate_every": 120, "checkpoint_every": 10, "log_every": 5,
}  # fmt: skip
RECORDED = ("generator.safetensors", "history.jsonl", "metrics.json", "config.json")


def trained(comparison: Comparison) -> dict[str, str]:
    """Digests of what every run left."""
    folders = sorted(comparison.folder.glob("*/seed-*"))
    return {
        f"{folder.parent.name} {folder.name} {name}": contents(folder)[name]
        for folder in folders
        for name in RECORDED
    }


@pytest.fixture(scope="module")
def cluster() -> Iterator[Engine]:
    pytest.importorskip("ray")
    with open_engine("ray") as engine:
        yield engine


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Data of few rows, whose evaluation takes no time."""
    file = tmp_path_factory.mktemp("data") / "rows.csv"
    rows = torch.randn(300, 2, generator=torch.Generator().manual_seed(0))
    file.write_text("a,b\n" + "\n".join(f"{a},{b}" for a, b in rows.tolist()) + "\n")
    return str(file)


@pytest.fixture(scope="module")
def straight(table: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the local engine trains."""
    return trained(gs.compare(table, ["wgan-gp", "r1"], out=tmp_path_factory.mktemp("local") / "c", **TINY))


@pytest.mark.usefixtures("cluster")
def test_a_killed_worker_is_replaced_and_the_bits_are_those_of_the_local_engine(
    table: str, straight: dict[str, str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    killed: list[int] = []
    steps: dict[str, list[int]] = {"wgan-gp": [], "r1": []}
    notes: list[tuple[str, str]] = []

    def progress(recipe: str, event: dict[str, Any]) -> None:
        notes.extend([(recipe, event["note"])] if "note" in event else [])
        steps[recipe].extend([event["step"]] if "step" in event else [])
        if recipe == "wgan-gp" and not killed and event.get("step", 0) >= 50:
            lock = tmp_path / "c" / "wgan-gp" / "seed-0" / ".lock"
            killed.append(json.loads(lock.read_text())["pid"])
            os.kill(killed[0], signal.SIGKILL)

    ours = gs.compare(table, ["wgan-gp", "r1"], out=tmp_path / "c", engine="ray", progress=progress, **TINY)
    assert killed
    assert notes == [("wgan-gp", "its worker was lost; going on from the newest checkpoint")]
    assert steps["wgan-gp"].count(0) == 1, "it does not begin again"
    assert [events[-1] for events in steps.values()] == [120, 120]
    assert trained(ours) == straight
    assert ours.failures == {}
    assert capfd.readouterr().out == "", "results go to standard output, and nothing else"


@pytest.mark.usefixtures("cluster")
def test_a_stop_saves_and_the_cluster_goes_on_to_the_same_bits(table: str, tmp_path: Path) -> None:
    long = TINY | {"steps": 500, "evaluate_every": 500, "checkpoint_every": 100}  # a stop takes a while
    straight = trained(gs.compare(table, ["wgan-gp"], out=tmp_path / "straight", **long))
    under_way = threading.Event()
    with pytest.raises(Interrupted):
        gs.compare(table, ["wgan-gp"], out=tmp_path / "c", engine="ray", stop=under_way.is_set,
            progress=lambda recipe, event: under_way.set(), **long,
        )  # fmt: skip
    assert not (tmp_path / "c" / "wgan-gp" / "seed-0" / "metrics.json").exists()
    assert trained(resume_comparison(tmp_path / "c", engine="ray")) == straight


def test_what_goes_wrong_in_a_task_is_said_and_the_others_go_on(cluster: Engine, tmp_path: Path) -> None:
    fine, absent, wild = (
        Job([config("r1", steps=3, **given)], [tmp_path / name])
        for name, given in {"fine": {}, "absent": {}, "wild": {"d_lr": 1e18, "g_lr": 1e18}}.items()
    )
    for job in (fine, wild):
        job.folders[0].mkdir()
    failed: dict[int, str] = {}
    failures = cluster.run(
        [fine, absent, wild],
        lambda index, event: failed.update({index: event["failed"]} if "failed" in event else {}),
        lambda: False,
    )
    assert failures == failed
    assert set(failures) == {1, 2}
    assert "share" in failures[1]
    assert "NaN or infinite" in failures[2]
    assert (fine.folders[0] / "metrics.json").exists()


@pytest.fixture
def no_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "ray", None)


@pytest.mark.usefixtures("no_ray")
def test_without_ray_the_extra_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert app.main(["compare", "ring", "r1", "--engine", "ray", "--out", str(tmp_path / "c")]) == 2
    assert "pip install 'ganscope[ray]'" in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "c").exists()


def unused_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        port: int = server.getsockname()[1]
        return port


def test_an_address_where_nobody_answers_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("ray")
    address = f"127.0.0.1:{unused_port()}"
    with pytest.raises(gs.BadInput, match=f"{address} \\(Connection refused\\).*ray start --head"):
        gs.compare("ring", ["r1"], out=tmp_path / "c", engine="ray", ray_address=address)
    assert not (tmp_path / "c").exists()


def test_one_process_has_one_ray(cluster: Engine) -> None:
    del cluster
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        threading.Thread(target=lambda: greet(server, b"\0\0\0\4\0\0\0\0\0"), daemon=True).start()
        with pytest.raises(gs.BadInput, match="is connected to the Ray at"), open_engine("ray", address):
            pass


def greet(server: socket.socket, words: bytes) -> None:
    with server.accept()[0] as connection:
        connection.recv(100)
        connection.sendall(words)


def test_a_port_of_something_else_is_refused() -> None:
    pytest.importorskip("ray")
    with socket.create_server(("127.0.0.1", 0)) as server:
        words = b"HTTP/1.1 400 Bad Request\r\n\r\n"
        threading.Thread(target=lambda: greet(server, words), daemon=True).start()
        address = f"127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(gs.BadInput, match="is no Ray"), open_engine("ray", address):
            pass


@pytest.mark.parametrize(
    ("name", "address", "words"),
    [
        ("rya", "", "unknown engine 'rya': did you mean 'ray'"),
        ("local", "10.0.0.1:6379", "--ray-address 10.0.0.1:6379 has no effect on the local engine"),
        ("ray", "nonsense", "--ray-address nonsense is no address"),
        ("ray", "ray://10.0.0.1:10001", "--ray-address ray://10.0.0.1:10001 is no address"),
    ],
)
def test_engines_and_addresses_that_are_none(name: str, address: str, words: str) -> None:
    with pytest.raises(gs.BadInput, match=words), open_engine(name, address):
        pass
