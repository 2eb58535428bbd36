"""The same fifty campaigns in everybody's words: three conditions, two arms by halves, about 100 bytes of payload.

They are the campaigns of ``seed``, so that Tailorbird needs no translation. Everywhere the arms are called A and B and
everybody whom ``ATTRIBUTES`` describes gets one of them; ``OTHERS`` get nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bench import seed

COUNT = 50
KEYS = tuple(seed.key(number) for number in range(COUNT))
ARMS = ("A", "B")
PLANS, AGE, COUNTRY = ["gold", "silver"], 18, "XX"
ATTRIBUTES: dict[str, Any] = seed.ATTRIBUTES
OTHERS: dict[str, Any] = {**ATTRIBUTES, "plan": "bronze"}
#: by arm; they differ so that an answer without a name tells its arm too
PAYLOADS: dict[str, dict[str, Any]] = {"A": seed.PAYLOAD, "B": {**seed.PAYLOAD, "discount": 10}}

_TEXTS = {arm: json.dumps(payload, separators=(",", ":")) for arm, payload in PAYLOADS.items()}
_AT = 1_767_225_600_000


def growthbook() -> dict[str, Any]:
    """Features by key, each with one experiment rule."""
    return {key: {"defaultValue": None, "rules": [_growthbook_rule(key)]} for key in KEYS}


def _growthbook_rule(key: str) -> dict[str, Any]:
    return {
        "key": key,
        "seed": key,
        "hashAttribute": "id",
        "hashVersion": 2,
        "condition": {"plan": {"$in": PLANS}, "age": {"$gte": AGE}, "country": {"$ne": COUNTRY}},
        "coverage": 1,
        "weights": [0.5, 0.5],
        "variations": list(PAYLOADS.values()),
        "meta": [{"key": arm} for arm in ARMS],
    }


def _unleash_strategy(key: str) -> dict[str, Any]:
    return {
        "name": "flexibleRollout",
        "parameters": {"rollout": "100", "stickiness": "userId", "groupId": key},
        "constraints": [
            {"contextName": "plan", "operator": "IN", "values": PLANS},
            {"contextName": "age", "operator": "NUM_GTE", "values": [], "value": str(AGE)},
            {"contextName": "country", "operator": "NOT_IN", "values": [COUNTRY]},
        ],
        "variants": [
            {
                "name": arm,
                "weight": 500,
                "weightType": "variable",
                "stickiness": "userId",
                "payload": {"type": "json", "value": text},
            }
            for arm, text in _TEXTS.items()
        ],
    }


def unleash_import(environment: str) -> dict[str, Any]:
    """What an Unleash server imports when it starts."""
    return {
        "features": [{"name": key, "type": "release", "project": "default"} for key in KEYS],
        "featureStrategies": [{"featureName": key, **_unleash_strategy(key)} for key in KEYS],
        "featureEnvironments": [
            {"name": key, "featureName": key, "environment": environment, "enabled": True, "variants": []}
            for key in KEYS
        ],
        "contextFields": [{"name": name} for name in ("plan", "age", "country")],
        "featureTags": [],
        "segments": [],
        "tagTypes": [],
    }


def unleash_state() -> dict[str, Any]:
    """What a backend SDK of Unleash gets from its server."""
    features = [
        {
            "name": key,
            "type": "release",
            "project": "default",
            "enabled": True,
            "stale": False,
            "impressionData": False,
            "variants": [],
            "strategies": [{"segments": [], **_unleash_strategy(key)}],
        }
        for key in KEYS
    ]
    return {"version": 2, "features": features, "segments": []}


def unleash_context(visitor: str, attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Its properties are texts."""
    properties = {
        name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in attributes.items()
    }
    return {"userId": visitor, "properties": properties}


def fast_feature() -> list[dict[str, Any]]:
    """Flags with JsonLogic targeting."""
    conditions = {
        "and": [
            {"in": [{"var": "plan"}, PLANS]},
            {">=": [{"var": "age"}, AGE]},
            {"!=": [{"var": "country"}, COUNTRY]},
        ]
    }
    split = {"fractional": [[arm, 50] for arm in ARMS]}
    return [
        {
            "key": key,
            "variants": {**PAYLOADS, "off": None},
            "default_variant": "off",
            "targeting": {"if": [conditions, split, None]},
        }
        for key in KEYS
    ]


def flagsmith() -> dict[str, Any]:
    """Features that are off, and for each a segment that turns it on with two variants."""
    conditions = [
        {"property": "plan", "operator": "IN", "value": PLANS},
        {"property": "age", "operator": "GREATER_THAN_INCLUSIVE", "value": str(AGE)},
        {"property": "country", "operator": "NOT_EQUAL", "value": COUNTRY},
    ]
    variants = [
        {"key": arm, "value": text, "weight": 50.0, "priority": place}
        for place, (arm, text) in enumerate(_TEXTS.items())
    ]
    features = {key: {"key": key, "name": key, "enabled": False, "value": None} for key in KEYS}
    segments = {
        key: {
            "key": f"s-{key}",
            "name": f"s-{key}",
            "rules": [{"type": "ALL", "conditions": conditions}],
            "overrides": [{**features[key], "enabled": True, "priority": 0, "variants": variants}],
        }
        for key in KEYS
    }
    return {"environment": {"key": "bench", "name": "bench"}, "features": features, "segments": segments}


def eppo() -> dict[str, Any]:
    """A configuration of JSON flags."""
    conditions = [
        {"attribute": "plan", "operator": "ONE_OF", "value": PLANS},
        {"attribute": "age", "operator": "GTE", "value": AGE},
        {"attribute": "country", "operator": "NOT_ONE_OF", "value": [COUNTRY]},
    ]
    halves = ({"start": 0, "end": 5_000}, {"start": 5_000, "end": 10_000})
    flags = {
        key: {
            "key": key,
            "enabled": True,
            "variationType": "JSON",
            "variations": {arm: {"key": arm, "value": text} for arm, text in _TEXTS.items()},
            "totalShards": 10_000,
            "allocations": [
                {
                    "key": "all",
                    "doLog": False,
                    "rules": [{"conditions": conditions}],
                    "splits": [
                        {"variationKey": arm, "shards": [{"salt": key, "ranges": [half]}]}
                        for arm, half in zip(ARMS, halves, strict=True)
                    ],
                }
            ],
        }
        for key in KEYS
    }
    environment = {"name": "bench"}
    return {"createdAt": "2026-01-01T00:00:00.000Z", "format": "SERVER", "environment": environment, "flags": flags}


def statsig() -> dict[str, Any]:
    """Experiments. Each arm's rule asks the conditions; the draw comes first, so no visitor asks them twice."""
    fields: dict[str, dict[str, Any]] = {
        "plan": {"operator": "any", "targetValue": PLANS},
        "age": {"operator": "gte", "targetValue": AGE},
        "country": {"operator": "none", "targetValue": [COUNTRY]},
    }
    common: dict[str, Any] = {"additionalValues": {}, "isDeviceBased": False, "idType": "userID"}
    conditions = {name: {"type": "user_field", "field": name, **asked, **common} for name, asked in fields.items()} | {
        f"half-{key}": {
            "type": "user_bucket",
            "field": None,
            "operator": "lt",
            "targetValue": 500,
            **common,
            "additionalValues": {"salt": key},
        }
        for key in KEYS
    }
    return {
        "has_updates": True,
        "response_format": "dcs-v2",
        "time": _AT,
        "company_id": "bench",
        "default_environment": "production",
        "dynamic_configs": {key: _statsig_experiment(key) for key in KEYS},
        "condition_map": conditions,
        "feature_gates": {},
        "layer_configs": {},
        "layers": {},
        "experiment_to_layer": {},
        "id_lists": {},
        "param_stores": {},
    }


def _statsig_experiment(key: str) -> dict[str, Any]:
    asked = ["plan", "age", "country"]
    return {
        "name": key,
        "type": "dynamic_config",
        "entity": "experiment",
        "salt": key,
        "enabled": True,
        "isActive": True,
        "idType": "userID",
        "defaultValue": {},
        "explicitParameters": [],
        "version": 1,
        "rules": [
            {
                "id": arm,
                "name": arm,
                "groupName": arm,
                "salt": arm,
                "conditions": [f"half-{key}", *asked] if arm == "A" else asked,
                "returnValue": PAYLOADS[arm],
                "passPercentage": 100,
                "isExperimentGroup": True,
                "isDeviceBased": False,
                "idType": "userID",
            }
            for arm in ARMS
        ],
    }
