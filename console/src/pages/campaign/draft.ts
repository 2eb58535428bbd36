import type { Schemas } from "@/api/client";

export type Body = Schemas["Campaign"];
export type Rule = Schemas["Rule"];
export type Experience = Schemas["Experience"];
export type Content = Schemas["Content"];
export type Message = Schemas["Message"];
export type Row = Schemas["Row"];
export type Schedule = Schemas["Schedule"];
export type Audience = Rule["audience"];

/** A list with one element replaced. */
export const put = <T>(list: readonly T[], at: number, value: T): T[] =>
  list.map((one, index) => (index === at ? value : one));

/** A list without one element. */
export const drop = <T>(list: readonly T[], at: number): T[] => list.filter((_, index) => index !== at);

/** A list with an element moved to another place. */
export function move<T>(list: readonly T[], from: number, to: number): T[] {
  const made = [...list];
  const [one] = made.splice(from, 1);
  if (one !== undefined) made.splice(Math.max(0, Math.min(to, made.length)), 0, one);
  return made;
}

/** A name that is not taken yet: "Variant", "Variant 2", … */
export function unused(name: string, taken: readonly string[]): string {
  if (!taken.includes(name)) return name;
  for (let number = 2; ; number++) if (!taken.includes(`${name} ${number}`)) return `${name} ${number}`;
}

/** A copy of an experience that is a new one: without its id, and so with visitors of its own. */
export function copyOf(experience: Experience, taken: readonly string[]): Experience {
  const { id: _, ...rest } = structuredClone(experience);
  return { ...rest, name: unused(`${experience.name} copy`, taken) };
}

/** A copy of a rule with new experiences and without ranges. */
export function copyOfRule(rule: Rule): Rule {
  const { id: _, ranges: __, epoch: ___, ...rest } = structuredClone(rule);
  return {
    ...rest,
    name: rule.name ? `${rule.name} copy` : "",
    experiences: (rest.experiences ?? []).map(({ id: _id, ...one }) => one),
  };
}

/** Shares of a rule's experiences, 0 to 1, in their order; paused ones have none. */
export function shares(experiences: readonly Experience[]): number[] {
  const weights = experiences.map((one) => (one.paused ? 0 : Math.max(0, one.weight ?? 1)));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => (sum > 0 ? weight / sum : 0));
}

/** Everybody's equal weight, in whole percent where that works out. */
export function evenly(experiences: readonly Experience[]): Experience[] {
  return experiences.map((one) => ({ ...one, weight: 1 }));
}

/** What a row's name and value say in every message with the same place in the other experiences of a rule. */
export function copyRow(rule: Rule, message: number, row: Row): Rule {
  return {
    ...rule,
    experiences: (rule.experiences ?? []).map((experience) => {
      const messages = [...(experience.content?.messages ?? [])];
      const into = messages[message];
      if (!into) return experience;
      const rows = into.rows ?? [];
      const at = rows.findIndex((one) => one.name === row.name);
      messages[message] = { ...into, rows: at < 0 ? [...rows, row] : put(rows, at, row) };
      return { ...experience, content: { ...experience.content, messages } };
    }),
  };
}

/** A rule without the rows of one name in one message of all its experiences. */
export function dropRow(rule: Rule, message: number, name: string): Rule {
  return {
    ...rule,
    experiences: (rule.experiences ?? []).map((experience) => {
      const messages = (experience.content?.messages ?? []).map((one, index) =>
        index === message ? { ...one, rows: (one.rows ?? []).filter((row) => row.name !== name) } : one,
      );
      return messages.length ? { ...experience, content: { ...experience.content, messages } } : experience;
    }),
  };
}
