import { expect, test } from "vitest";
import { valueInWords, whereInWords } from "../src/pages/history/where";

const names = { V1StG: "Gold", xR_Z5: "Warm" };

test.each([
  ["", "everything"],
  ["control", "control"],
  ["exclusion_set", "exclusion set"],
  ["rules[V1StG].cap", "Gold › how often"],
  ["rules[V1StG].experiences[xR_Z5].content.body.headline", "Gold › Warm › content › body › headline"],
  ["rules[abcde].experiences[fghij].weight", "rule abcde › experience fghij › weight"],
  ["rules.order", "order of rules"],
  ["rules[V1StG].experiences.order", "Gold › order of experiences"],
  ["rules[V1StG].audience.$and[0].age.$gte", "Gold › audience › all of › no. 1 › age › is at least"],
  ["goals[1].role", "goals › no. 2 › role"],
  ["time_zone", "time zone"],
])("%s is called %s", (path, told) => {
  expect(whereInWords(path, names)).toBe(told);
});

test.each<[unknown, string, string | undefined]>([
  ["paused", "status", "paused"],
  [0.05, "control", "0.05"],
  [false, "sticky", "no"],
  [["xR_Z5", "other"], "rules[V1StG].experiences.order", "Warm, other"],
  [[], "groups", "an empty list"],
  [[{ name: "row" }], "content.rows", undefined],
  [{ headline: "Hello" }, "content.body", undefined],
  [{ plan: "gold" }, "audience", "plan is “gold”"],
  ["", "rules[V1StG].name", "an empty text"],
])("%j reads as people read it", (value, path, told) => {
  expect(valueInWords(value, path, names)).toBe(told);
});
