import { expect, test } from "vitest";
import type { JsonObject } from "../src/conditions/model";
import {
  askedAt,
  type Campaign,
  gateInWords,
  partAt,
  plain,
  readable,
  reasonInWords,
  ruleInWords,
  told,
} from "../src/pages/campaign/preview/words";

const CAMPAIGN = {
  name: "Hero",
  audience: { "@country": { $in: ["AT", "DE"] } },
  rules: [
    {
      id: "Ru1e1",
      name: "Gold",
      audience: { plan: "gold", age: { $gte: 18, $lt: 65 }, $or: [{ city: "Graz" }, { $not: { "a.b": 1 } }] },
      experiences: [{ id: "E1", name: "Warm" }],
    },
    { id: "Ru1e2", audience: { $audience: "good" }, experiences: [] },
    { id: "Ru1e3", audience: "everyone", experiences: [] },
  ],
} as unknown as Campaign;
const GOOD = { good: { $event: { name: "order", within: { days: 30 } }, plan: { $exists: true } } } as never;

test.each([
  ["rules[0].audience.plan", ["plan is “gold”"]],
  ["rules[0].audience.age.$lt", ["age is less than 65"]],
  ["rules[0].audience.age", ["age is at least 18 and age is less than 65"]],
  ["rules[0].audience.$or", ["city is “Graz” or not (a.b is 1)"]],
  ["rules[0].audience.$or[0].city", ["city is “Graz”"]],
  ["rules[0].audience.$or[1].$not.a.b", ["not (a.b is 1)"]],
  ["audience.@country.$in", ["@country is one of “AT”, “DE”"]],
  ["rules[1].audience.$audience", ["is in good"]],
  ["rules[1].audience.$audience → good.condition.plan.$exists", ["is in good", "plan is known"]],
  ["rules[1].audience.$audience → good.condition.$event.count", ["is in good", "did “order” within 30 days"]],
  ["rules[1].audience.$audience → gone.condition.plan", ["is in good"]],
])("%s leads back to what is asked there", (path, words) => {
  expect(askedAt(CAMPAIGN, path, GOOD)).toEqual(words);
});

test.each([
  "rules[0].audience.nothing",
  "rules[7].audience.plan",
  "rules[2].audience.plan",
  "rules[0].cap",
  "control",
  "",
])("%s asks for nothing that a condition says", (path) => {
  expect(askedAt(CAMPAIGN, path)).toEqual([]);
});

test("inside nor and not the opposite is asked for, inside both the thing itself", () => {
  const plan = { plan: "gold" };
  expect(partAt({ $nor: [plan] }, "$nor[0].plan")).toEqual({ $not: plan });
  expect(partAt({ $not: plan }, "$not.plan")).toEqual({ $not: plan });
  expect(partAt({ $not: { $nor: [plan] } } as JsonObject, "$not.$nor[0].plan")).toEqual(plan);
  expect(partAt({ $and: [plan, { a: 1 }] }, "$and[1].a")).toEqual({ a: 1 });
  expect(partAt({ $and: [plan] }, "$and[3].a")).toBeUndefined();
});

test("a rule goes by its name, else by its number", () => {
  expect(ruleInWords(CAMPAIGN, 0)).toBe("“Gold”");
  expect(ruleInWords(CAMPAIGN, 1)).toBe("Rule 2");
  expect(plain("rules[1] owns no slots yet; rules[0].experiences[0] has none.", CAMPAIGN)).toBe(
    "Rule 2 owns no slots yet; “Warm” has none.",
  );
});

test.each([
  [null, "unknown"],
  [undefined, "unknown"],
  ["gold", "“gold”"],
  ["", "an empty text"],
  [true, "yes"],
  [12345.5, "12,345.5"],
  [[], "an empty list"],
  [["a", 2, null], "“a”, 2, unknown"],
  [[1, 2, 3, 4, 5, 6, 7], "1, 2, 3, 4, 5 and 2 more"],
  [{ $gte: 3 }, "is at least 3"],
  [{ a: 1 }, '{"a":1}'],
])("%j is read as %s", (value, text) => {
  expect(readable(value)).toBe(text);
});

test("a gate tells what was asked and found; without a condition the server's sentence stays", () => {
  const closed = { gate: "rule", message: "rules[0].audience.plan: nothing does not pass gold" };
  expect(told({ ...closed, path: "rules[0].audience.plan", found: null, expected: "gold" }, CAMPAIGN)).toEqual({
    sentence: "",
    asked: ["plan is “gold”"],
    found: "unknown",
  });
  const capped = { gate: "cap", message: "It was shown before.", path: "rules[0].cap", found: 3, expected: "once" };
  expect(told(capped, CAMPAIGN)).toEqual({ sentence: "It was shown before.", asked: [], found: "" });
});

test("a draw is told by shares, and by the rule that matched", () => {
  const control = { gate: "control", message: "slot 3 is below 2000", path: "control", found: 3, expected: 2000 };
  expect(told(control, CAMPAIGN, {}, "Ru1e2").sentence).toBe(
    "Rule 2 matches, and the draw puts this person into the control group, which has 20\u00a0%.",
  );
  expect(told(control, CAMPAIGN).sentence).toContain("A rule matches");
  const drawn = {
    gate: "experience",
    message: "slot 3 of 10000",
    path: "rules[0].experiences[0]",
    found: 3,
    expected: [
      [0, 2000],
      [5000, 5500],
    ],
  };
  expect(told(drawn, CAMPAIGN).sentence).toBe("“Gold” matches, and the draw gives “Warm”, which has 25\u00a0%.");
  const only = {
    gate: "experience",
    message: "Rule “Gold” matches and shows “Warm”.",
    path: "rules[0].experiences[0]",
  };
  expect(told(only, CAMPAIGN).sentence).toBe(only.message);
});

test("gates and reasons have names; what is new keeps its own", () => {
  expect(gateInWords("cap")).toBe("Frequency");
  expect(gateInWords("brand_new")).toBe("brand_new");
  expect(reasonInWords("DEFAULT")).toBe("No rule matches");
  expect(reasonInWords("NEW")).toBe("NEW");
});
