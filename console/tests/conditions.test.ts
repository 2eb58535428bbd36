import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type JsonObject, newGroup, newTest, read, replace, write } from "../src/conditions/model";
import { as, guessed } from "../src/conditions/operators";
import { inWords } from "../src/conditions/words";

const SPEC = join(import.meta.dirname, "../../spec");

/** Every condition in a case, however deep: what is called condition, audience or where, and is an object. */
function conditions(value: unknown, found: JsonObject[] = []): JsonObject[] {
  if (Array.isArray(value)) for (const one of value) conditions(one, found);
  else if (typeof value === "object" && value !== null)
    for (const [name, one] of Object.entries(value)) {
      if (["condition", "audience", "where"].includes(name) && typeof one === "object" && one && !Array.isArray(one))
        found.push(one as JsonObject);
      conditions(one, found);
    }
  return found;
}

const files = readdirSync(join(SPEC, "targeting")).filter((name) => name.endsWith(".json") && name !== "schema.json");

describe("every condition of the specification comes back as it was", () => {
  test.each(files)("%s", (name) => {
    const cases = conditions(JSON.parse(readFileSync(join(SPEC, "targeting", name), "utf8")));
    expect(cases.length).toBeGreaterThan(0);
    for (const condition of cases) expect(write(read(condition))).toEqual(condition);
  });
});

test("every published condition comes back as it was", () => {
  const published = JSON.parse(readFileSync(join(SPEC, "conditions/evaluation.json"), "utf8"));
  const cases = (published as [string, JsonObject][]).map(([, condition]) => condition);
  expect(cases.length).toBeGreaterThan(100);
  for (const condition of cases) expect(write(read(condition))).toEqual(condition);
});

test("two tests of one attribute become a list, since an object has one entry of a name", () => {
  const root = read({ age: { $gte: 18 } });
  const two = {
    ...root,
    children: [...root.children, { ...newTest("age"), plain: false, ops: [["$lt", 30]] as never }],
  };
  expect(write(two)).toEqual({ $and: [{ age: { $gte: 18 } }, { age: { $lt: 30 } }] });
});

test("a row is replaced and removed by its number, and the rest stays the same object", () => {
  const root = read({ a: 1, $or: [{ b: 2 }, { c: 3 }] });
  const [a, or] = root.children;
  const b = or!.kind === "group" ? or!.children[0]! : a!;
  const after = replace(root, b.id, null);
  expect(write(after)).toEqual({ a: 1, $or: [{ c: 3 }] });
  expect(after.kind === "group" && after.children[0]).toBe(a);
  expect(write(replace(root, a!.id, newGroup("not")))).toEqual({ $not: { "": "" }, $or: [{ b: 2 }, { c: 3 }] });
});

test("a name that objects inherit is an entry like others", () => {
  const condition = JSON.parse('{"__proto__": "x", "constructor": {"$exists": false}}');
  expect(JSON.stringify(write(read(condition)))).toBe(JSON.stringify(condition));
});

test("a condition is told in words", () => {
  expect(
    inWords({ plan: { $in: ["gold", "silver"] }, $event: { name: "order", within: { days: 30 }, count: { $gte: 3 } } }),
  ).toBe("plan is one of “gold”, “silver” and did “order” within 30 days at least 3 times");
  expect(inWords({ $and: [{ $event: { name: "order", sum: { of: "amount", is: { $gt: 500 } } } }] })).toBe(
    "sum of amount over “order” is greater than 500",
  );
  expect(inWords("everyone")).toBe("Everyone");
  expect(inWords(null)).toBe("Nobody chosen yet");
});

test("what is written of an attribute that nobody has seen is taken for what it looks like", () => {
  const looks = [
    "18",
    "-2.5",
    "0",
    "true",
    "false",
    "",
    "gold",
    "007",
    "1.50",
    "1e3",
    "Infinity",
    "NaN",
    " 18",
    "True",
  ];
  expect(looks.map(guessed)).toEqual([
    ...["number", "number", "number", "boolean", "boolean"],
    ...["string", "string", "string", "string", "string", "string", "string", "string", "string"],
  ]);
});

test("a value is taken for another type where somebody chooses it", () => {
  expect([as(18, "string"), as(true, "string"), as("007", "string")]).toEqual(["18", "true", "007"]);
  expect([as("007", "number"), as("18", "number"), as("gold", "number"), as("", "number")]).toEqual([7, 18, "", ""]);
  expect([as("true", "boolean"), as("false", "boolean"), as(false, "boolean"), as("", "boolean")]).toEqual([
    ...[true, false, false, true],
  ]);
});
