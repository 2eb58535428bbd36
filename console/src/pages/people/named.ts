import type { Schemas } from "@/api/client";

type Ids = Pick<Schemas["Person"], "ids" | "anonymous_ids">;

/** The id by which somebody is looked up: one of their own, else one of a device. */
export const nameOf = (person: Ids): string => person.ids[0] ?? person.anonymous_ids[0] ?? "";
