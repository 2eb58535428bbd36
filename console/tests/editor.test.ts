import { describe, expect, test } from "vitest";
import { local } from "../src/app/local";
import { suited, typed, typeOf } from "../src/conditions/operators";
import { idsOf } from "../src/pages/audiences/ids";
import { expression } from "../src/pages/campaign/content/liquid";
import { copyOf, copyOfRule, copyRow, dropRow, move, type Rule, shares, unused } from "../src/pages/campaign/draft";
import { percent, signed } from "../src/parts/figures";

const rule: Rule = {
  id: "rule1",
  ranges: { a: [[0, 5000]] } as never,
  epoch: 2,
  experiences: [
    {
      id: "a",
      name: "A",
      weight: 3,
      content: { messages: [{ target: "hero", rows: [{ name: "title", value: "Hi" }] }] },
    },
    {
      id: "b",
      name: "B",
      weight: 1,
      content: { messages: [{ target: "hero", rows: [{ name: "link", value: "/b" }] }] },
    },
    { id: "c", name: "C", weight: 4, paused: true },
  ],
};

describe("experiences of a rule", () => {
  test("share by weight; a paused one has none", () => {
    expect(shares(rule.experiences!)).toEqual([0.75, 0.25, 0]);
    expect(shares([{ name: "A", weight: 0 }])).toEqual([0]);
  });

  test("copies are new ones: without ids, ranges and epoch", () => {
    expect(copyOf(rule.experiences![0]!, ["A", "A copy"])).toMatchObject({ name: "A copy 2", weight: 3 });
    expect(copyOf(rule.experiences![0]!, [])).not.toHaveProperty("id");
    const copy = copyOfRule(rule);
    for (const name of ["id", "ranges", "epoch"]) expect(copy).not.toHaveProperty(name);
    expect(copy.experiences!.some((one) => "id" in one)).toBe(false);
  });

  test("a row is copied to every experience that has the message, and deleted from all", () => {
    const everywhere = copyRow(rule, 0, { name: "title", value: "Hello" });
    expect(everywhere.experiences!.map((one) => one.content?.messages?.[0]?.rows?.map((row) => row.value))).toEqual([
      ["Hello"],
      ["/b", "Hello"],
      undefined,
    ]);
    const nowhere = dropRow(everywhere, 0, "title");
    expect(nowhere.experiences![0]!.content!.messages![0]!.rows).toEqual([]);
    expect(nowhere.experiences![1]!.content!.messages![0]!.rows).toEqual([{ name: "link", value: "/b" }]);
  });
});

test("moving keeps everything, in its new order", () => {
  expect(move(["a", "b", "c"], 0, 2)).toEqual(["b", "c", "a"]);
  expect(move(["a", "b", "c"], 2, -5)).toEqual(["c", "a", "b"]);
});

test("a name that is taken gets a number", () => {
  expect(unused("Variant", [])).toBe("Variant");
  expect(unused("Variant", ["Variant", "Variant 2"])).toBe("Variant 3");
});

test("what is typed has the type that is expected, and stays text where it is none", () => {
  expect(typed("12.5", "number")).toBe(12.5);
  expect(typed("12.5", "string")).toBe("12.5");
  expect(typed("twelve", "number")).toBe("twelve");
  expect(typed("true", "boolean")).toBe(true);
  expect(typeOf("", "number")).toBe("number");
  expect(typeOf("7", "number")).toBe("string");
});

test("another operator begins with what it can take of the operand before", () => {
  expect(suited("$in", "gold")).toEqual(["gold"]);
  expect(suited("$eq", ["gold", "silver"])).toBe("gold");
  expect(suited("$exists", "gold")).toBe(true);
  expect(suited("$regex", ["x"])).toBe("");
});

test("a dynamic value is written with what stands in its place", () => {
  expect(expression("user.first_name", "")).toBe("{{ user.first_name }}");
  expect(expression("user.first_name", "friend")).toBe('{{ user.first_name | default: "friend" }}');
  expect(expression("user.x", 'the "best"')).toBe("{{ user.x | default: 'the \"best\"' }}");
});

test("ids of a list come from lines, commas and quotation marks, each once", () => {
  expect(idsOf('a\r\nb, c;"d"\n\nb')).toEqual(["a", "b", "c", "d"]);
});

test("after signing in one comes to a place of this console and nowhere else", () => {
  expect(local("/p/shop/campaigns?status=running")).toBe("/p/shop/campaigns?status=running");
  for (const to of ["//evil.example", "https://evil.example/p/", "/v1/me", "/pirate", undefined])
    expect(local(to)).toBe("/");
});

test("figures have units and signs", () => {
  expect([percent(0), percent(0.0123), percent(0.5), percent(1)]).toEqual([
    "0\u00a0%",
    "1.23\u00a0%",
    "50.0\u00a0%",
    "100\u00a0%",
  ]);
  expect([signed(0.1), signed(-0.1), signed(0)]).toEqual(["+10.0\u00a0%", "−10.0\u00a0%", "0\u00a0%"]);
});
