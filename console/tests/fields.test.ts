// @vitest-environment jsdom
import { readdirSync, readFileSync } from "node:fs";
import { join as at } from "node:path";
import { describe, expect, test } from "vitest";
import { type JsonObject, type Node, paths, read, write } from "../src/conditions/model";
import { indexOf, tabOf } from "../src/pages/campaign/places";
import { judge } from "../src/pages/campaign/useCheck";
import { patched } from "../src/pages/campaigns/verbs";
import { placeOf } from "../src/parts/editor/place";
import { valueAt } from "../src/parts/value";
import { below, join, sentence } from "../src/parts/wrong";

test("a path is below another one only at a border of names", () => {
  expect(below("rules[0].audience.plan", "rules[0].audience")).toBe("plan");
  expect(below("rules[0]", "rules")).toBe("[0]");
  expect(below("rules[0]", "rules[0]")).toBe("");
  expect(below("rules[01]", "rules[0]")).toBeUndefined();
  expect(below("names", "name")).toBeUndefined();
  expect(join("rules", "[0].name")).toBe("rules[0].name");
  expect(join("", "name")).toBe("name");
});

test("a field is told what is wrong with it without its path", () => {
  const weight = { field: "rules[0].weight", expected: "a number from 0", got: "-1" };
  expect(sentence({ ...weight, detail: "rules[0].weight: expected a number from 0, got -1" })).toBe(
    "Expected a number from 0, got -1.",
  );
  expect(sentence(weight)).toBe("Expected a number from 0, got -1.");
  expect(sentence({ field: "b", detail: "b, line 1: this is no Liquid." })).toBe("Line 1: this is no Liquid.");
});

test("every field has its page", () => {
  expect(
    ["rules[0].name", "control", "", "audience.plan", "goals[0]", "analysis.lift", "groups[1]"].map(tabOf),
  ).toEqual(["rules", "rules", "rules", "audience", "goals", "goals", "settings"]);
  expect([indexOf("[2].name"), indexOf("name")]).toEqual([2, undefined]);
});

test("a value is found by its path, also under names with dots", () => {
  const value = { "address.city": { $in: ["a", "b"] }, address: 1 };
  expect(valueAt(value, "address.city.$in[1]")).toBe("b");
  expect(valueAt(value, "address")).toBe(1);
  expect(valueAt(value, "address.street")).toBeUndefined();
  expect(valueAt(value, "nothing[0]")).toBeUndefined();
});

describe("the place of a value in a JSON text", () => {
  const text = '{\n  "a": [1, {"b.c": "x"}],\n  "d": {}\n}';
  const shown = (path: string) => {
    const { from, to } = placeOf(text, path);
    return text.slice(from, to);
  };
  test("is found by its path", () => {
    expect(shown("a[0]")).toBe("1");
    expect(shown("a[1].b.c")).toBe('"x"');
    expect(shown("")).toBe(text);
  });
  test("is that of what is around it where it is not there", () => {
    expect(shown("d.e.f")).toBe("{}");
    expect(shown("a[7]")).toBe('[1, {"b.c": "x"}]');
  });
});

const SPEC = at(import.meta.dirname, "../../spec/targeting");

/** Every node that stands for something that the JSON says, with what it says. */
function leaves(node: Node): Node[] {
  return node.kind === "group" ? node.children.flatMap(leaves) : [node];
}

describe("every row of a condition knows its place in the JSON", () => {
  test.each(readdirSync(SPEC).filter((name) => name.endsWith(".json") && name !== "schema.json"))("%s", (name) => {
    const { condition } = JSON.parse(readFileSync(at(SPEC, name), "utf8")) as { condition?: JsonObject };
    const root = read(condition ?? {});
    const places = paths(root);
    for (const leaf of leaves(root)) {
      const told = Object.values(write(leaf))[0];
      expect(valueAt(write(root), places.get(leaf.id)!)).toEqual(told);
    }
  });
});

test("two rows of one attribute stand in the list that they are written as", () => {
  const root = read({ $and: [{ a: 1 }, { b: 2 }] });
  expect([...paths(root).values()]).toEqual(["", "", "$and[0].a", "$and[1].b"]);
  const twice = { ...read({ a: 1 }), children: [...read({ a: 1 }).children, ...read({ a: 2 }).children] };
  const places = paths(twice);
  expect(twice.children.map((one) => places.get(one.id))).toEqual(["$and[0].a", "$and[1].a"]);
});

describe("a judgement", () => {
  const of = { name: "", rules: [{ id: "r", name: "Gold", experiences: [] }] };
  const missing = { field: "rules[0].experiences", expected: "at least one experience" };
  const told = {
    problems: [{ field: "name", expected: "a name", detail: "name: expected a name" }],
    setup: [{ rule: "r", ready: false, missing: [missing] }],
    missing: [],
  };
  test("holds for what it was made on", () => {
    const judged = judge(told, of, of);
    expect(judged.wrong).toEqual([{ path: "name", text: "Expected a name." }]);
    expect(judged.missing.map((one) => one.path)).toEqual(["rules[0].experiences"]);
    expect(judged.setup[0]?.ready).toBe(false);
  });
  test("holds no more for a field that was changed, nor for a rule that stands elsewhere", () => {
    const judged = judge(told, of, { name: "Hero", rules: [{ name: "New" }, ...of.rules] });
    expect(judged).toMatchObject({ wrong: [], missing: [] });
    expect(judged.setup).toEqual([undefined, undefined]);
  });
});

test("a status is shown at once in every form in which campaigns are held", () => {
  const hero = { id: "abcde", key: "hero", body: { name: "Hero", status: "running" } };
  const other = { id: "fghij", key: "other", body: { name: "Other", status: "running" } };
  const paused = { ...hero, body: { name: "Hero", status: "paused" } };
  expect(patched(hero, ["hero"], "paused")).toEqual(paused);
  expect(patched({ items: [hero, other] }, ["abcde"], "paused")).toEqual({ items: [paused, other] });
  const pages = { pages: [{ items: [other, hero], next: null }], pageParams: [""] };
  expect(patched(pages, ["hero"], "paused")).toEqual({ ...pages, pages: [{ items: [other, paused], next: null }] });
  for (const held of [null, undefined, { statuses: {} }]) expect(patched(held, ["hero"], "paused")).toEqual(held);
});
