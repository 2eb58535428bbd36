import { expect, test } from "vitest";
import { cells, read } from "../src/pages/catalogue/reading";

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
