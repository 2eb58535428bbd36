import { expect, test } from "vitest";
import type { Body } from "../src/pages/campaign/draft";
import { placeOf } from "../src/pages/campaign/places";

const body: Body = { name: "Hero", rules: [{ name: "Gold", experiences: [{ name: "Warm" }, { name: "" }] }, {}] };

test.each([
  ["", "The whole campaign"],
  ["control", "control"],
  ["key", "selector"],
  ["exclusion_set", "exclusion set"],
  ["goals[0].goal", "goals"],
  ["rules[0]", "Gold"],
  ["rules[0].audience.plan", "Gold, audience"],
  ["rules[1].schedule.hours[0]", "Rule 2, schedule"],
  ["rules[0].experiences", "Gold, experiences"],
  ["rules[0].experiences[0].content.messages[0].rows[1].value", "Gold, Warm, content"],
  ["rules[0].experiences[1].weight", "Gold, Experience 2, weight"],
  ["rules[7].name", "Rule 8, name"],
])("%s is called %s", (path, name) => {
  expect(placeOf(body, path)).toBe(name);
});
