import type { Body } from "./draft";

/** On which page of the editor a field is. */
export function tabOf(path: string): string {
  const part = /^[a-z_]*/.exec(path)![0];
  if (part === "rules" || part === "control" || part === "") return "rules";
  if (part === "audience" || part === "goals") return part;
  return part === "analysis" ? "goals" : "settings";
}

/** Where a field is, in the words of the page: `rules[0].experiences[1].content.body` → Newcomers, Short, content. */
export function placeOf(body: Body, path: string): string {
  const at = /^rules\[(\d+)\]\.?(?:experiences\[(\d+)\])?\.?(.*)$/.exec(path);
  if (!at) return path ? spoken(path) : "The whole campaign";
  const rule = body.rules?.[Number(at[1])];
  const experience = at[2] === undefined ? undefined : rule?.experiences?.[Number(at[2])];
  const names = [rule?.name || `Rule ${Number(at[1]) + 1}`];
  if (at[2] !== undefined) names.push(experience?.name || `Experience ${Number(at[2]) + 1}`);
  if (at[3]) names.push(spoken(at[3]));
  return names.join(", ");
}

/** Fields that the page calls otherwise. */
const CALLED: Record<string, string> = { key: "selector", cap: "how often", expose: "when somebody counts as exposed" };

/** The first part of a path as the page calls it. */
function spoken(path: string): string {
  const name = /^[a-z_]*/.exec(path)![0];
  return CALLED[name] ?? (name.replaceAll("_", " ") || path);
}

/** The index with which the rest of a path begins: `[2].name` → 2. */
export function indexOf(rest: string): number | undefined {
  const found = /^\[(\d+)\]/.exec(rest);
  return found ? Number(found[1]) : undefined;
}
