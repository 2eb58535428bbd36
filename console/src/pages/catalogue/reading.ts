import type { Schemas } from "@/api/client";

/** One line of a file: the item in it, or what is wrong with it. */
export type Entry = { line: number; item?: Schemas["Item"]; error?: string };

/** The items of a CSV, JSON or JSON Lines file. Throws when the file as a whole cannot be read. */
export function read(name: string, text: string): Entry[] {
  const trimmed = text.replace(/^\uFEFF/, "").trim();
  if (!trimmed) throw new Error("The file is empty.");
  if (/\.csv$/i.test(name)) return fromCsv(trimmed);
  if (trimmed.startsWith("[")) {
    const list: unknown = JSON.parse(trimmed);
    return (list as unknown[]).map((one, index) => entry(one, index + 1));
  }
  if (/\.(jsonl|ndjson)$/i.test(name) || trimmed.startsWith("{")) return trimmed.split(/\r?\n/).flatMap(fromLine);
  return fromCsv(trimmed);
}

function fromLine(text: string, index: number): Entry[] {
  if (!text.trim()) return [];
  try {
    return [entry(JSON.parse(text), index + 1)];
  } catch {
    return [{ line: index + 1, error: "it is no JSON" }];
  }
}

/** Members beside id, type and attributes become attributes. */
function entry(told: unknown, line: number): Entry {
  if (typeof told !== "object" || told === null || Array.isArray(told)) return { line, error: "it is no object" };
  const { id, type, attributes, ...rest } = told as Record<string, unknown>;
  if ((typeof id !== "string" && typeof id !== "number") || String(id).trim() === "")
    return { line, error: "it has no id" };
  const item: Schemas["Item"] = { id: String(id), attributes: { ...rest, ...(attributes as object | undefined) } };
  if (typeof type === "string" && type) item.type = type;
  return { line, item };
}

function fromCsv(text: string): Entry[] {
  const rows = cells(text);
  const head = (rows.shift()?.cells ?? []).map((name) => name.trim());
  if (!head.includes("id")) throw new Error(`No column is called id; the columns are ${head.join(", ")}.`);
  return rows.map(({ cells: values, line }) => {
    if (values.length !== head.length) return { line, error: `it has ${values.length} cells, the head ${head.length}` };
    const told: Record<string, unknown> = {};
    head.forEach((name, index) => {
      if (name && values[index] !== "")
        told[name] = name === "id" || name === "type" ? values[index] : plain(values[index]!);
    });
    return entry(told, line);
  });
}

/** Numbers and truth values as such; a leading zero marks a number that is a name. */
function plain(text: string): string | number | boolean {
  if (text === "true" || text === "false") return text === "true";
  return /^-?(0|[1-9]\d{0,14})(\.\d+)?$/.test(text) ? Number(text) : text;
}

/** Cells after RFC 4180, with commas or semicolons, each row with the line on which it begins. */
export function cells(text: string): { cells: string[]; line: number }[] {
  const head = text.slice(0, text.indexOf("\n") < 0 ? text.length : text.indexOf("\n"));
  const comma = head.split(";").length > head.split(",").length ? ";" : ",";
  const rows: { cells: string[]; line: number }[] = [];
  let row: string[] = [];
  let cell = "";
  let quoted = false;
  let line = 1;
  let began = 1;
  const end = () => {
    row.push(cell);
    cell = "";
    if (row.length > 1 || row[0] !== "") rows.push({ cells: row, line: began });
    row = [];
    began = line + 1;
  };
  for (let at = 0; at < text.length; at++) {
    const sign = text[at]!;
    if (quoted) {
      if (sign === '"' && text[at + 1] === '"') {
        cell += '"';
        at++;
      } else if (sign === '"') quoted = false;
      else {
        if (sign === "\n") line++;
        cell += sign;
      }
    } else if (sign === '"' && cell === "") quoted = true;
    else if (sign === comma) {
      row.push(cell);
      cell = "";
    } else if (sign === "\n") {
      end();
      line++;
    } else if (sign !== "\r") cell += sign;
  }
  end();
  return rows;
}
