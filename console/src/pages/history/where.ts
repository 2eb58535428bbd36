/** Where something changed, and from what to what, as the pages call it. */
import type { Json } from "@/conditions/model";
import { operator } from "@/conditions/operators";
import { inWords } from "@/conditions/words";

/** Ids of rules and experiences → what people call them. */
export type Names = Record<string, string>;

/** Members that the pages call otherwise. */
const CALLED: Record<string, string> = {
  key: "selector",
  cap: "how often",
  expose: "when somebody counts as exposed",
  $and: "all of",
  $or: "any of",
  $nor: "none of",
  $not: "not",
};
/** Lists whose members have names of their own → what one without a name is called. */
const LISTS: Record<string, string> = { rules: "rule", experiences: "experience" };

const spoken = (part: string): string => CALLED[part] ?? operator(part)?.label ?? part.replaceAll("_", " ");

/** `rules[V1StG].experiences[xR_Z5].content.body` → Gold › Warm › content › body. */
export function whereInWords(path: string, names: Names = {}): string {
  const parts = path.match(/\[[^\]]*\]|[^.[]+/g) ?? [];
  const told = parts.flatMap((part, at) => {
    const before = parts[at - 1] ?? "";
    if (part.startsWith("[")) return [member(part.slice(1, -1), before, names)];
    if (part === "order" && before in LISTS) return [`order of ${before}`];
    const next = parts[at + 1] ?? "";
    return part in LISTS && (next.startsWith("[") || next === "order") ? [] : [spoken(part)];
  });
  return told.join(" › ") || "everything";
}

function member(id: string, list: string, names: Names): string {
  const place = /^\d+$/.test(id) ? String(Number(id) + 1) : undefined;
  const kind = LISTS[list];
  if (kind) return names[id] || `${kind} ${place ?? id}`;
  return names[id] || (place ? `no. ${place}` : id);
}

/** A value as people read it; undefined where it is told best as it is written. */
export function valueInWords(value: unknown, path: string, names: Names = {}): string | undefined {
  if (typeof value === "string") return value || "an empty text";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "number") return String(value);
  if (Array.isArray(value)) {
    if (value.length === 0) return "an empty list";
    return value.every((one) => typeof one !== "object")
      ? value.map((one) => names[one] ?? String(one)).join(", ")
      : undefined;
  }
  return /(^|\.)(audience|condition)$/.test(path) ? inWords(value as Json) : undefined;
}
