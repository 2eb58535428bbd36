/** What stands at a path of a value, e.g. `rules[0].audience.plan`; undefined where there is nothing. */
export function valueAt(value: unknown, path: string): unknown {
  const rest = path.startsWith(".") ? path.slice(1) : path;
  if (!rest) return value;
  if (Array.isArray(value)) {
    const index = /^\[(\d+)\]/.exec(rest);
    return index ? valueAt(value[Number(index[1])], rest.slice(index[0].length)) : undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const name = named(Object.keys(value), rest);
  return name === undefined ? undefined : valueAt((value as Record<string, unknown>)[name], rest.slice(name.length));
}

/** The name with which a path begins. Names may have dots in them, so the longest one is meant. */
export function named(names: readonly string[], path: string): string | undefined {
  const fitting = names.filter((name) => path === name || path.startsWith(`${name}.`) || path.startsWith(`${name}[`));
  return fitting.sort((a, b) => b.length - a.length)[0];
}
