/**
 * Explanations in the words of the page on which a campaign is edited: rules by their names, conditions as they read there.
 *
 * The server names what closed a gate by its path in the definition; here the path leads back to what stands there.
 */
import type { Schemas } from "@/api/client";
import { hasOperators, type Json, type JsonObject } from "@/conditions/model";
import { operator } from "@/conditions/operators";
import { inWords } from "@/conditions/words";
import { named } from "@/parts/value";

export type Explanation = Schemas["Explanation"];
export type Campaign = Schemas["Campaign"];
/** The conditions of audiences, by their keys. */
export type Conditions = Record<string, Json>;

const GATES: Record<string, string> = {
  status: "Status",
  schedule: "Schedule",
  audience: "Audience",
  exclusion_set: "Exclusion set",
  rule: "Rules",
  cap: "Frequency",
  control: "Control group",
  experience: "Experience",
  content: "Content",
  degraded: "Store",
  error: "Error",
};

const REASONS: Record<string, string> = {
  TARGETING_MATCH: "Shown",
  SPLIT: "Shown, by the split",
  DISABLED: "Does not run now",
  DEFAULT: "No rule matches",
  ERROR: "Broke",
  CONTROL: "Control group",
  CAPPED: "Was shown often enough",
  EXCLUDED: "Another campaign comes first",
  WITHHELD: "Content withheld",
  DEGRADED: "The store is away",
  UNKNOWN: "There is none of this name",
};

/** What a gate is called on the page. */
export const gateInWords = (gate: string): string => GATES[gate] ?? gate;
/** What a reason means, for people. */
export const reasonInWords = (reason: string): string => REASONS[reason] ?? reason;

const ARROW = " → ";
const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A rule by its name, else by its place: “Gold”, Rule 2. */
export function ruleInWords(campaign: Campaign, index: number): string {
  const name = campaign.rules?.[index]?.name;
  return name ? `“${name}”` : `Rule ${index + 1}`;
}

/** The number of the rule in which a path begins; undefined where it begins elsewhere. */
export function ruleAt(path: string): number | undefined {
  const found = /^rules\[(\d+)\]/.exec(path);
  return found ? Number(found[1]) : undefined;
}

/** A sentence of the server with names in the place of paths of rules and experiences. */
export function plain(text: string, campaign: Campaign): string {
  return text.replace(/rules\[(\d+)\](?:\.experiences\[(\d+)\])?/g, (_, rule: string, experience?: string) => {
    const own = experience && campaign.rules?.[Number(rule)]?.experiences?.[Number(experience)]?.name;
    return own ? `“${own}”` : ruleInWords(campaign, Number(rule));
  });
}

/** The part of a condition in which a path ends, as a condition of its own; inside "not" as what is asked there. */
export function partAt(condition: Json | undefined, path: string, negated = false): JsonObject | undefined {
  if (!isObject(condition)) return undefined;
  const rest = path.replace(/^\./, "");
  if (!rest) return negated ? { $not: condition } : condition;
  const name = named(Object.keys(condition), rest);
  if (name === undefined) return undefined;
  const value = condition[name];
  const after = rest.slice(name.length);
  if (name === "$not") return partAt(value, after, !negated);
  const index = /^\[(\d+)\]/.exec(after);
  if (["$and", "$or", "$nor"].includes(name) && Array.isArray(value) && index)
    return partAt(value[Number(index[1])], after.slice(index[0].length), negated !== (name === "$nor"));
  const op = /^\.([^.[]+)/.exec(after)?.[1] ?? "";
  const only = hasOperators(value) && Object.hasOwn(value, op) ? { [op]: value[op]! } : value!;
  return negated ? { $not: { [name]: only } } : { [name]: only };
}

/** What was asked where a path ends, in words; of an audience that is named there, what it asks too. */
export function askedAt(campaign: Campaign, path: string, audiences: Conditions = {}): string[] {
  const [first = "", ...further] = path.split(ARROW);
  const found = /^(?:rules\[(\d+)\]\.)?audience/.exec(first);
  if (!found) return [];
  const owner = found[1] === undefined ? campaign : campaign.rules?.[Number(found[1])];
  const parts = [partAt(owner?.audience as Json, first.slice(found[0].length))];
  for (const step of further) {
    const key = named(Object.keys(audiences), step);
    if (key === undefined) break;
    parts.push(partAt(audiences[key], step.slice(key.length).replace(/^\.condition/, "")));
  }
  return parts.flatMap((part) => (part ? [inWords(part)] : []));
}

const numbers = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 6 });
/** Members of a list that are told. */
const TOLD = 5;

/** A value as people read it; what is not there is unknown. */
export function readable(value: unknown): string {
  if (value === null || value === undefined) return "unknown";
  if (typeof value === "string") return value ? `“${value}”` : "an empty text";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "number") return numbers.format(value);
  if (Array.isArray(value)) {
    if (value.length === 0) return "an empty list";
    const told = value.slice(0, TOLD).map(readable).join(", ");
    return value.length > TOLD ? `${told} and ${value.length - TOLD} more` : told;
  }
  if (hasOperators(value as Json))
    return Object.entries(value as JsonObject)
      .map(([op, operand]) => `${operator(op)?.label ?? op} ${readable(operand)}`)
      .join(" and ");
  return JSON.stringify(value);
}

/** One gate as it is shown. */
export type Told = {
  /** what happened, in a sentence; empty where `asked` says it */
  sentence: string;
  /** what was asked, from the outside in */
  asked: string[];
  /** what was found instead */
  found: string;
};

/** One gate in words; `matched` is the id of the rule that matched, if one did. */
export function told(why: Explanation, campaign: Campaign, audiences: Conditions = {}, matched?: string | null): Told {
  const asked = askedAt(campaign, why.path ?? "", audiences);
  if (asked.length > 0) return { sentence: "", asked, found: why.found === undefined ? "" : readable(why.found) };
  return { sentence: drawn(why, campaign, matched) ?? plain(why.message, campaign), asked, found: "" };
}

/** A number of slots, of which there are 10,000, as a share. */
const shareOf = (slots: number): string => `${numbers.format(slots / 100)}\u00a0%`;

/** What a draw decided, with shares in the place of slots. */
function drawn(why: Explanation, campaign: Campaign, matched?: string | null): string | undefined {
  if (why.gate === "control" && typeof why.expected === "number") {
    const share = shareOf(why.expected);
    const index = (campaign.rules ?? []).findIndex((rule) => rule.id === matched);
    const rule = index < 0 ? "A rule" : ruleInWords(campaign, index);
    return `${rule} matches, and the draw puts this person into the control group, which has ${share}.`;
  }
  const place = /^rules\[(\d+)\]\.experiences\[(\d+)\]$/.exec(why.path ?? "");
  if (why.gate !== "experience" || !place || !Array.isArray(why.expected)) return undefined;
  const name = campaign.rules?.[Number(place[1])]?.experiences?.[Number(place[2])]?.name;
  const slots = (why.expected as [number, number][]).reduce((sum, [low, high]) => sum + high - low, 0);
  const rule = ruleInWords(campaign, Number(place[1]));
  return `${rule} matches, and the draw gives “${name}”, which has ${shareOf(slots)}.`;
}
