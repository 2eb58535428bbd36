import type { Schemas } from "@/api/client";

type Item = Schemas["Item"];

/** One line of a file: the item in it, or what is wrong with it. */
export type Entry = { line: number; item?: Item; error?: string };

/** What a file holds, and what its entries are counted by. */
export type File = { unit: "line" | "item"; entries: Entry[] };

/** The text of a file, whichever encoding its first bytes tell. Throws where it is none that can be told for sure. */
export function decoded(bytes: ArrayBuffer): string {
  const [first, second] = new Uint8Array(bytes.slice(0, 2));
  const wide =
    first === 0xff && second === 0xfe ? "utf-16le" : first === 0xfe && second === 0xff ? "utf-16be" : "utf-8";
  try {
    return new TextDecoder(wide, { fatal: true }).decode(bytes);
  } catch {
    throw new Error("The file is not in UTF-8. Save it again as “CSV UTF-8”, so that no letter is lost.");
  }
}

/** The items of a CSV, JSON or JSON Lines file, each id once. Throws when the file as a whole cannot be read. */
export function read(name: string, text: string): File {
  const plain = text.replace(/^\uFEFF/, "");
  if (!plain.trim()) throw new Error("The file is empty.");
  const { unit, entries } = parsed(name, plain);
  if (entries.length === 0) throw new Error("The file has no items.");
  const seen = new Map<string, number>();
  return {
    unit,
    entries: entries.map((one) => {
      const id = one.item?.id;
      if (id === undefined) return one;
      const before = seen.get(id);
      if (before === undefined) seen.set(id, one.line);
      return before === undefined ? one : { line: one.line, error: `its id ${id} stands in ${unit} ${before} already` };
    }),
  };
}

function parsed(name: string, text: string): File {
  const start = text.trimStart()[0];
  if (/\.csv$/i.test(name) || (start !== "[" && start !== "{" && !/\.(jsonl|ndjson|json)$/i.test(name)))
    return { unit: "line", entries: fromCsv(text) };
  if (start === "[") return { unit: "item", entries: listed(json(text)) };
  const lines = text.split(/\r?\n/);
  if (/\.json$/i.test(name) || !isJson(lines.find((one) => one.trim()) ?? "")) {
    const whole = json(text);
    const items = (whole as { items?: unknown }).items;
    return { unit: "item", entries: listed(Array.isArray(items) ? items : [whole]) };
  }
  return { unit: "line", entries: lines.flatMap(fromLine) };
}

const listed = (list: unknown): Entry[] => (list as unknown[]).map((one, index) => entry(one, index + 1));

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`The file is no JSON: ${(error as Error).message}.`);
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function fromLine(text: string, index: number): Entry[] {
  if (!text.trim()) return [];
  return isJson(text) ? [entry(JSON.parse(text), index + 1)] : [{ line: index + 1, error: "it is no JSON" }];
}

/** Members beside id, type and attributes become attributes. */
function entry(told: unknown, line: number): Entry {
  if (!isObject(told)) return { line, error: "it is no object" };
  const { id, type, attributes, ...rest } = told;
  if ((typeof id !== "string" && typeof id !== "number") || String(id).trim() === "")
    return { line, error: "it has no id" };
  if (typeof id === "number" && Number.isInteger(id) && !Number.isSafeInteger(id))
    return { line, error: "its id is too long for a number: it needs quotation marks" };
  if (attributes !== undefined && attributes !== null && !isObject(attributes))
    return { line, error: "its attributes are no object" };
  if (type !== undefined && type !== null && typeof type !== "string") return { line, error: "its type is no text" };
  const item: Item = { id: String(id).trim(), attributes: { ...rest, ...attributes } };
  if (type) item.type = type;
  return { line, item };
}

const isObject = (told: unknown): told is Record<string, unknown> =>
  typeof told === "object" && told !== null && !Array.isArray(told);

function fromCsv(text: string): Entry[] {
  const rows = cells(text);
  const head = (rows.shift()?.cells ?? []).map((name) => name.trim());
  if (!head.includes("id")) throw new Error(`No column is called id; the columns are ${head.join(", ")}.`);
  const twice = head.find((name, index) => name && head.indexOf(name) !== index);
  if (twice) throw new Error(`Two columns are called ${twice}.`);
  return rows.map(({ cells: values, line }) => {
    if (values.length !== head.length) return { line, error: `it has ${values.length} cells, the head ${head.length}` };
    const told = head.flatMap((name, index) => {
      const value = values[index]!;
      return name && value !== "" ? [[name, name === "id" || name === "type" ? value : plain(value)]] : [];
    });
    const { id, type, ...attributes } = Object.fromEntries(told) as Record<string, unknown>;
    return entry({ id, type, attributes }, line);
  });
}

/** Numbers and truth values as such; a leading zero marks a number that is a name. */
function plain(text: string): string | number | boolean {
  if (text === "true" || text === "false") return text === "true";
  return /^-?(0|[1-9]\d{0,14})(\.\d+)?$/.test(text) ? Number(text) : text;
}

/** Cells after RFC 4180, with commas, semicolons or tabs, each row with the line on which it begins. */
export function cells(text: string): { cells: string[]; line: number }[] {
  const head = text.slice(0, text.indexOf("\n") < 0 ? text.length : text.indexOf("\n"));
  const comma = [",", ";", "\t"].reduce((best, one) => (head.split(one).length > head.split(best).length ? one : best));
  const rows: { cells: string[]; line: number }[] = [];
  let row: string[] = [];
  let cell = "";
  let quoted = 0;
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
      } else if (sign === '"') quoted = 0;
      else {
        if (sign === "\n") line++;
        cell += sign;
      }
    } else if (sign === '"' && cell === "") quoted = line;
    else if (sign === comma) {
      row.push(cell);
      cell = "";
    } else if (sign === "\n") {
      end();
      line++;
    } else if (sign !== "\r") cell += sign;
  }
  if (quoted) throw new Error(`A quotation mark in line ${quoted} is never closed.`);
  end();
  return rows;
}
