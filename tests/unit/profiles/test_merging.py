import msgspec
import pytest

from tailorbird.domain.facts import Event, Link, State
from tailorbird.domain.profile import Display, Profile, Seen, Stamp, Visit
from tailorbird.domain.visitor import Visitor
from tailorbird.domain.visits import KEPT_MS
from tailorbird.profiles import combine, fold, fold_batch, merge
from tailorbird.profiles.draft import RECENT_SESSIONS

NOW = 1_800_000_000_000
KNOWN = Profile(person=1, bucket_id="k", ids=("u1",), first_seen=200)
DEVICE = Profile(person=2, bucket_id="d1", anonymous_ids=("d1",), first_seen=100)
BOTH = Visitor(id="u1", anonymous_id="d1")


def exposed(profile: Profile, at: int, arm: str = "x") -> Profile:
    return msgspec.structs.replace(profile, exposures={"hero": Seen(at, 1, "r", arm, 0)})


def test_the_older_side_gives_the_bucket_id() -> None:
    assert merge(KNOWN, DEVICE, NOW).bucket_id == "d1"
    assert merge(msgspec.structs.replace(KNOWN, first_seen=99), DEVICE, NOW).bucket_id == "k"


def test_a_campaign_keeps_what_its_one_exposed_side_was_drawn_on() -> None:
    both = merge(exposed(KNOWN, 500), DEVICE, NOW)
    assert (both.bucket_id, both.bucket_ids, both.conflicts) == ("d1", {"hero": "k"}, 0)


@pytest.mark.parametrize(("mine", "theirs", "kept"), [(500, 600, {"hero": "k"}), (600, 500, {})])
def test_two_exposed_sides_keep_the_first_and_are_a_conflict(mine: int, theirs: int, kept: dict[str, str]) -> None:
    both = merge(exposed(KNOWN, mine, "x"), exposed(DEVICE, theirs, "y"), NOW)
    assert (both.bucket_ids, both.conflicts) == (kept, 1)
    assert both.exposures["hero"].at == 500


def test_two_exposed_sides_are_a_conflict_where_arm_or_bucket_id_differ_and_only_there() -> None:
    alike = msgspec.structs.replace(KNOWN, bucket_id="d1")
    assert merge(exposed(KNOWN, 5, "x"), exposed(DEVICE, 6, "x"), NOW).conflicts == 1
    assert merge(exposed(alike, 5, "x"), exposed(DEVICE, 6, "y"), NOW).conflicts == 1
    assert merge(exposed(alike, 5, "x"), exposed(DEVICE, 6, "x"), NOW).conflicts == 0


def test_attributes_of_the_later_stamp_win_and_a_removal_is_a_write() -> None:
    one = Profile(person=1, bucket_id="a", attributes={"n": 1, "m": 1}, stamps={"n": Stamp(5, "e"), "m": Stamp(5, "e")})
    other = Profile(person=2, bucket_id="b", attributes={"m": 2}, stamps={"n": Stamp(6, "e"), "m": Stamp(4, "z")})
    for both in (merge(one, other, NOW), merge(other, one, NOW)):
        assert both.attributes == {"m": 1}
        assert both.stamps == {"n": Stamp(6, "e"), "m": Stamp(5, "e")}


def test_of_two_writes_with_one_stamp_the_same_wins_in_any_order() -> None:
    events = [
        Event(
            project="shop",
            visitor=BOTH,
            id="e",
            name="view",
            time=NOW,
            received_at=NOW,
            source=str(value),
            attributes={"n": value},
        )
        for value in (1, 2, None)
    ]
    there = fold(fold(fold(KNOWN, events[0]), events[1]), events[2])
    back = fold(fold(fold(KNOWN, events[2]), events[1]), events[0])
    assert there.attributes == back.attributes


def test_displays_are_added_and_recent_sessions_united() -> None:
    mine = tuple((NOW - number, f"a{number}") for number in range(10))
    theirs = tuple((NOW - number, f"b{number}") for number in range(10))
    one = Profile(person=1, bucket_id="a", displays={"r": Display(10, NOW, "a0", mine)})
    other = Profile(person=2, bucket_id="b", displays={"r": Display(12, NOW, "b0", theirs)})
    both = merge(one, other, NOW)
    assert both.displays == merge(other, one, NOW).displays
    assert both.displays["r"].count == 22
    assert len(both.displays["r"].sessions) == RECENT_SESSIONS
    assert {session for _, session in both.displays["r"].sessions} == {f"{side}{n}" for side in "ab" for n in range(8)}


def test_visits_are_united_and_older_ones_added() -> None:
    one = Profile(person=1, bucket_id="a", visits=(Visit(NOW, NOW + 5, "s"),), older_visits=2)
    old = Visit(NOW - KEPT_MS - 9, NOW - KEPT_MS - 9, "t")
    other = Profile(person=2, bucket_id="b", visits=(old, Visit(NOW + 3, NOW + 9, "s")), older_visits=3)
    both = merge(one, other, NOW)
    assert (both.visits, both.older_visits) == ((Visit(NOW, NOW + 9, "s"),), 6)


@pytest.mark.parametrize(
    ("known", "anonymous", "visitor", "expected"),
    [
        (None, None, BOTH, None),
        (KNOWN, None, BOTH, KNOWN),
        (None, DEVICE, BOTH, DEVICE),
        (KNOWN, KNOWN, BOTH, KNOWN),
        (KNOWN, None, Visitor(id="u1"), KNOWN),
        (None, DEVICE, Visitor(anonymous_id="d1"), DEVICE),
        (KNOWN, DEVICE, BOTH, merge(KNOWN, DEVICE, NOW)),
        (KNOWN, msgspec.structs.replace(DEVICE, ids=("u2",)), BOTH, KNOWN),
    ],
)
def test_combine_is_who_the_two_ids_are_before_their_link_is_recorded(
    known: Profile | None, anonymous: Profile | None, visitor: Visitor, expected: Profile | None
) -> None:
    assert combine(known, anonymous, visitor, NOW) == expected


def test_a_new_name_on_somebody_elses_device_is_somebody_new() -> None:
    found = combine(None, msgspec.structs.replace(DEVICE, ids=("u2",)), BOTH, NOW)
    assert found is not None
    assert (found.person, found.bucket_id, found.attributes) == (0, "u1", {})


def test_a_linked_device_alone_is_its_person_or_a_stranger() -> None:
    linked, alone = msgspec.structs.replace(DEVICE, ids=("u1",)), Visitor(anonymous_id="d1")
    assert combine(None, linked, alone, NOW) is linked
    assert combine(None, linked, alone, NOW, stranger=True) is None
    assert combine(None, DEVICE, alone, NOW, stranger=True) is DEVICE


def test_a_link_that_is_known_already_changes_nothing() -> None:
    linked = msgspec.structs.replace(KNOWN, anonymous_ids=("d1",))
    state = State(persons={("shop", "u", "u1"): 1, ("shop", "a", "d1"): 1}, profiles={1: linked})
    link = Link(project="shop", visitor=BOTH, time=NOW, received_at=NOW)
    changes = fold_batch([link], state, lambda now: 9)
    assert (changes.profiles, changes.ids, changes.links) == ({}, {}, [])
    unlinked = State(persons={("shop", "u", "u1"): 1}, profiles={1: KNOWN})
    assert fold_batch([link], unlinked, lambda now: 9).ids == {("shop", "a", "d1"): 1}


def test_documents_stored_before_fields_were_added_can_be_read() -> None:
    document = (
        b'{"person":1,"bucket_id":"d1","counters":{"order":[1,5,5,{"amount":[1,2.0,2.0,2.0,[5,"e",2.0],[5,"e",2.0]]}]},'
        b'"displays":{"r":[2,5,"s1"]}}'
    )
    profile = msgspec.json.decode(document, type=Profile)
    assert profile.counters["order"].numbers["amount"].rest == ()
    assert profile.displays["r"].sessions == ()
    assert profile.uncounted == 0
