"""The line between a role and its supervisor."""

import socket

from seal53.feed.link import Answers, CannotStart, Ended, Facts, Link, Started


def test_messages_arrive_whole_and_in_order() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        role, supervisor = Link(theirs, edge_id="edge-1"), Link(ours, edge_id="edge-1")
        role.send(Answers())
        role.send(Facts(facts={"api": "http://127.0.0.1:1"}))
        role.send(CannotStart(why="a\nb"))
        assert supervisor.feed() == [
            Answers(),
            Facts(facts={"api": "http://127.0.0.1:1"}),
            CannotStart(why="a\nb"),
        ]


def test_half_a_line_waits_for_its_other_half_and_noise_is_passed_over() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        control = Link(ours, edge_id="control-1")
        theirs.sendall(b'no json\n{"type":"started","edge')
        assert control.feed() == []
        theirs.sendall(b'_id":"edge-4"}\n{"type":"ended","edge_id":"edge-2"}\n')
        assert control.feed() == [Started(edge_id="edge-4"), Ended(edge_id="edge-2")]


def test_an_end_that_is_gone_is_noticed() -> None:
    ours, theirs = socket.socketpair()
    with ours:
        theirs.close()
        link = Link(ours, edge_id="edge-1")
        link.send(Answers())
        assert link.feed() is None


def test_facts_do_not_show_their_secrets() -> None:
    assert "wJalr" not in repr(Facts(facts={"secret_access_key": "wJalr"}))


def test_an_end_that_does_not_read_is_noticed_by_one_that_does_not_wait() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        control = Link(ours, edge_id="control-1")
        assert control.send(Started(edge_id="edge-2"))
        assert not all(control.send(Started(edge_id="e" * 10_000)) for _ in range(1000))
