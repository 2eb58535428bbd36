import { type Json, type JsonObject, type Node, read } from "./model";
import { operator } from "./operators";

const value = (told: Json): string => (typeof told === "string" ? `“${told}”` : JSON.stringify(told));

function list(told: Json): string {
  if (!Array.isArray(told)) return value(told);
  const shown = told.slice(0, 3).map(value).join(", ");
  return told.length > 3 ? `${shown} and ${told.length - 3} more` : shown;
}

function test(name: string, op: string, operand: Json): string {
  if (op === "$exists") return `${name} is ${operand === false ? "unknown" : "known"}`;
  return `${name} ${operator(op)?.label ?? op} ${list(operand)}`;
}

function within(told: JsonObject): string {
  const span = told.within as JsonObject | undefined;
  if (span)
    return ` within ${Object.entries(span)
      .map(([unit, size]) => `${size} ${unit}`)
      .join(" ")}`;
  return told.since ? ` since ${told.since}` : "";
}

function past(kind: string, told: Json): string {
  if (kind === "audience") {
    if (typeof told === "string") return `is in ${told || "an audience"}`;
    return Object.entries((told ?? {}) as JsonObject)
      .map(([op, operand]) => `audience ${operator(op)?.label ?? op} ${list(operand)}`)
      .join(" and ");
  }
  const spec = (told ?? {}) as JsonObject;
  if (kind === "affinity") return `mostly ${spec.property} ${value(spec.is ?? "")} in “${spec.event}”${within(spec)}`;
  const where = spec.where ? ` where ${inWords(spec.where)}` : "";
  const figure = FIGURES.find((one) => one in spec);
  const event = `“${spec.name ?? ""}”${where}${within(spec)}`;
  if (figure) {
    const { of, is } = (spec[figure] ?? {}) as JsonObject;
    return `${figure} of ${of} over ${event} ${passes(is ?? "")}`;
  }
  const { count } = spec;
  if (count === undefined) return `did ${event}`;
  if (count === 0) return `did not ${event}`;
  return `did ${event} ${typeof count === "number" ? `exactly ${count}` : passes(count).replaceAll("is ", "")} times`;
}

const FIGURES = ["sum", "average", "min", "max", "first", "last"];

/** What a figure has to be: a value, or operators on it. */
function passes(told: Json): string {
  if (typeof told !== "object" || told === null || Array.isArray(told)) return `is ${value(told)}`;
  return Object.entries(told)
    .map(([op, operand]) => `${operator(op)?.label ?? op} ${list(operand)}`)
    .join(" and ");
}

function words(node: Node, nested: boolean): string {
  if (node.kind === "test") return node.ops.map(([op, operand]) => test(node.name, op, operand)).join(" and ");
  if (node.kind !== "group") return past(node.kind, node.value);
  const parts = node.children.map((child) => words(child, node.children.length > 1));
  if (node.op === "not" || node.op === "nor") return `not (${parts.join(node.op === "nor" ? " or " : " and ")})`;
  const joined = parts.join(node.op === "or" ? " or " : " and ");
  return nested && parts.length > 1 ? `(${joined})` : joined;
}

/** Whom a condition is for, in one line. */
export function inWords(audience: Json | undefined): string {
  if (audience === "everyone") return "Everyone";
  if (audience === null || audience === undefined) return "Nobody chosen yet";
  if (typeof audience !== "object" || Array.isArray(audience)) return String(audience);
  const root = read(audience);
  return root.children.length === 0 ? "Everyone" : words(root, false);
}
