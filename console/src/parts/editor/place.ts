import { jsonLanguage } from "@codemirror/lang-json";
import type { Diagnostic } from "@codemirror/lint";
import { named } from "../value";
import type { Wrong } from "../wrong";

type SyntaxNode = ReturnType<typeof jsonLanguage.parser.parse>["topNode"];

/** Where the value of a path stands in a JSON text; of what is not there, the value around it. */
export function placeOf(text: string, path: string): { from: number; to: number } {
  const top = jsonLanguage.parser.parse(text).topNode.firstChild;
  if (!top) return { from: 0, to: text.length };
  const node = inside(top, path, text);
  return { from: node.from, to: node.to };
}

function inside(node: SyntaxNode, path: string, text: string): SyntaxNode {
  const rest = path.startsWith(".") ? path.slice(1) : path;
  if (!rest) return node;
  if (node.name === "Array") {
    const index = /^\[(\d+)\]/.exec(rest);
    const element = index && values(node)[Number(index[1])];
    return element ? inside(element, rest.slice(index[0].length), text) : node;
  }
  if (node.name !== "Object") return node;
  const members = new Map<string, SyntaxNode>();
  for (const property of node.getChildren("Property")) {
    const name = property.getChild("PropertyName");
    if (name && property.lastChild && property.lastChild !== name)
      members.set(JSON.parse(text.slice(name.from, name.to)), property.lastChild);
  }
  const name = named([...members.keys()], rest);
  return name === undefined ? node : inside(members.get(name)!, rest.slice(name.length), text);
}

const MARKS = new Set(["[", "]", ",", "⚠"]);

function values(node: SyntaxNode): SyntaxNode[] {
  const found: SyntaxNode[] = [];
  for (let child = node.firstChild; child; child = child.nextSibling) if (!MARKS.has(child.name)) found.push(child);
  return found;
}

/** What is wrong with parts of a JSON text, as marks beside their lines. */
export function marks(text: string, wrong: readonly Wrong[]): Diagnostic[] {
  return wrong.map((one) => ({ ...placeOf(text, one.path), severity: "error", message: one.text }));
}
