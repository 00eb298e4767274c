"""What every Store must do, whatever lies under it. A subclass says how to open one; several may share a place."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from eventsourcing.dcb.tests import DCBRecorderTestCase
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.errors import Misuse, NotFound, Untrusted
from ledger.proof.merkle import EMPTY_ROOT, leaf_hash, root_of, tree_root, verify_inclusion
from ledger.proof.merkle import inclusion_proof as prove
from ledger.store.contract import READ_PAGE_ENTRIES, Appended, BoundaryMoved, EntryEvent, Pending, Query, Seal, Store
from ledger.store.dcb import StoreRecorder
from tests.depth_of import times

THREADS = 8  # enough to be in each other's way on two cores


def event(data: bytes, *tags: str, kind: str = "noted.v1", statement_id: str | None = None) -> EntryEvent:
    return EntryEvent(kind, data, list(tags), statement_id)


def one(data: bytes, *tags: str, kind: str = "noted.v1", statement_id: str | None = None) -> Pending:
    return Pending((event(data, *tags, kind=kind, statement_id=statement_id),))


def plain_seal(size: int, root: bytes, before: bytes = b"") -> bytes:
    return b"%d %b" % (size, root.hex().encode())


class StoreContract:
    """Subclass as `class TestSQLite(StoreContract)` and give `open`; every call with one place sees the same log."""

    def open(self, place: Path, seal: Seal = plain_seal) -> Store:
        raise NotImplementedError

    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        with self.opened(tmp_path) as store:
            yield store

    @contextmanager
    def opened(self, place: Path, seal: Seal = plain_seal) -> Iterator[Store]:
        store = self.open(place, seal)
        try:
            yield store
        finally:
            store.close()

    # -- appending -----------------------------------------------------------------------------------------------

    def test_an_empty_log_has_size_zero_and_no_checkpoint(self, store: Store) -> None:
        assert (store.size(), store.head(), list(store.read_entries())) == (0, (0, b""), [])

    def test_entries_stand_in_order_with_exact_bytes(self, store: Store) -> None:
        receipts = store.append_batch([one(b"\x00a"), one(b"b" * 70_000), one(b"c")])
        assert receipts.outcomes == (Appended(0), Appended(1), Appended(2))
        assert [entry.entry for entry in store.read_entries()] == [b"\x00a", b"b" * 70_000, b"c"]
        assert [entry.index for entry in store.read_entries()] == [0, 1, 2]

    def test_entries_of_one_pending_stand_together_under_the_first_index(self, store: Store) -> None:
        store.append_batch([one(b"a")])
        receipts = store.append_batch([Pending((event(b"b"), event(b"c"))), one(b"d")])
        assert receipts.outcomes == (Appended(1), Appended(3))
        assert receipts.size == store.size() == 4

    def test_tags_and_type_come_back_as_they_went_in(self, store: Store) -> None:
        store.append_batch([one(b"a", "b:2", "a:1", "b:2", kind="seen.v1"), one(b"b")])
        first, second = store.read_entries()
        assert (first.type, first.tags, second.tags) == ("seen.v1", ("b:2", "a:1", "b:2"), ())

    def test_an_entry_is_found_by_index_and_by_statement(self, store: Store) -> None:
        store.append_batch([one(b"a"), one(b"b", statement_id="s-1")])
        assert store.entry(1) == store.by_statement("s-1")
        assert store.entry(1).statement_id == "s-1"
        assert store.by_statement("s-2") is None

    @pytest.mark.parametrize("index", [-1, 2, 2**40])
    def test_an_index_outside_the_log_is_unknown(self, store: Store, index: int) -> None:
        store.append_batch([one(b"a"), one(b"b")])
        with pytest.raises(NotFound, match="entry_unknown"):
            store.entry(index)

    def test_a_seal_that_fails_leaves_nothing(self, tmp_path: Path) -> None:
        def broken(size: int, root: bytes, before: bytes) -> bytes:
            if size > 1:
                raise Untrusted("key_gone", "the key does not answer")
            return b"ok"

        with self.opened(tmp_path, broken) as store:
            store.append_batch([one(b"a")])
            with pytest.raises(Untrusted, match="key_gone"):
                store.append_batch([one(b"b", "t:1", statement_id="s-1")])
            assert (store.head(), list(store.read_entries([Query(tags=["t:1"])]))) == ((1, b"ok"), [])
            assert store.by_statement("s-1") is None

    def test_a_closed_store_says_so(self, tmp_path: Path) -> None:
        store = self.open(tmp_path)
        store.append_batch([one(b"a")])
        store.close()
        for call in (store.size, store.head, lambda: store.entry(0), lambda: store.append_batch([one(b"b")])):
            with pytest.raises(Misuse, match="store_closed"):
                call()

    # -- conditions ----------------------------------------------------------------------------------------------

    @pytest.mark.parametrize(
        ("boundary", "moved"),
        [
            (Query(types=["noted.v1"], tags=["a:1"]), True),
            (Query(types=["other.v1"], tags=["a:1"]), False),
            (Query(types=["noted.v1"], tags=["a:2"]), False),
            (Query(tags=["a:1", "b:1"]), True),
            (Query(tags=["a:1", "b:2"]), False),
            (Query(types=["noted.v1"]), True),
            (Query(types=["other.v1"]), False),
            (Query(), True),
        ],
    )
    def test_an_append_fails_exactly_when_its_boundary_has_an_answer(
        self, store: Store, boundary: Query, moved: bool
    ) -> None:
        store.append_batch([one(b"a", "a:1", "b:1")])
        (outcome,) = store.append_batch([Pending((event(b"b"),), (boundary,), 0)]).outcomes
        assert outcome == (BoundaryMoved(0) if moved else Appended(1))
        assert store.size() == (1 if moved else 2)

    def test_what_stands_at_the_boundary_or_before_is_not_in_the_way(self, store: Store) -> None:
        store.append_batch([one(b"a", "a:1"), one(b"b", "a:1")])
        boundary = (Query(tags=["a:1"]),)
        (late,) = store.append_batch([Pending((event(b"c"),), boundary, 1)]).outcomes
        (fine,) = store.append_batch([Pending((event(b"c"),), boundary, 2)]).outcomes
        assert (late, fine) == (BoundaryMoved(1), Appended(2))

    def test_a_condition_sees_the_entries_of_its_own_batch_and_fails_alone(self, store: Store) -> None:
        claim = Pending((event(b"mine", "seat:1"),), (Query(tags=["seat:1"]),), 0)
        rival = Pending((event(b"no, mine", "seat:1"),), (Query(tags=["seat:1"]),), 0)
        receipts = store.append_batch([claim, rival, one(b"else")])
        assert receipts.outcomes == (Appended(0), BoundaryMoved(0), Appended(1))
        assert [entry.entry for entry in store.read_entries()] == [b"mine", b"else"]

    def test_a_boundary_may_be_as_wide_as_a_large_family(self, store: Store) -> None:
        boundary = tuple(Query(types=["a.v1", "b.v1"], tags=[f"asset:{n}"]) for n in range(3_000))
        store.append_batch([one(b"a", "asset:2999", kind="b.v1")])
        outcomes = store.append_batch(
            [Pending((event(b"b"),), boundary, 0), Pending((event(b"c"),), boundary, 1)]
        ).outcomes
        assert outcomes == (BoundaryMoved(0), Appended(1))

    def test_a_read_may_be_as_wide_as_a_large_family(self, store: Store) -> None:
        store.append_batch([one(b"%d" % n, f"asset:{n % 40}") for n in range(1_200)])
        queries = [Query(tags=[f"asset:{n}"]) for n in range(20, 2_020)]
        expected = [n for n in range(1_200) if n % 40 >= 20]
        assert [entry.index for entry in store.read_entries(queries)] == expected
        assert [entry.index for entry in store.read_entries(queries, limit=7)] == expected[:7]
        assert [entry.index for entry in store.read_entries(queries, after=25, upto=61)] == [*range(25, 40), 60]

    def test_of_many_rival_threads_exactly_one_wins(self, store: Store) -> None:
        def claim(n: int) -> object:
            pending = Pending((event(b"%d" % n, "seat:1"),), (Query(tags=["seat:1"]),), 0)
            return store.append_batch([pending]).outcomes[0]

        with ThreadPoolExecutor(THREADS) as pool:
            outcomes = list(pool.map(claim, range(40)))
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Appended"] + ["BoundaryMoved"] * 39
        assert store.size() == 1

    # -- idempotency ---------------------------------------------------------------------------------------------

    def test_a_statement_said_again_is_the_same_entry(self, store: Store) -> None:
        store.append_batch([one(b"a"), one(b"b", statement_id="s-1")])
        head = store.head()
        receipts = store.append_batch([one(b"b", statement_id="s-1")])
        assert (receipts.outcomes, receipts.size, receipts.checkpoint) == ((Appended(1, existing=True),), *head)
        assert store.head() == head

    def test_a_statement_twice_in_one_batch_is_one_entry(self, store: Store) -> None:
        receipts = store.append_batch([one(b"a", statement_id="s-1"), one(b"a", statement_id="s-1"), one(b"b")])
        assert receipts.outcomes == (Appended(0), Appended(0, existing=True), Appended(1))

    def test_a_statement_that_is_there_is_found_before_its_boundary_is_judged(self, store: Store) -> None:
        pending = Pending((event(b"a", "seat:1", statement_id="s-1"),), (Query(tags=["seat:1"]),), 0)
        outcomes = [store.append_batch([pending]).outcomes[0] for _ in range(2)]
        assert outcomes == [Appended(0), Appended(0, existing=True)]

    def test_of_many_threads_saying_the_same_exactly_one_writes(self, store: Store) -> None:
        def say(n: int) -> object:
            return store.append_batch([one(b"a", statement_id=f"s-{n % 5}")]).outcomes[0]

        with ThreadPoolExecutor(THREADS) as pool:
            outcomes = list(pool.map(say, range(50)))
        fresh = [outcome for outcome in outcomes if outcome == Appended(getattr(outcome, "index", -1))]
        assert (len(fresh), store.size()) == (5, 5)

    # -- the tree ------------------------------------------------------------------------------------------------

    def test_the_checkpoint_seals_the_root_of_exactly_these_leaves(self, store: Store) -> None:
        leaves: list[bytes] = []
        for width in (1, 2, 254, 1, 3, 300):
            batch = [b"%d" % (len(leaves) + n) for n in range(width)]
            receipts = store.append_batch([one(data) for data in batch])
            leaves += map(leaf_hash, batch)
            assert receipts.checkpoint == plain_seal(len(leaves), root_of(leaves))
            assert store.head() == (len(leaves), receipts.checkpoint)
            assert tree_root(len(leaves), store) == root_of(leaves)

    def test_any_entry_can_be_proved_in_any_older_tree(self, store: Store) -> None:
        leaves = [leaf_hash(b"%d" % n) for n in range(600)]
        store.append_batch([one(b"%d" % n) for n in range(600)])
        for size in (1, 2, 255, 256, 257, 511, 600):
            for index in {0, size // 2, size - 1}:
                verify_inclusion(index, size, leaves[index], prove(index, size, store), root_of(leaves[:size]))
        assert tree_root(0, store) == EMPTY_ROOT

    # -- reading -------------------------------------------------------------------------------------------------

    def test_pages_join_without_a_gap(self, store: Store) -> None:
        count = READ_PAGE_ENTRIES * 2 + 3
        store.append_batch([one(b"%d" % n, "a:1") for n in range(count)])
        for queries in ([], [Query(tags=["a:1"])], [Query(types=["noted.v1"])]):
            assert [entry.index for entry in store.read_entries(queries)] == list(range(count))
            limited = store.read_entries(queries, after=1, limit=READ_PAGE_ENTRIES + 1)
            assert [entry.index for entry in limited] == list(range(1, READ_PAGE_ENTRIES + 2))

    def test_of_many_tags_those_that_nobody_carries_are_told_at_once(self, store: Store) -> None:
        assert store.unheard([]) == []
        store.append_batch([one(b"x", "asset:1", "brief:é"), one(b"y", "asset:2")])
        asked = ["asset:1", "asset:3", "brief:é", "brief:e", "asset:2", "asset:"]
        assert sorted(store.unheard(asked)) == ["asset:", "asset:3", "brief:e"]

    @pytest.mark.parametrize("limit", [0, -1])
    def test_a_read_of_nothing_reads_nothing(self, store: Store, limit: int) -> None:
        store.append_batch([one(b"a")])
        assert list(store.read_entries(limit=limit)) == []

    def test_reading_by_tag_and_type_is_the_same_as_filtering_everything(self, store: Store) -> None:
        tags, types = ["a:1", "a:2", "b:1"], ["x.v1", "y.v1", "z.v1"]
        events = st.builds(event, st.binary(max_size=3), kind=st.sampled_from(types))
        tagged = st.builds(
            lambda e, t: EntryEvent(e.type, e.data, t), events, st.lists(st.sampled_from(tags), max_size=3)
        )
        query = st.builds(
            Query,
            types=st.lists(st.sampled_from(types), max_size=2),
            tags=st.lists(st.sampled_from(tags), max_size=3),
        )
        bound = st.integers(0, 20)

        @settings(max_examples=times(25), deadline=None, suppress_health_check=list(HealthCheck))
        @given(
            st.lists(tagged, max_size=8),
            st.lists(query, max_size=3),
            bound,
            st.none() | bound,
            st.none() | bound,
        )
        def check(
            fresh: list[EntryEvent], queries: list[Query], after: int, upto: int | None, limit: int | None
        ) -> None:
            if fresh:
                store.append_batch([Pending((new,)) for new in fresh])
            end = store.size()
            after, upto = max(0, end - after), None if upto is None else max(0, end - upto)
            everything = list(store.read_entries())
            wanted = [
                entry
                for entry in everything
                if after < entry.index + 1 <= (end if upto is None else upto)
                and (not queries or any(matches(query, entry.type, entry.tags) for query in queries))
            ][:limit]
            assert list(store.read_entries(queries, after=after, upto=upto, limit=limit)) == wanted

        check()

    def test_readers_in_many_threads_see_whole_transactions(self, store: Store) -> None:
        done = threading.Event()

        def read() -> int:
            seen = 0
            while not done.is_set():
                size, checkpoint = store.head()
                entries = list(store.read_entries(upto=size))
                assert len(entries) == size and size % 3 == 0
                assert not size or checkpoint == plain_seal(size, root_of([leaf_hash(e.entry) for e in entries]))
                seen = size
            return seen

        with ThreadPoolExecutor(THREADS) as pool:
            readers = [pool.submit(read) for _ in range(4)]
            for n in range(30):
                store.append_batch([one(b"%d/%d" % (n, part)) for part in range(3)])
            done.set()
            for reader in readers:
                reader.result(30)

    # -- following -----------------------------------------------------------------------------------------------

    def test_waiting_ends_at_once_when_there_is_more(self, store: Store) -> None:
        store.append_batch([one(b"a")])
        assert store.wait(0, 60) == 1

    def test_waiting_gives_up_in_time(self, store: Store) -> None:
        assert store.wait(0, 0.01) == 0

    def test_an_append_wakes_who_waits(self, store: Store) -> None:
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(store.wait, 0, 60)
            store.append_batch([one(b"a")])
            assert waiting.result(30) == 1

    def test_whoever_waits_can_be_woken_without_an_append(self, store: Store) -> None:
        with ThreadPoolExecutor(THREADS) as pool:
            waiting = [pool.submit(store.wait, 0, 60) for _ in range(THREADS)]
            for _ in range(3_000):  # one that had not begun to wait when it was called is called again
                store.wake()
                if all(one.done() for one in waiting):
                    break
                time.sleep(0.01)
            assert [one.result(0) for one in waiting] == [0] * THREADS

    def test_a_follower_sees_everything_once_and_in_order(self, store: Store) -> None:
        with StoreRecorder(store).subscribe() as subscription, ThreadPoolExecutor(THREADS) as pool:
            said = pool.map(lambda n: store.append_batch([one(b"%d" % n)] * 2), range(30))
            positions = [next(subscription).position for _ in range(60)]
            assert positions == list(range(1, 61))
            assert len(list(said)) == 30

    def test_another_opening_of_the_same_place_sees_and_wakes(self, store: Store, tmp_path: Path) -> None:
        with self.opened(tmp_path) as other, ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(other.wait, 0, 60)
            store.append_batch([one(b"a", statement_id="s-1")])
            assert waiting.result(30) == 1
            assert other.append_batch([one(b"a", statement_id="s-1"), one(b"b")]).outcomes == (
                Appended(0, existing=True),
                Appended(1),
            )
            assert store.head() == other.head()

    def test_a_log_opened_again_goes_on_where_it_stopped(self, tmp_path: Path) -> None:
        for n in range(3):
            with self.opened(tmp_path) as store:
                assert store.append_batch([one(b"%d" % n)]).outcomes == (Appended(n),)

    # -- eventsourcing's own suite -------------------------------------------------------------------------------

    def test_eventsourcing_append_and_read(self, store: Store) -> None:
        DCBRecorderTestCase()._test_append_read(StoreRecorder(store))

    def test_eventsourcing_append_and_read_on_a_log_that_has_entries(self, store: Store) -> None:
        store.append_batch([one(b"a", "other:1")] * 5)
        recorder = StoreRecorder(store)
        assert recorder.read().head == 5

    def test_eventsourcing_append_and_subscribe(self, store: Store) -> None:
        DCBRecorderTestCase()._test_append_subscribe(StoreRecorder(store))


def matches(query: Query, kind: str, tags: tuple[str, ...]) -> bool:
    """The naive filter: all of the tags, any of the types; an empty list asks nothing."""
    return (not query.types or kind in query.types) and set(query.tags) <= set(tags)


def in_threads(count: int, work: Callable[[int], object]) -> list[object]:
    """Runs `work(0..count-1)`, all let go at once."""
    gate = threading.Barrier(count)

    def run(n: int) -> object:
        gate.wait(30)
        return work(n)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))
