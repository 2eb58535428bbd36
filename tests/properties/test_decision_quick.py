"""The short way leads where the long way leads, for every plan that has one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tailorbird.decision import bucket_id_of, choose, compile_plan, settle_ranges
from tailorbird.domain.campaign import Campaign
from tailorbird.domain.reasons import Reason
from tailorbird.targeting import EMPTY_LIBRARY, Subject
from tests.properties.test_decision_choose import audiences, campaigns, subjects, weights
from tests.unit.decision.making import UTC, campaign, experience, rule


@st.composite
def simple_campaigns(draw_from: st.DrawFn) -> Campaign:
    """Running campaigns without schedules, devices, caps and exclusion sets: those that have a short way."""
    rules = tuple(
        rule(
            *(
                replace(experience(i, weight=draw_from(weights)), id=f"R{r}E{i}")
                for i in range(draw_from(st.integers(1, 4)))
            ),
            id=f"R{r}",
            audience=draw_from(audiences),
        )
        for r in range(draw_from(st.integers(1, 3)))
    )
    return campaign(
        rules=rules,
        status="running",
        audience=draw_from(st.sampled_from([None, None, "everyone", {"tier": "gold"}])),
        control=draw_from(st.sampled_from([0.0, 5.0, 50.0, 100.0])),
        exclusion_set=None,
        schedule=None,
    )


@given(st.one_of(simple_campaigns(), campaigns()), subjects())
def test_the_short_way_leads_where_the_long_way_leads(written: Campaign, subject: Subject) -> None:
    plan = compile_plan(settle_ranges(written, None), library=EMPTY_LIBRARY, zone=UTC)
    if plan.quick is None:
        return
    drawn_on = bucket_id_of(plan, subject).encode("utf-8", "surrogatepass")
    choice = choose(plan, subject)
    assert plan.quick(subject, drawn_on) is choice.arm
    assert (choice.arm is None) == (choice.reason is Reason.DEFAULT)


@given(simple_campaigns(), st.sampled_from(["paused", "testing", "archived", "draft"]))
def test_only_what_is_running_and_simple_has_a_short_way(written: Campaign, status: str) -> None:
    def has(changed: Campaign) -> bool:
        return compile_plan(settle_ranges(changed, None), library=EMPTY_LIBRARY, zone=UTC).quick is not None

    whole = replace(written, rules=(rule(experience(0), audience="everyone"),))
    assert has(whole)
    assert not has(replace(whole, status=status))
    assert not has(replace(whole, exclusion_set="home"))
    assert not has(replace(whole, expose="report"))
    assert not has(replace(whole, rules=(replace(whole.rules[0], cap="once"),)))
    assert not has(replace(whole, rules=(replace(whole.rules[0], devices=("mobile",)),)))
