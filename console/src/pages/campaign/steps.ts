import type { Body } from "./draft";

export type State = {
  past: Body[];
  body: Body;
  future: Body[];
  /** when and in which one field something was typed last */
  typed: number;
  field?: string;
};
export type Act = { do: "set"; body: Body } | { do: "undo" } | { do: "redo" } | { do: "load"; body: Body };

/** As many steps back as anybody asks for. */
const STEPS = 100;
/** Typing in one field that goes on without a pause is one step. */
const PAUSE_MS = 700;

/** What is typed, with the way back and forth. */
export function step(state: State, act: Act): State {
  const now = Date.now();
  switch (act.do) {
    case "set": {
      const field = only(state.body, act.body);
      const joined = field !== undefined && field === state.field && now - state.typed < PAUSE_MS;
      return {
        past: joined ? state.past : [...state.past, state.body].slice(-STEPS),
        body: act.body,
        future: [],
        typed: now,
        field,
      };
    }
    case "undo": {
      const before = state.past.at(-1);
      if (!before) return state;
      return { past: state.past.slice(0, -1), body: before, future: [state.body, ...state.future], typed: 0 };
    }
    case "redo": {
      const [next, ...rest] = state.future;
      if (!next) return state;
      return { past: [...state.past, state.body], body: next, future: rest, typed: 0 };
    }
    case "load":
      return { past: [...state.past, state.body].slice(-STEPS), body: act.body, future: [], typed: 0 };
  }
}

/** The path of the one text or number in which two values differ; undefined where they differ in more. */
function only(before: unknown, after: unknown, path = ""): string | undefined {
  if (typeof before !== "object" || typeof after !== "object" || before === null || after === null) return path;
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const differing = names.filter(
    (name) => (before as Record<string, unknown>)[name] !== (after as Record<string, unknown>)[name],
  );
  const [name] = differing;
  if (name === undefined || differing.length > 1 || Array.isArray(before) !== Array.isArray(after)) return undefined;
  return only((before as never)[name], (after as never)[name], `${path}/${name}`);
}
