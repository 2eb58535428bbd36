// @vitest-environment jsdom
import { act, createElement } from "react";
import { createRoot } from "react-dom/client";
import { beforeEach, expect, test } from "vitest";
import { type Live, recalled, remember, type Typed, useTyped } from "../src/parts/typed";

type Body = { name: string; note?: string };
const PLACE = "tailorbird:typed:shop:goal:abcde";
const live = (version: number, name: string): Live<Body> => ({ version, body: { name }, author: "ben", at: 7 });

Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });

/** A form that is on the screen. */
function form(first: Live<Body> | undefined) {
  const root = createRoot(document.createElement("div"));
  let typed!: Typed<Body>;
  function Form({ view }: { view: Live<Body> | undefined }) {
    typed = useTyped<Body>(PLACE, view, { name: "" });
    return null;
  }
  const show = (view: Live<Body> | undefined) => act(() => root.render(createElement(Form, { view })));
  show(first);
  return {
    show,
    type: (change: Partial<Body>) => act(() => typed.set(change)),
    choose: (what: "keepMine" | "drop") => act(() => typed[what]()),
    get now() {
      return [typed.body.name, typed.base, typed.theirs?.body.name ?? null, typed.restored];
    },
  };
}

beforeEach(() => localStorage.clear());

test("what is in force is followed until somebody types", () => {
  const shown = form(live(3, "Orders"));
  expect(shown.now).toEqual(["Orders", 3, null, false]);
  shown.show(live(4, "Paid orders"));
  expect(shown.now).toEqual(["Paid orders", 4, null, false]);
});

test("what is typed is kept until the server has it", () => {
  const shown = form(live(3, "Orders"));
  shown.type({ name: "Mine" });
  expect(shown.now).toEqual(["Mine", 3, null, false]);
  expect(form(live(3, "Orders")).now).toEqual(["Mine", 3, null, true]);
  shown.choose("drop");
  expect(localStorage.length).toBe(0);
  expect(form(live(3, "Orders")).now).toEqual(["Orders", 3, null, false]);
});

test("typing it back as it was leaves nothing behind", () => {
  const shown = form(live(3, "Orders"));
  shown.type({ name: "Mine" });
  shown.type({ name: "Orders" });
  expect(localStorage.length).toBe(0);
});

test("both versions are there when somebody else wrote, and either may go on", () => {
  const shown = form(live(3, "Orders"));
  shown.type({ name: "Mine" });
  shown.show(live(4, "Theirs"));
  expect(shown.now).toEqual(["Mine", 3, "Theirs", false]);
  shown.choose("keepMine");
  expect(shown.now).toEqual(["Mine", 4, null, false]);
  shown.show(live(5, "Theirs again"));
  shown.choose("drop");
  expect(shown.now).toEqual(["Theirs again", 5, null, false]);
});

test("something new is kept as well, and nothing that cannot be read", () => {
  form(undefined).type({ name: "New" });
  expect(form(undefined).now).toEqual(["New", 0, null, true]);
  localStorage.setItem(PLACE, "{");
  expect(recalled(PLACE, undefined)).toBeNull();
  remember(PLACE, { body: { name: "New" }, base: 0 });
  expect(recalled<Body>(PLACE, undefined)).toEqual({ body: { name: "New" }, base: 0 });
});
