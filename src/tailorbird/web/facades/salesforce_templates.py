"""The templates that experiences were made from, at the versions they were made from."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

from tailorbird.domain.campaign import TemplateRef
from tailorbird.domain.definitions import Template
from tailorbird.domain.errors import NotFound, Unavailable
from tailorbird.engine import publish
from tailorbird.engine.calls import Detail
from tailorbird.engine.runtime import Runtime
from tailorbird.engine.snapshot import DECODERS, Snapshot
from tailorbird.web.facades.salesforce_response import CompiledTemplate, named_for

#: versions of templates that are remembered; they never change
SIZE = 1_000


class Templates:
    """Versions of templates, read once."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._read: OrderedDict[tuple[str, str, int], Template] = OrderedDict()

    async def of(self, snapshot: Snapshot, made: Iterable[Detail]) -> tuple[dict[str, str], list[CompiledTemplate]]:
        """Names of the templates by experience, and the code of those that campaigns of the web were made from.

        Control's campaigns come with their code too, since it may report for them. Of two versions of one template the
        newer one's code is told.
        """
        names: dict[str, str] = {}
        bundles: dict[str, tuple[int, CompiledTemplate]] = {}
        for detail in made:
            campaign = detail.campaign
            experience = detail.experience or (named_for(detail.rule) if detail.rule is not None else None)
            if campaign is None or experience is None or experience.template is None or detail.decision.group is None:
                continue
            ref = experience.template
            template = await self._version(snapshot, ref)
            if template is None:
                continue
            names[experience.id] = template.name
            held = bundles.get(ref.template)
            if campaign.channel == "web" and template.client_bundle and (held is None or held[0] < ref.version):
                told = CompiledTemplate(id=ref.template, name=template.name, bundle=template.client_bundle)
                bundles[ref.template] = (ref.version, told)
        return names, [told for _, told in bundles.values()]

    async def _version(self, snapshot: Snapshot, ref: TemplateRef) -> Template | None:
        """None where it is gone, or cannot be read now."""
        newest = snapshot.definitions["template"].get(ref.template)
        if not ref.version or (newest is not None and newest.version == ref.version):
            return snapshot.templates.get(ref.template)
        place = (snapshot.project.id, ref.template, ref.version)
        found = self._read.get(place)
        if found is None:
            try:
                read = publish.read(self._runtime, snapshot.project.id, "template", ref.template, ref.version)
                definition = await self._runtime.breaker.call(read)
            except (NotFound, Unavailable):
                return None
            found = self._read[place] = DECODERS["template"].decode(definition.body)
            if len(self._read) > SIZE:
                self._read.popitem(last=False)
        return found
