/**
 * Conditions as a tree that people can edit, and back to the JSON that the server compiles.
 *
 * `write(read(condition))` is the same JSON for every condition that the server takes: what the builder has no row for is
 * kept as it came. The language is described in docs/conditions.md.
 */

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type JsonObject = { [name: string]: Json };

export type Logic = "and" | "or" | "nor" | "not";
/** Parts of a group that must all, any or none hold. */
export type Group = {
  id: number;
  kind: "group";
  op: Logic;
  /** an `and` that is written as one object, not as a list under `$and` */
  inline: boolean;
  children: Node[];
};
/** What one attribute or fact has to be: `[operator, operand]`, all of which must pass. */
export type Test = {
  id: number;
  kind: "test";
  name: string;
  /** written as a bare value, which means `$eq` */
  plain: boolean;
  ops: [string, Json][];
};
/** `$audience`, `$event` or `$affinity` with its operand. */
export type Past = { id: number; kind: "audience" | "event" | "affinity"; value: Json };
export type Node = Group | Test | Past;

const PAST = new Map<string, Past["kind"]>([
  ["$audience", "audience"],
  ["$event", "event"],
  ["$affinity", "affinity"],
]);
const WORDS = { audience: "$audience", event: "$event", affinity: "$affinity" } as const;
const LISTS = new Map<string, Logic>([
  ["$and", "and"],
  ["$or", "or"],
  ["$nor", "nor"],
]);

let made = 0;
/** A number for a new row, so that it keeps its place on the screen while others come and go. */
export const fresh = (): number => ++made;

const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Whether an operand consists of operators, and is not an object to compare with. */
export function hasOperators(value: Json | undefined): value is JsonObject {
  if (!isObject(value)) return false;
  const names = Object.keys(value);
  return names.length > 0 && names.every((name) => name.startsWith("$"));
}

/** A condition as a tree; its root is a group that is written as an object. */
export function read(condition: JsonObject): Group {
  return { id: fresh(), kind: "group", op: "and", inline: true, children: Object.entries(condition).map(entry) };
}

function entry([name, value]: [string, Json]): Node {
  const logic = LISTS.get(name);
  if (logic && Array.isArray(value) && value.every(isObject)) {
    return {
      id: fresh(),
      kind: "group",
      op: logic,
      inline: false,
      children: value.map((one) => part(one as JsonObject)),
    };
  }
  if (name === "$not" && isObject(value)) {
    return { id: fresh(), kind: "group", op: "not", inline: false, children: [part(value)] };
  }
  const past = PAST.get(name);
  if (past) return { id: fresh(), kind: past, value };
  if (hasOperators(value)) return { id: fresh(), kind: "test", name, plain: false, ops: Object.entries(value) };
  return { id: fresh(), kind: "test", name, plain: true, ops: [["$eq", value]] };
}

/** An element of a list: an object with one entry needs no group around it. */
function part(condition: JsonObject): Node {
  const whole = read(condition);
  return whole.children.length === 1 ? whole.children[0]! : whole;
}

/** The JSON of a tree. */
export function write(root: Node): JsonObject {
  if (root.kind !== "group" || !root.inline) return one(root);
  const made: JsonObject = {};
  for (const child of root.children) {
    const written = one(child);
    for (const [name, value] of Object.entries(written)) {
      // Two entries cannot have one name: then the parts become a list.
      if (Object.hasOwn(made, name)) return { $and: root.children.map(write) };
      define(made, name, value);
    }
  }
  return made;
}

/** The way in which every name, even `__proto__`, becomes an entry. */
function define(object: JsonObject, name: string, value: Json): void {
  Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
}

function one(node: Node): JsonObject {
  switch (node.kind) {
    case "test": {
      const only = node.ops[0];
      const made: JsonObject = {};
      if (node.plain && node.ops.length === 1 && only?.[0] === "$eq" && !hasOperators(only[1])) {
        define(made, node.name, only[1]);
        return made;
      }
      const operators: JsonObject = {};
      for (const [op, value] of node.ops) define(operators, op, value);
      define(made, node.name, operators);
      return made;
    }
    case "group":
      if (node.inline) return write(node);
      if (node.op === "not")
        return { $not: node.children.length === 1 ? write(node.children[0]!) : all(node.children) };
      return { [`$${node.op}`]: node.children.map(write) };
    default:
      return { [WORDS[node.kind]]: node.value };
  }
}

function all(children: Node[]): JsonObject {
  return write({ id: 0, kind: "group", op: "and", inline: true, children });
}

/** Where each node of a tree stands in its JSON: the paths that the server names, by the node's number. */
export function paths(root: Node): Map<number, string> {
  const found = new Map<number, string>();
  place(root, "", found);
  return found;
}

const under = (path: string, name: string): string => (path ? `${path}.${name}` : name);

function place(node: Node, path: string, found: Map<number, string>): void {
  if (node.kind !== "group") {
    found.set(node.id, under(path, node.kind === "test" ? node.name : WORDS[node.kind]));
    return;
  }
  found.set(node.id, path);
  const within = node.inline ? path : under(path, `$${node.op}`);
  if (node.inline || node.op === "not") {
    // Written as one object, unless a name comes twice: then as a list.
    const names = node.children.flatMap((child) => Object.keys(one(child)));
    const listed = new Set(names).size < names.length;
    for (const [index, child] of node.children.entries())
      place(child, listed ? under(within, `$and[${index}]`) : within, found);
  } else for (const [index, child] of node.children.entries()) place(child, `${within}[${index}]`, found);
}

/** The tree with one node replaced, or removed where `made` is null. The rest is shared with the tree before. */
export function replace(root: Node, id: number, made: Node | null): Node {
  if (root.id === id) return made ?? root;
  if (root.kind !== "group") return root;
  let changed = false;
  const children: Node[] = [];
  for (const child of root.children) {
    if (child.id === id) {
      changed = true;
      if (made) children.push(made);
      continue;
    }
    const after = replace(child, id, made);
    changed ||= after !== child;
    children.push(after);
  }
  return changed ? { ...root, children } : root;
}

/** A new row that compares an attribute. */
export const newTest = (name = ""): Test => ({ id: fresh(), kind: "test", name, plain: true, ops: [["$eq", ""]] });

/** A new group of one kind, with one row to begin with. */
export const newGroup = (op: Logic): Group => ({
  id: fresh(),
  kind: "group",
  op,
  inline: false,
  children: [newTest()],
});

/** A new row about what happened before. */
export function newPast(kind: Past["kind"]): Past {
  if (kind === "audience") return { id: fresh(), kind, value: "" };
  if (kind === "event") return { id: fresh(), kind, value: { name: "", within: { days: 30 } } };
  return { id: fresh(), kind, value: { event: "", property: "", is: "", within: { days: 30 } } };
}
