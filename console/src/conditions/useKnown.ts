import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { audiences, schema } from "@/api/queries";
import { useProject } from "@/app/project";

/** What can be named in this project's conditions. */
export type Known = {
  /** attribute → the type that its values usually have */
  attributes: Map<string, string>;
  events: string[];
  /** event → its properties with their types */
  properties: Map<string, Map<string, string>>;
  audiences: { key: string; name: string; list: boolean }[];
  /** what was seen is loaded: what is not here was never seen */
  whole: boolean;
};

/** Attributes, events and audiences that were seen or made; empty until they are loaded. */
export function useKnown(): Known {
  const project = useProject();
  const seen = useQuery(schema(project)).data;
  const named = useQuery(audiences(project)).data;
  return useMemo(() => {
    const known: Known = {
      attributes: new Map(),
      events: [],
      properties: new Map(),
      audiences: [],
      whole: Boolean(seen),
    };
    const most = new Map<string, number>();
    const put = (into: Map<string, string>, name: string, one: { type: string; count: number }, full: string) => {
      if ((most.get(full) ?? 0) >= one.count) return;
      most.set(full, one.count);
      into.set(name, one.type);
    };
    for (const one of seen?.items ?? []) {
      if (one.kind === "attribute") put(known.attributes, one.name, one, one.name);
      else if (one.kind === "event") known.events.push(one.name);
    }
    known.events = [...new Set(known.events)].sort();
    for (const one of seen?.items ?? []) {
      if (one.kind !== "property") continue;
      // Event names may hold dots: the longest one that begins the property's name is its event.
      const event = known.events
        .filter((name) => one.name.startsWith(`${name}.`))
        .sort((a, b) => b.length - a.length)[0];
      if (!event) continue;
      const of = known.properties.get(event) ?? new Map<string, string>();
      put(of, one.name.slice(event.length + 1), one, `\u0000${one.name}`);
      known.properties.set(event, of);
    }
    known.audiences = (named?.items ?? []).map((one) => ({
      key: one.key,
      name: one.body.name,
      list: one.body.type === "list",
    }));
    return known;
  }, [seen, named]);
}
