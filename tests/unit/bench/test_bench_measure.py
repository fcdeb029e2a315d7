"""Measuring: the checks by our own counters, processes, and the load generator against the floor."""

import os
import subprocess
import sys

import pytest
from bench import load, measure, peers, processes, subject, zone
from bench.__main__ import _arguments
from bench.judge import sampled
from bench.load import Load, Run, Target
from bench.processes import BenchFault, Missing

TARGET = Target(name="seal53", host="127.0.0.1", port=53, pid=1)
CPU = min(os.sched_getaffinity(0))
gcc = pytest.mark.skipif(processes.find("gcc") is None, reason="gcc is not installed")


def run(completed):
    return Run(
        completed=completed,
        lost=0,
        first=0,
        fresh=completed,
        seconds=1.0,
        answer_octets=1,
        truncated=0,
        p50_us=1,
        p99_us=1,
        rcodes={},
    )


@pytest.mark.parametrize(
    ("workload", "counted", "why"),
    [
        ("nx", {"signatures_made": 99, "denials_sent": 100}, "never repeat"),
        ("mix", {"signatures_made": 19, "denials_sent": 20}, "never repeat"),
        ("nx", {"signatures_made": 99, "denials_sent": 99}, "99 denials were counted"),
        ("nx", {"denials_sent": 100}, "no counter"),
    ],
)
def test_counters_that_do_not_fit_end_the_run(workload, counted, why):
    with pytest.raises(BenchFault, match=why):
        measure._check_counters(TARGET, workload, run(100), counted)


def test_counters_that_fit_pass():
    measure._check_counters(TARGET, "nx", run(100), {"signatures_made": 101, "denials_sent": 100})
    measure._check_counters(TARGET, "pos", run(100), {"signatures_made": 0, "denials_sent": 0})


def test_an_unoptimized_build_is_refused(monkeypatch):
    monkeypatch.setattr(subject, "build_info", lambda: {"profile": "debug"})
    with pytest.raises(BenchFault, match="make setup"):
        subject.require_optimized()
    monkeypatch.setattr(subject, "build_info", lambda: {"profile": "release"})
    assert subject.require_optimized() == {"profile": "release"}


def test_what_is_missing_is_named_with_its_package(monkeypatch):
    monkeypatch.setattr(processes, "find", lambda program: None)
    with pytest.raises(Missing, match=r"knotd, nsd not installed \(apt-get install knot nsd\)"):
        processes.require("knotd", "nsd")


def test_a_family_is_a_process_with_its_descendants():
    script = (
        "import subprocess, sys; p = subprocess.Popen(['cat']); print(p.pid, flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        child = int(parent.stdout.readline())
        assert processes.family(parent.pid) == [parent.pid, child]
        assert processes.pss_mb([parent.pid, child]) > 1
        assert processes.cpu_s([parent.pid]) >= 0
        processes.pin([parent.pid], CPU)
        assert os.sched_getaffinity(parent.pid) == {CPU}
        parent.stdin.close()
        parent.wait()
    with pytest.raises(BenchFault, match="ended while it was measured"):
        processes.cpu_s([parent.pid])


def test_a_server_ends_with_its_block(tmp_path):
    with processes.running(["cat", "/dev/zero"], tmp_path / "log", cpu=CPU) as process:
        assert processes.family(process.pid) == [process.pid]
    assert process.returncode is not None


def test_a_server_that_ends_at_once_leaves_its_last_words(tmp_path):
    log = tmp_path / "log"
    with processes.running(["sh", "-c", "echo no such zone >&2"], log) as process:
        process.wait()
        with pytest.raises(BenchFault, match="ended: no such zone"):
            peers.wait_until_served(TARGET, process, log)


@gcc
def test_the_load_generator_asks_fresh_names_and_keeps_a_sample(tmp_path):
    queries = zone.write_queries(tmp_path, 10)
    generator = Load(load.build("dnsload.c", tmp_path), cpu=CPU)
    floor = peers.floor(load.build("floor.c", tmp_path))
    sample = tmp_path / "sample"
    place = peers.Place(directory=tmp_path, port=peers.free_port(), unsigned=tmp_path, signed=tmp_path)
    with processes.running(floor.start(place), tmp_path / "log") as process:
        target = Target(name="floor", host=peers.HOST, port=place.port, pid=process.pid)
        peers.wait_until_served(target, process, tmp_path / "log")
        first = generator.run(target, queries["nx"], seconds=30, most=500, sample=sample)
        labels = [zone.fresh_number(label_of(wire)) for wire in sampled(sample)]
        second = generator.run(target, queries["nx"], seconds=30, most=500)
        hits = generator.run(target, queries["pos"], seconds=30, most=500)
    assert first.completed + first.lost == 500
    assert first.fresh >= 500
    assert len(labels) == len(set(labels)) == 5
    assert set(labels) <= set(first.numbers)
    assert second.first == first.first + first.fresh
    assert hits.fresh == 0
    assert first.answer_octets == peers.FLOOR_ANSWER


@gcc
def test_the_load_generator_says_what_is_wrong(tmp_path):
    binary = load.build("dnsload.c", tmp_path)
    queries = zone.write_queries(tmp_path, 1)["pos"]
    elsewhere = Target(name="other", host="192.0.2.1", port=53, pid=1)
    with pytest.raises(BenchFault, match="not a loopback address"):
        Load(binary, cpu=CPU).run(elsewhere, queries, seconds=0.1)
    with pytest.raises(BenchFault, match="No such file"):
        Load(binary, cpu=CPU).run(TARGET, tmp_path / "absent", seconds=0.1)


def label_of(wire):
    return wire[13 : 13 + wire[12]].decode()


def test_arguments_choose_peers_by_family(capsys):
    assert _arguments([]).only == ("knot", "nsd", "bind", "pdns")
    assert _arguments(["--only", "knot,pdns"]).only == ("knot", "pdns")
    with pytest.raises(SystemExit):
        _arguments(["--only", "unbound"])
    assert "unbound is not one of knot, nsd, bind, pdns" in capsys.readouterr().err
