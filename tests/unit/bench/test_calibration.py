"""The calibration in small, with fixed seeds: it looks at the product, what it says holds, and misses are told."""

import msgspec
import numpy as np
import pytest

from bench.calibration import __main__ as command
from bench.calibration import coverage, page, speed, splits, validity, worlds
from bench.calibration.looking import evidence
from tailorbird.domain.moments import MomentKind, Moments, Stratum
from tailorbird.stats import Plan, compare

SMALL = command.Sizes(
    validity=validity.Sizes(campaigns=150, purchases=25),
    speed=speed.Sizes(campaigns=250, looks=50),
    coverage=coverage.Sizes(campaigns=250, expected=(2, 10), contributing=(50, 200), rates=(0.01, 0.3)),
    splits=splits.Sizes(campaigns=250),
)
PLAN = Plan(people=20_000, pair=5_000)


@pytest.fixture(scope="module")
def results() -> page.Results:
    return command.measure(SMALL)


def test_a_campaign_without_a_difference_is_declared_in_at_most_one_of_twenty(results: page.Results) -> None:
    assert {share.split for share in results.shares} >= set(validity.SPLITS)
    assert len(results.shares) == 3 * (3 * 7 + 11)
    over = [share for share in results.shares if not share.met]
    assert not over
    together = float(np.mean([share.declared for share in results.shares]))
    assert 0 < together < validity.BUDGET


def test_the_same_looks_at_a_bare_posterior_declare_most_of_them(results: page.Results) -> None:
    assert min(share.bare for share in results.shares if share.metric in ("proportion 0.05", "proportion 0.1")) > 0.5


def test_a_true_difference_is_found_in_time(results: page.Results) -> None:
    promised = [duration for duration in results.durations if duration.promised]
    assert {duration.rate for duration in promised} == set(speed.RATES)
    assert all(duration.met for duration in promised)
    assert all(duration.wrong < 0.01 for duration in results.durations)


def test_intervals_hold_the_truth_as_often_as_they_say(results: page.Results) -> None:
    assert all(case.met for case in [*results.rates, *results.values])
    assert any(case.promised for case in results.rates)
    assert any(case.promised for case in results.values)


def test_below_the_least_data_intervals_hold_it_less_often_and_promise_nothing(results: page.Results) -> None:
    small = [case for case in [*results.rates, *results.values] if case.promised is None]
    assert small
    assert min(case.covered for case in small) < 0.93


def test_kept_shares_do_not_alarm_and_lost_people_do(results: page.Results) -> None:
    assert all(alarms.met for alarms in results.alarms)
    lost = [alarms.sequential for alarms in results.alarms if not alarms.kept and alarms.split == "50/50"]
    assert min(lost) > 0.9


def test_the_page_says_what_holds_and_what_misses(results: page.Results) -> None:
    text = page.page(results)
    assert "Nothing misses." in text
    assert "**no**" not in text
    worse = msgspec.structs.replace(results.shares[0], declared=0.4)
    slow = msgspec.structs.replace(results.durations[0], median=3.0)
    loose = msgspec.structs.replace(results.rates[-1], covered=0.5, promised=(0.94, 0.96))
    alarming = msgspec.structs.replace(results.alarms[0], sequential=0.5)
    told = page.page(
        msgspec.structs.replace(
            results, shares=[worse], durations=[slow], rates=[loose], values=results.values, alarms=[alarming]
        )
    )
    assert "## What misses" in told
    assert told.count("**no**") == 4
    for part in ("40.00% declared", "median 3.00", "50.00%", "false alarms"):
        assert part in told


def test_equal_seeds_give_equal_numbers() -> None:
    case = next(validity.cases(SMALL.validity))
    assert validity.measure(case, SMALL.validity, 5) == validity.measure(case, SMALL.validity, 5)


# -- what is simulated is what is sold --------------------------------------------------------------------------------


def moments(looks: worlds.Looks, campaign: int, look: int, arm: int) -> Moments:
    def at(column: worlds.Array) -> float:
        return float(column[campaign, look, arm]) if column.ndim > 1 else 0.0

    return Moments(
        n=int(at(looks.people)),
        total=at(looks.total),
        squares=at(looks.squares),
        contributing=int(at(looks.contributing)),
        per_total=at(looks.per_total),
        per_squares=at(looks.per_squares),
        product=at(looks.product),
    )


@pytest.mark.parametrize("kind", ["proportion", "mean", "ratio"])
@pytest.mark.parametrize("plan", [None, PLAN], ids=["no plan", "planned"])
def test_arrays_of_campaigns_say_what_compare_says(kind: MomentKind, plan: Plan | None) -> None:
    rng = np.random.default_rng(1)
    shares, steps = np.array([0.2, 0.5, 0.3]), worlds.spaced(20_000, 5)
    strata = [
        worlds.proportions(rng, 3, steps, shares, np.array([0.1, 0.1, 0.12]))
        if kind == "proportion"
        else worlds.purchases(rng, 3, steps, shares, worlds.heavy_buyers(several=(0.7, 0.2, 0.1)))
        for _ in range(2)
    ]
    found = evidence(strata, kind, plan)
    for campaign, look in ((0, 4), (2, 1)):
        told = [
            Stratum(
                rule="rule",
                epoch=epoch,
                arms={name: moments(looks, campaign, look, arm) for arm, name in enumerate(("control", "a", "b"))},
                shares={},
            )
            for epoch, looks in enumerate(strata)
        ]
        for arm, lift in enumerate(compare(told, "control", kind, plan=plan)):
            assert float(np.exp(found.log[campaign, look, arm])) == pytest.approx(lift.e_value, rel=1e-9)
            assert bool(found.enough[campaign, look, arm]) == (not lift.too_little_data)


def test_buyers_are_drawn_as_their_truth_says() -> None:
    buyers = worlds.heavy_buyers(several=(0.7, 0.2, 0.1))
    rng = np.random.default_rng(2)
    looks = worlds.purchases(rng, 20, worlds.spaced(200_000, 4), np.array([0.5, 0.5]), buyers, capped=False)
    mean, squares, orders = buyers.capped_moments(buyers.rate, float("inf"))
    people = looks.people[:, -1].sum()
    assert looks.total[:, -1].sum() / people == pytest.approx(mean, rel=0.02)
    assert looks.per_total[:, -1].sum() / people == pytest.approx(orders, rel=0.01)
    assert orders == pytest.approx(0.05 * 1.4, rel=1e-3)
    assert squares > 50 * mean**2


def test_caps_are_the_percentile_of_everybody() -> None:
    buyers = worlds.heavy_buyers()
    rng = np.random.default_rng(3)
    looks = worlds.purchases(rng, 1, np.array([50_000]), np.array([0.5, 0.5]), buyers)
    rng = np.random.default_rng(3)
    people = rng.multinomial(np.array([50_000]), [0.5, 0.5], size=(1, 1))[0]
    bought = rng.binomial(people, buyers.rate)
    drawn = buyers.totals[buyers.table[rng.integers(0, worlds.ENTRIES, size=int(bought.sum()), dtype=np.uint16)]]
    everybody = np.sort(np.r_[drawn, np.zeros(50_000 - len(drawn))])[::-1]
    cap = everybody[50]
    assert float(looks.total.sum()) == pytest.approx(float(np.minimum(drawn, cap).sum()), rel=1e-9)


def test_delays_lose_nobody_and_strata_thrown_together_add_up() -> None:
    rng = np.random.default_rng(4)
    shares, steps = np.array([0.5, 0.5]), worlds.spaced(20_000, 100)
    late = worlds.delayed(rng, 5, steps, shares, rate=0.3, wait=2.0)
    assert late.total[:, -1].sum() / late.people[:, -1].sum() == pytest.approx(0.3, rel=0.03)
    assert late.total[:, 0].sum() / late.people[:, 0].sum() < 0.2
    (both,) = worlds.together([late, late])
    assert np.array_equal(both.total, 2 * late.total)


def test_the_command_prints_in_small_and_writes_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], results: page.Results
) -> None:
    before = command.CALIBRATION.read_text(encoding="utf-8")
    monkeypatch.setattr(command, "measure", lambda sizes: results)
    monkeypatch.setattr("os.nice", lambda more: more)
    command.main(["--quick"])
    assert capsys.readouterr().out == page.page(results)
    assert command.CALIBRATION.read_text(encoding="utf-8") == before
    assert "Nothing misses" in before or "## What misses" in before
