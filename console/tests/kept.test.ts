// @vitest-environment jsdom
import { beforeEach, describe, expect, test } from "vitest";
import { begun, forget, remember } from "../src/pages/campaign/kept";
import { step } from "../src/pages/campaign/steps";

const PLACE = "tailorbird:draft:shop:abcde";
const live = (name: string, version = 3) =>
  ({ id: "abcde", key: "hero", version, author: "ben", at: 7, body: { name } }) as never;
const stored = (name: string, revision: number, outdated = false) =>
  ({ id: "abcde", revision, base: 3, live_version: 3, author: "cid", at: 8, body: { name }, outdated }) as never;
const type = (name: string, revision: number, base = 3) => remember(PLACE, JSON.stringify({ name }), revision, base);

beforeEach(() => {
  localStorage.clear();
  sessionStorage.clear();
});

test("what another tab typed is not forgotten with what was saved here", () => {
  type("Of the other tab", 2);
  forget(PLACE, JSON.stringify({ name: "Saved here" }));
  expect(begun(PLACE, live("Hero"), stored("Mine", 2)).body.name).toBe("Of the other tab");
  forget(PLACE, JSON.stringify({ name: "Of the other tab" }));
  expect(begun(PLACE, live("Hero"), stored("Mine", 2)).body.name).toBe("Mine");
});

test("what this tab typed comes before what another one typed since, and what any typed is there in a new one", () => {
  type("Of this tab", 2);
  const here = sessionStorage.getItem(PLACE)!;
  type("Of the other tab", 3);
  sessionStorage.setItem(PLACE, here);
  const both = begun(PLACE, live("Hero"), stored("Saved by the other", 4));
  expect([both.body.name, both.theirs?.body.name]).toEqual(["Of this tab", "Saved by the other"]);
  sessionStorage.clear();
  expect(begun(PLACE, live("Hero"), stored("Mine", 3)).body.name).toBe("Of the other tab");
});

describe("an editor begins", () => {
  test("with what is in force, or with its draft", () => {
    expect(begun(PLACE, live("Hero"), null)).toEqual({ body: { name: "Hero" }, theirs: null });
    expect(begun(PLACE, live("Hero"), stored("Mine", 2))).toEqual({ body: { name: "Mine" }, theirs: null });
  });

  test("with what was typed in this browser and did not reach the server", () => {
    type("Typed", 2);
    expect(begun(PLACE, live("Hero"), stored("Mine", 2))).toEqual({ body: { name: "Typed" }, theirs: null });
    type("Typed", 0);
    expect(begun(PLACE, live("Hero"), null)).toEqual({ body: { name: "Typed" }, theirs: null });
  });

  test("with both versions where somebody else wrote meanwhile", () => {
    type("Typed", 2);
    const both = begun(PLACE, live("Hero"), stored("Theirs", 3));
    expect([both.body.name, both.theirs?.body.name, both.theirs?.revision]).toEqual(["Typed", "Theirs", 3]);
    type("Typed", 0, 2);
    const published = begun(PLACE, live("Published"), null);
    expect([published.body.name, published.theirs?.body.name, published.theirs?.author]).toEqual([
      "Typed",
      "Published",
      "ben",
    ]);
  });

  test("without a question where the server has what was typed, though its answer was lost", () => {
    type("Typed", 2);
    expect(begun(PLACE, live("Hero"), stored("Typed", 3)).theirs).toBeNull();
  });

  test("with what is in force beside a draft that was begun before", () => {
    const both = begun(PLACE, live("Published"), stored("Mine", 2, true));
    expect([both.body.name, both.theirs?.body.name, both.theirs?.revision]).toEqual(["Mine", "Published", 2]);
  });

  test("without what cannot be read", () => {
    localStorage.setItem(PLACE, '{"body": "{", "revision": 0, "base": 3}');
    expect(begun(PLACE, live("Hero"), null).body.name).toBe("Hero");
    forget(PLACE);
    expect(localStorage.length).toBe(0);
  });
});

test("what is moved is a step of its own, however quickly; so is another field", () => {
  const [a, b, c] = ["a", "b", "c"].map((name) => ({ name }));
  const begin = { past: [], body: { name: "Hero", rules: [a!, b!, c!] }, future: [], typed: 0 };
  let state = step(begin, { do: "set", body: { name: "Hero", rules: [b!, a!, c!] } });
  state = step(state, { do: "set", body: { name: "Hero", rules: [b!, c!, a!] } });
  state = step(state, { do: "set", body: { name: "Hero 2", rules: state.body.rules } });
  state = step(state, { do: "set", body: { name: "Hero 23", rules: state.body.rules } });
  expect(state.past.length).toBe(3);
  expect(step(step(state, { do: "undo" }), { do: "undo" }).body.rules).toEqual([b, a, c]);
});

test("typing without a pause is one step back; a version from elsewhere is one too", () => {
  const begin = { past: [], body: { name: "" }, future: [], typed: 0 };
  let state = step(begin, { do: "set", body: { name: "H" } });
  state = step(state, { do: "set", body: { name: "He" } });
  state = step(state, { do: "load", body: { name: "Theirs" } });
  expect(state.past.map((one) => one.name)).toEqual(["", "He"]);
  state = step(state, { do: "undo" });
  expect(state.body.name).toBe("He");
  state = step(step(state, { do: "undo" }), { do: "undo" });
  expect(state.body.name).toBe("");
  state = step(state, { do: "redo" });
  expect(state.body.name).toBe("He");
  expect(step(state, { do: "set", body: { name: "Her" } }).future).toEqual([]);
});
