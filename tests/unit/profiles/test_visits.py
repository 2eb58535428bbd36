from tailorbird.domain.profile import Display, Profile, Visit
from tailorbird.domain.visits import (
    KEPT_MS,
    cap_used,
    current_visit_start,
    freeze,
    is_returning,
    one_by_one,
    ordered,
    touch,
    visit_count,
)

MINUTE, DAY = 60_000, 86_400_000
NOW = 1_800_000_000_000


def minutes(start: int, end: int, session: str = "") -> Visit:
    return Visit(NOW + start * MINUTE, NOW + end * MINUTE, session)


def person(*visits: Visit, older: int = 0, **displays: Display) -> Profile:
    return Profile(person=1, bucket_id="u", visits=ordered(visits), older_visits=older, displays=displays)


def shown(*at: tuple[int, str]) -> Display:
    sessions = tuple(sorted(((NOW + minute * MINUTE, session) for minute, session in at), reverse=True))
    return Display(len(at), *sessions[0], sessions)


def test_alternating_sessions_are_one_visit_each() -> None:
    visits: list[Visit] = []
    for number in range(10):
        touch(visits, NOW + number * 50 * MINUTE, NOW + number * 50 * MINUTE, "s1" if number % 2 else "s2")
    assert visit_count(person(*visits)) == 2


def test_a_session_silent_for_more_than_a_week_opens_another_visit() -> None:
    for silent, expected in ((7 * DAY, 1), (7 * DAY + 1, 2)):
        visits: list[Visit] = []
        touch(visits, NOW, NOW, "s1")
        touch(visits, NOW + silent, NOW + silent, "s1")
        assert visit_count(person(*visits)) == expected


def test_without_session_a_gap_of_half_an_hour_is_one_visit_and_a_longer_one_two() -> None:
    for gap, expected in ((30 * MINUTE, 1), (30 * MINUTE + 1, 2)):
        visits: list[Visit] = []
        touch(visits, NOW, NOW, "")
        touch(visits, NOW + gap, NOW + gap, "")
        assert visit_count(person(*visits)) == expected


def test_a_chain_near_a_session_is_part_of_its_visit() -> None:
    assert visit_count(person(minutes(0, 10), minutes(40, 60, "s1"))) == 1
    assert visit_count(person(minutes(0, 9), minutes(40, 60, "s1"))) == 2


def test_visits_told_one_by_one_are_as_many_as_are_counted() -> None:
    chain, other, session = minutes(0, 10), minutes(200, 210), minutes(40, 60, "s1")
    assert one_by_one([other, chain, session]) == (minutes(0, 60, "s1"), minutes(200, 210))
    between = minutes(70, 80)
    for visits in ([chain, other, session], [session, minutes(90, 95, "s2"), between], [chain, between], []):
        assert len(one_by_one(visits)) == visit_count(person(*visits))


def test_nobody_is_returning_in_the_first_visit_and_everybody_in_the_second() -> None:
    assert not is_returning(person(), NOW, None)
    assert not is_returning(person(minutes(-20, -10)), NOW, None)
    assert is_returning(person(minutes(-60, -31)), NOW, None)
    assert not is_returning(person(minutes(-600, -500, "s1")), NOW, "s1")
    assert is_returning(person(minutes(-600, -500, "s1")), NOW, "s2")
    assert is_returning(person(older=1), NOW, None)
    assert not is_returning(person(minutes(-20, -10)), NOW, "s1")


def test_the_current_visit_began_with_its_session() -> None:
    found = person(minutes(-600, -500, "s1"), minutes(-5, -1, "s2"))
    assert current_visit_start(found, "s1", NOW) == NOW - 600 * MINUTE
    assert current_visit_start(found, "s2", NOW) == NOW - 5 * MINUTE
    assert current_visit_start(found, "s3", NOW) == NOW
    assert current_visit_start(person(minutes(-30, -20), minutes(-5, -1, "s2")), "s2", NOW) == NOW - 30 * MINUTE


def test_the_current_visit_without_session_began_with_what_is_going_on() -> None:
    assert current_visit_start(person(), None, NOW) == NOW
    assert current_visit_start(person(minutes(-90, -31)), None, NOW) == NOW
    assert current_visit_start(person(minutes(-90, -30)), None, NOW) == NOW - 90 * MINUTE
    overlapping = person(minutes(-90, -20, "s1"), minutes(-80, -70, "s2"), minutes(-300, -130))
    assert current_visit_start(overlapping, None, NOW) == NOW - 90 * MINUTE


def test_the_cap_always_is_never_used_up_and_once_by_one_display() -> None:
    found = person(minutes(-5000, -5000), hero=shown((-5000, "")))
    assert not cap_used(found, "hero", "always", None, NOW)
    assert cap_used(found, "hero", "once", None, NOW)
    assert not cap_used(found, "other", "once", None, NOW)


def test_once_a_visit_is_once_a_session_however_sessions_alternate() -> None:
    found = person(hero=shown((-100, "s1"), (-90, "s2"), (-80, "s1"), (-70, "s3")))
    assert [cap_used(found, "hero", "visit", session, NOW) for session in ("s1", "s2", "s3", "s4")] == [True] * 3 + [
        False
    ]


def test_once_a_visit_without_session_ends_half_an_hour_after_the_last_event_or_display() -> None:
    hero = shown((-90, ""))
    assert cap_used(person(minutes(-90, -30), hero=hero), "hero", "visit", None, NOW)
    assert not cap_used(person(minutes(-90, -31), hero=hero), "hero", "visit", None, NOW)
    assert not cap_used(person(minutes(-90, -90), minutes(-20, -20), hero=hero), "hero", "visit", None, NOW)


def test_a_display_without_session_counts_for_a_session_that_follows_at_once() -> None:
    assert cap_used(person(hero=shown((-30, ""))), "hero", "visit", "s1", NOW)
    assert not cap_used(person(hero=shown((-31, ""))), "hero", "visit", "s1", NOW)


def test_what_can_change_no_more_is_frozen_and_what_can_is_kept() -> None:
    for end, expected in ((-1, 1), (0, 0)):
        visits = [Visit(NOW - DAY, NOW + end, "s1")]
        frozen, _ = freeze(visits, NOW)
        assert (frozen, len(visits)) == (expected, 1 - expected)
    # The latest fact that may come then, a week late, continues a session that was silent for a week.
    assert KEPT_MS == 14 * DAY


def test_a_chain_is_frozen_with_its_session_or_not_at_all() -> None:
    visits = [minutes(-90, -60), minutes(-40, 5, "s1"), minutes(-400, -300)]
    assert freeze(visits, NOW) == (1, NOW + 5 * MINUTE)
    assert visits == [minutes(-90, -60), minutes(-40, 5, "s1")]
    assert freeze(visits, NOW + 6 * MINUTE)[0] == 1
    assert visits == []


def test_one_chain_ties_two_sessions_together_until_both_are_old() -> None:
    visits = [minutes(-200, -100, "s1"), minutes(-80, -50), minutes(-30, 1, "s2")]
    assert freeze(visits, NOW)[0] == 0
    assert freeze(visits, NOW + 2 * MINUTE)[0] == 2
