import { useRef } from "react";

/** Keys for rules and experiences, of which new ones have no id yet: each keeps its own while it is written and moved. */
export function useKeys<T extends { id?: string }>() {
  const known = useRef(new WeakMap<T, string>());
  const next = useRef(0);
  function key(one: T): string {
    if (one.id) return one.id;
    const found = known.current.get(one) ?? `new-${next.current++}`;
    known.current.set(one, found);
    return found;
  }
  return {
    key,
    /** the changed one goes on under the key of the one before */
    follow(before: T, after: T): T {
      known.current.set(after, key(before));
      return after;
    },
  };
}
