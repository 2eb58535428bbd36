import type { Json } from "./model";

/** What an operator takes on its right. */
export type Operand = "value" | "number" | "text" | "list" | "flag" | "type" | "version" | "audience" | "json";
export type Operator = { op: string; label: string; operand: Operand };

/** Every operator of the language, in the order in which people look for them. */
export const OPERATORS: Operator[] = [
  { op: "$eq", label: "is", operand: "value" },
  { op: "$ne", label: "is not", operand: "value" },
  { op: "$in", label: "is one of", operand: "list" },
  { op: "$nin", label: "is none of", operand: "list" },
  { op: "$ini", label: "is one of (any case)", operand: "list" },
  { op: "$nini", label: "is none of (any case)", operand: "list" },
  { op: "$gt", label: "is greater than", operand: "value" },
  { op: "$gte", label: "is at least", operand: "value" },
  { op: "$lt", label: "is less than", operand: "value" },
  { op: "$lte", label: "is at most", operand: "value" },
  { op: "$exists", label: "is known", operand: "flag" },
  { op: "$regex", label: "matches the pattern", operand: "text" },
  { op: "$notRegex", label: "does not match the pattern", operand: "text" },
  { op: "$regexi", label: "matches the pattern (any case)", operand: "text" },
  { op: "$notRegexi", label: "does not match (any case)", operand: "text" },
  { op: "$all", label: "has all of", operand: "list" },
  { op: "$alli", label: "has all of (any case)", operand: "list" },
  { op: "$size", label: "has as many elements as", operand: "number" },
  { op: "$elemMatch", label: "has an element that", operand: "json" },
  { op: "$inGroup", label: "is on the list", operand: "audience" },
  { op: "$notInGroup", label: "is not on the list", operand: "audience" },
  { op: "$veq", label: "is version", operand: "version" },
  { op: "$vne", label: "is not version", operand: "version" },
  { op: "$vgt", label: "is a later version than", operand: "version" },
  { op: "$vgte", label: "is at least version", operand: "version" },
  { op: "$vlt", label: "is an earlier version than", operand: "version" },
  { op: "$vlte", label: "is at most version", operand: "version" },
  { op: "$type", label: "is of type", operand: "type" },
  { op: "$not", label: "does not pass", operand: "json" },
];

export const operator = (op: string): Operator | undefined => OPERATORS.find((one) => one.op === op);

export const TYPES = ["string", "number", "boolean", "array", "object", "null"];

/** Built-in facts, with what they hold. */
export const FACTS: { name: string; type: "string" | "number" | "boolean"; values?: string[]; about: string }[] = [
  {
    name: "@device",
    type: "string",
    values: ["desktop", "mobile", "tablet", "tv", "console", "other"],
    about: "device",
  },
  { name: "@country", type: "string", about: "country, two letters" },
  { name: "@region", type: "string", about: "region" },
  { name: "@city", type: "string", about: "city" },
  { name: "@language", type: "string", about: "language, e.g. de" },
  { name: "@locale", type: "string", about: "locale, e.g. de-AT" },
  { name: "@os", type: "string", values: ["Windows", "macOS", "Linux", "iOS", "Android"], about: "operating system" },
  { name: "@browser", type: "string", values: ["Chrome", "Safari", "Firefox", "Edge"], about: "browser" },
  { name: "@bot", type: "boolean", about: "a crawler or another program" },
  { name: "@new", type: "boolean", about: "the first visit" },
  { name: "@returning", type: "boolean", about: "was here before" },
  { name: "@visits", type: "number", about: "visits so far" },
  { name: "@days_since_first_seen", type: "number", about: "days since the first visit" },
  { name: "@days_since_last_seen", type: "number", about: "days since the last visit" },
  { name: "@first_seen", type: "string", about: "moment of the first visit" },
  { name: "@last_seen", type: "string", about: "moment of the last visit" },
  {
    name: "@weekday",
    type: "string",
    values: ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"],
    about: "day of the week",
  },
  { name: "@hour", type: "number", about: "hour of the day, 0 to 23" },
  { name: "@date", type: "string", about: "date, e.g. 2026-12-24" },
  { name: "@url", type: "string", about: "address of the page" },
  { name: "@host", type: "string", about: "host of the page" },
  { name: "@path", type: "string", about: "path of the page" },
  { name: "@query.utm_source", type: "string", about: "query parameter; write another name behind the dot" },
  { name: "@referrer", type: "string", about: "where the visitor came from" },
  { name: "@referrer_host", type: "string", about: "host that the visitor came from" },
  { name: "@id", type: "string", about: "the id that came with the request" },
  { name: "@anonymous_id", type: "string", about: "the device's id that came with the request" },
  { name: "@session", type: "string", about: "the caller's session" },
];

export type ValueType = "string" | "number" | "boolean" | "json";

/** How a value is edited: as it is, or as its attribute's values usually are. */
export function typeOf(value: Json, usual?: string): ValueType {
  if (typeof value === "number") return "number";
  if (typeof value === "boolean") return "boolean";
  if (typeof value === "string") {
    if (value === "" && (usual === "number" || usual === "boolean")) return usual;
    return "string";
  }
  return "json";
}

/** What a text looks like: a number or true / false only where it is written in the one usual way, so 007 is a text. */
export function guessed(text: string): ValueType {
  if (text === "true" || text === "false") return "boolean";
  return text !== "" && String(Number(text)) === text && Number.isFinite(Number(text)) ? "number" : "string";
}

/** What somebody typed, as the type that is expected; a text where it is none. */
export function typed(text: string, type: ValueType): Json {
  if (type === "number" && text.trim() !== "" && Number.isFinite(Number(text))) return Number(text);
  if (type === "boolean" && (text === "true" || text === "false")) return text === "true";
  return text;
}

/** A value as another type; where it is none of that type, what that type begins with. */
export function as(value: Json, type: ValueType): Json {
  if (type === "boolean") return value !== "false" && value !== false;
  if (type === "number") return typeof typed(String(value), type) === "number" ? Number(value) : "";
  return String(value);
}

export const BOOLEANS = [
  { value: "true", label: "true" },
  { value: "false", label: "false" },
];

/** The operand that an operator begins with when somebody changes to it. */
export function suited(op: string, before: Json): Json {
  const kind = operator(op)?.operand;
  switch (kind) {
    case "list":
      return Array.isArray(before)
        ? before
        : before === "" || before === null || typeof before === "object"
          ? []
          : [before];
    case "flag":
      return typeof before === "boolean" ? before : true;
    case "number":
      return typeof before === "number" ? before : 1;
    case "type":
      return TYPES.includes(String(before)) ? before : "string";
    case "json":
      return typeof before === "object" && before !== null && !Array.isArray(before) ? before : {};
    case "text":
    case "version":
    case "audience":
      return typeof before === "string" || typeof before === "number" ? String(before) : "";
    default:
      if (Array.isArray(before)) return before[0] ?? "";
      return typeof before === "object" && before !== null ? "" : before;
  }
}
