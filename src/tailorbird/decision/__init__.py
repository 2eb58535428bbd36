"""From a compiled campaign, a visitor and a moment to a choice: gates, draws and slot ranges."""

from tailorbird.decision.allocation import settle_ranges
from tailorbird.decision.choose import Choice, bucket_id_of, choose, drawn, forced, is_test_user
from tailorbird.decision.compiling import compile_plan, readiness
from tailorbird.decision.explain import explain, explain_choice
from tailorbird.decision.plan import Plan, PlanExperience, PlanRule
from tailorbird.decision.quick import Quick
from tailorbird.decision.schedule import Timetable, compile_schedule

__all__ = [
    "Choice",
    "Plan",
    "PlanExperience",
    "PlanRule",
    "Quick",
    "Timetable",
    "bucket_id_of",
    "choose",
    "compile_plan",
    "compile_schedule",
    "drawn",
    "explain",
    "explain_choice",
    "forced",
    "is_test_user",
    "readiness",
    "settle_ranges",
]
