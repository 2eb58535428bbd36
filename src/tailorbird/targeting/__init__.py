"""Conditions: one JSON tree, compiled once to closures, asked of a visitor; and why it does not hold."""

from tailorbird.targeting.agents import Agent, device_of, parse_user_agent
from tailorbird.targeting.audiences import EMPTY_LIBRARY, Library, compile_audiences
from tailorbird.targeting.condition import EVERYONE, Condition, compile_condition, compile_property_condition
from tailorbird.targeting.explain import explain_condition
from tailorbird.targeting.facts import FACT_NAMES
from tailorbird.targeting.idlist import MAX_LIST_MEMBERS, IdList, canonical
from tailorbird.targeting.subject import NOWHERE, Locate, Place, Subject, nowhere

__all__ = [
    "EMPTY_LIBRARY",
    "EVERYONE",
    "FACT_NAMES",
    "MAX_LIST_MEMBERS",
    "NOWHERE",
    "Agent",
    "Condition",
    "IdList",
    "Library",
    "Locate",
    "Place",
    "Subject",
    "canonical",
    "compile_audiences",
    "compile_condition",
    "compile_property_condition",
    "device_of",
    "explain_condition",
    "nowhere",
    "parse_user_agent",
]
