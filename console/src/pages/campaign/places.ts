/** On which page of the editor a field is. */
export function tabOf(path: string): string {
  const part = /^[a-z_]*/.exec(path)![0];
  if (part === "rules" || part === "control" || part === "") return "rules";
  if (part === "audience" || part === "goals") return part;
  return part === "analysis" ? "goals" : "settings";
}

/** The index with which the rest of a path begins: `[2].name` → 2. */
export function indexOf(rest: string): number | undefined {
  const found = /^\[(\d+)\]/.exec(rest);
  return found ? Number(found[1]) : undefined;
}
