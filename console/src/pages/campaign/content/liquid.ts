import type { CompletionContext, CompletionResult } from "@codemirror/autocomplete";
import { FACTS } from "@/conditions/operators";
import type { Known } from "@/conditions/useKnown";

const PLAIN = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** A member of a path; names with other signs stand in brackets. */
const member = (name: string): string => (PLAIN.test(name) ? `.${name}` : `["${name.replaceAll('"', '\\"')}"]`);

/** Every value that content of this project can read, as it is written in Liquid. */
export function offers(known: Known): { group: string; items: string[] }[] {
  const attributes = [...known.attributes.keys()].sort().map((name) => `user${name.split(".").map(member).join("")}`);
  const events = known.events.flatMap((name) => {
    const properties = [...(known.properties.get(name)?.keys() ?? [])];
    return [
      `event${member(name)}.count`,
      ...properties.map((one) => `event${member(name)}.last${one.split(".").map(member).join("")}`),
    ];
  });
  const facts = FACTS.map((one) => `fact.${one.name.slice(1)}`);
  return [
    { group: "Attributes", items: [...new Set(attributes)] },
    { group: "What they did", items: [...new Set(events)] },
    { group: "Facts", items: facts },
    { group: "Catalogue", items: ['catalogue["<id>"].description', "catalogue[user.last_viewed].price"] },
    { group: "Time", items: ["now", "today"] },
  ];
}

/** An output with what stands in its place when the value is missing. */
export function expression(name: string, fallback: string): string {
  if (!fallback) return `{{ ${name.trim()} }}`;
  const quoted = fallback.includes('"') ? `'${fallback.replaceAll("'", "’")}'` : `"${fallback}"`;
  return `{{ ${name.trim()} | default: ${quoted} }}`;
}

const FILTERS = [
  'default: ""',
  "upcase",
  "downcase",
  "capitalize",
  'date: "%d %B %Y"',
  "round: 2",
  'join: ", "',
  "first",
  "last",
  "size",
  "truncate: 40",
  "escape",
  "strip",
  "times: 1",
  "plus: 1",
  "minus: 1",
  "divided_by: 1",
];
const TAGS = ["if", "unless", "case", "for", "assign", "capture", "comment", "raw"];

/** Completion inside `{{ … }}` and `{% … %}` of a JSON text. */
export function completeLiquid(known: Known) {
  const names = offers(known).flatMap((group) => group.items.map((label) => ({ label, detail: group.group })));
  return (context: CompletionContext): CompletionResult | null => {
    const line = context.state.doc.lineAt(context.pos);
    const before = line.text.slice(0, context.pos - line.from);
    const open = Math.max(before.lastIndexOf("{{"), before.lastIndexOf("{%"));
    if (open < 0 || before.slice(open).includes("}}") || before.slice(open).includes("%}")) return null;
    const inside = before.slice(open + 2);
    const filter = /\|\s*([a-z_]*)$/.exec(inside);
    // Inside a JSON text the quotation marks of Liquid are escaped.
    const escaped = (text: string) => text.replaceAll('"', '\\"');
    if (filter)
      return {
        from: context.pos - filter[1]!.length,
        options: FILTERS.map((label) => ({ label, apply: escaped(label), type: "function" })),
      };
    if (before.slice(open, open + 2) === "{%" && /^\s*[a-z]*$/.test(inside))
      return {
        from: context.pos - inside.trimStart().length,
        options: TAGS.map((label) => ({ label, type: "keyword" })),
      };
    const word = /[A-Za-z_@.[\]"\\<>-]*$/.exec(inside)?.[0] ?? "";
    return {
      from: context.pos - word.length,
      options: names.map((one) => ({ ...one, apply: escaped(one.label), type: "variable" })),
    };
  };
}
