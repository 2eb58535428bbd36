"""The schemas of the OpenAPI document, made from the structs and their ``#:`` lines."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, get_args, get_origin

import msgspec

from tailorbird.web import wire
from tailorbird.web.notes import field_notes
from tailorbird.web.problems import ProblemDetails

#: where a schema stands in the document
REF = "#/components/schemas/{name}"


class Schemas:
    """The schemas of all structs that operations take and give."""

    def __init__(self, types: Iterable[Any]) -> None:
        self._types = list({repr(t): t for t in [ProblemDetails, wire.EventIn, *types]}.values())
        refs, self.components = msgspec.json.schema_components(self._types, ref_template=REF)
        self._refs = {repr(t): ref for t, ref in zip(self._types, refs, strict=True)}
        self._annotate()
        events = self.components["EventsIn"]["properties"]["events"]
        events |= {"items": {"$ref": REF.format(name="EventIn")}, "maxItems": 1000}

    def ref(self, struct: Any) -> dict[str, Any]:
        """Where a type's schema stands."""
        return {"type": "string"} if struct is str else self._refs[repr(struct)]

    def _annotate(self) -> None:
        """Put the ``#:`` line of each field into its schema."""
        structs: dict[str, Any] = {}
        for told in self._types:
            _collect(told, structs)
        for name, schema in self.components.items():
            struct = structs.get(name.partition("_")[0])
            if struct is None:
                continue
            names = {field.name: field.encode_name for field in msgspec.structs.fields(struct)}
            for field, note in field_notes(struct).items():
                encoded = names[field]
                if encoded in schema.get("properties", {}):
                    schema["properties"][encoded]["description"] = note.replace("``", "`")


def _collect(told: Any, found: dict[str, Any]) -> None:
    """Every struct that a type is made of, by name."""
    origin = get_origin(told)
    for part in get_args(told):
        _collect(part, found)
    struct = origin or told
    if isinstance(struct, type) and issubclass(struct, msgspec.Struct) and struct.__name__ not in found:
        found[struct.__name__] = struct
        for field in msgspec.structs.fields(struct):
            _collect(field.type, found)
