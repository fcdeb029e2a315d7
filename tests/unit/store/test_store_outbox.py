"""The outbox and the registered edges: strict order, and nothing taken away before its time."""

from seal53.store import Store, edges, outbox


def test_rows_come_in_order_and_from_where_one_was(store: Store) -> None:
    with store.write() as tx:
        first = outbox.append(tx, "zone:Z1", 2, "records", [(b"\x00", 1, "")])
        outbox.append(tx, "zone:Z2", 1, "zone")
    with store.read() as tx:
        assert [(r.subject, r.version, r.kind) for r in outbox.pending(tx)] == [
            ("zone:Z1", 2, "records"),
            ("zone:Z2", 1, "zone"),
        ]
        assert outbox.pending(tx)[0].detail == [[b"\x00", 1, ""]]
        assert [r.subject for r in outbox.pending(tx, after=first)] == ["zone:Z2"]


def test_a_number_is_never_used_again(store: Store) -> None:
    with store.write() as tx:
        last = outbox.append(tx, "zone:Z1", 1, "zone")
        outbox.done_up_to(tx, "zone:Z1", 1)
    with store.write() as tx:
        assert outbox.append(tx, "zone:Z1", 2, "records") > last


def test_only_what_is_served_is_taken_away(store: Store) -> None:
    with store.write() as tx:
        for version in (1, 2, 3):
            outbox.append(tx, "zone:Z1", version, "records")
        outbox.append(tx, "zone:Z2", 1, "zone")
        outbox.done_up_to(tx, "zone:Z1", 2)
        assert [(r.subject, r.version) for r in outbox.pending(tx)] == [("zone:Z1", 3), ("zone:Z2", 1)]


def test_an_edge_registers_once(store: Store) -> None:
    with store.write() as tx:
        edges.register(tx, "edge-2", "edge", 10)
        edges.register(tx, "edge-2", "edge", 20)
        edges.register(tx, "resolver-3", "resolver", 30)
        assert [(e.id, e.role, e.registered_at) for e in edges.every(tx)] == [
            ("edge-2", "edge", 10),
            ("resolver-3", "resolver", 30),
        ]
        edges.remove(tx, "edge-2")
        assert [e.id for e in edges.every(tx)] == ["resolver-3"]
