import { expect, test } from "vitest";
import { cells, decoded, read as readFile } from "../src/pages/catalogue/reading";

const read = (name: string, text: string) => readFile(name, text).entries;

test("a CSV file becomes items, with numbers and truth values as such", () => {
  const [first] = read("items.csv", "id,type,price,in_stock,name\n00123,Product,2.50,true,Mug");
  expect(first).toEqual({
    line: 2,
    item: { id: "00123", type: "Product", attributes: { price: 2.5, in_stock: true, name: "Mug" } },
  });
});

test("a leading zero marks a name, not a number", () => {
  expect(read("a.csv", "id,code\n1,007")[0]!.item!.attributes).toEqual({ code: "007" });
});

test("cells in quotation marks hold commas, line breaks and doubled quotation marks", () => {
  const [first, second] = read("a.csv", 'id,text\n1,"one, ""two""\nthree"\n2,four');
  expect(first!.item!.attributes).toEqual({ text: 'one, "two"\nthree' });
  expect(second!.line).toBe(4);
});

test("semicolons separate where the head has them", () => {
  expect(cells("a;b\n1;2").map((row) => row.cells)).toEqual([
    ["a", "b"],
    ["1", "2"],
  ]);
});

test("a line of another length is told with its number, and the others stay", () => {
  const told = read("a.csv", "id,name\n1,Mug\n2\n3,Cup");
  expect(told.map((one) => one.error)).toEqual([undefined, "it has 1 cells, the head 2", undefined]);
  expect(told[1]!.line).toBe(3);
});

test("JSON is a list or one object a line; what is no item says why", () => {
  expect(read("a.json", '[{"id": 7, "name": "Mug"}]')[0]!.item).toEqual({ id: "7", attributes: { name: "Mug" } });
  const lines = read("a.jsonl", '{"id": "1", "attributes": {"a": 1}}\nnonsense\n{"name": "no id"}');
  expect(lines[0]!.item).toEqual({ id: "1", attributes: { a: 1 } });
  expect(lines.slice(1).map((one) => one.error)).toEqual(["it is no JSON", "it has no id"]);
});

test("a file without ids, or with nothing, is refused as a whole", () => {
  expect(() => read("a.csv", "name,price\nMug,2")).toThrow("No column is called id; the columns are name, price.");
  expect(() => read("a.csv", "  ")).toThrow("The file is empty.");
});

test("what cannot be told for sure is an error of its own: ids twice, long numbers, odd members", () => {
  const told = read(
    "a.json",
    '[{"id": "1"}, {"id": "1"}, {"id": 12345678901234567890}, {"id": "2", "attributes": "x"}, {"id": "3", "type": 4}, 5]',
  );
  expect(told.map((one) => one.error)).toEqual([
    undefined,
    "its id 1 stands in item 1 already",
    "its id is too long for a number: it needs quotation marks",
    "its attributes are no object",
    "its type is no text",
    "it is no object",
  ]);
  expect(read("a.csv", "id,name\n1,Mug\n2,Cup\n1,Bowl")[2]).toEqual({
    line: 4,
    error: "its id 1 stands in line 2 already",
  });
});

test("a file that cannot be read as a whole says why", () => {
  const why = (name: string, text: string) => {
    try {
      readFile(name, text);
    } catch (error) {
      return (error as Error).message;
    }
  };
  expect(why("a.csv", "")).toBe("The file is empty.");
  expect(why("a.csv", "id,name")).toBe("The file has no items.");
  expect(why("a.csv", "sku,name\n1,Mug")).toBe("No column is called id; the columns are sku, name.");
  expect(why("a.csv", "id,name,name\n1,Mug,Cup")).toBe("Two columns are called name.");
  expect(why("a.csv", 'id,name\n1,"Mug\n2,Cup')).toBe("A quotation mark in line 2 is never closed.");
  expect(why("a.json", '[{"id": 1}')).toMatch(/^The file is no JSON: /);
});

test("one object, and items in an object, are files as well", () => {
  expect(readFile("a.json", '{\n "id": "1", "name": "Mug"\n}')).toEqual({
    unit: "item",
    entries: [{ line: 1, item: { id: "1", attributes: { name: "Mug" } } }],
  });
  expect(read("a.json", '{"items": [{"id": "1"}, {"id": "2"}]}').map((one) => one.item!.id)).toEqual(["1", "2"]);
});

test("a column of any name becomes an attribute, tabs separate too", () => {
  const [one] = read("a.tsv", "id\tattributes\t__proto__\tgrößer\n1\tx\ty\tja");
  expect(Object.entries(one!.item!.attributes!)).toEqual([
    ["attributes", "x"],
    ["__proto__", "y"],
    ["größer", "ja"],
  ]);
});

test("bytes are UTF-8 or say which they are; others are refused, so that no letter is lost", () => {
  const bytes = (...told: number[]) => new Uint8Array(told).buffer;
  expect(decoded(new TextEncoder().encode("Größe").buffer as ArrayBuffer)).toBe("Größe");
  expect(decoded(bytes(0xff, 0xfe, 0xf6, 0))).toBe("ö");
  expect(decoded(bytes(0xef, 0xbb, 0xbf, 0x61))).toBe("a");
  expect(() => decoded(bytes(0x47, 0x72, 0xf6, 0xdf, 0x65))).toThrow("not in UTF-8");
});
