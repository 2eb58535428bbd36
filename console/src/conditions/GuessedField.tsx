import { Autocomplete, Group, NumberInput, Select, TagsInput, Tooltip } from "@mantine/core";
import { useState } from "react";
import type { Json } from "./model";
import { as, BOOLEANS, guessed, typed, typeOf, type ValueType } from "./operators";

type Props = {
  value: Json;
  suggested: string[];
  disabled?: boolean;
  onChange: (value: Json) => void;
};

const NAMES = [
  { value: "string", label: "Text" },
  { value: "number", label: "Number" },
  { value: "boolean", label: "True / false" },
];
const field = { style: { flex: "1 1 90px", minWidth: 0 }, "aria-label": "Value" };

/** What a value is taken for unlike it looks; undefined where it is what it looks like. */
const unlike = (value: Json): ValueType | undefined =>
  value === "" || guessed(String(value)) === typeOf(value) ? undefined : typeOf(value);

/** The type that all values of a list have; undefined where they differ. */
function common(values: Json[]): ValueType | undefined {
  const types = new Set(values.map((one) => typeOf(one)));
  return types.size > 1 ? undefined : ([...types][0] ?? "string");
}

/** The value of an attribute that was never seen: taken for what it looks like, which is shown and can be chosen. */
export function GuessedField({ value, suggested, disabled, onChange }: Props) {
  const list = Array.isArray(value) ? value : undefined;
  const [chosen, choose] = useState<ValueType | undefined>(() =>
    list ? list.map(unlike).find(Boolean) : unlike(value),
  );
  const read = (text: string): Json => typed(text, chosen ?? guessed(text));
  function retype(type: ValueType) {
    choose(type);
    onChange(list ? list.map((one) => typed(String(one), type)) : as(value, type));
  }
  const shared = { ...field, disabled };
  return (
    <Group gap="xs" style={{ flex: "1 1 200px", minWidth: 0 }} align="flex-start">
      {list ? (
        <TagsInput
          {...shared}
          placeholder={list.length ? undefined : "values; Enter after each"}
          data={suggested}
          value={list.map(String)}
          splitChars={["\n"]}
          onChange={(made) => onChange(made.map((text) => list.find((one) => String(one) === text) ?? read(text)))}
        />
      ) : chosen === "boolean" ? (
        <Select
          {...shared}
          allowDeselect={false}
          data={BOOLEANS}
          value={String(value)}
          onChange={(made) => onChange(made === "true")}
        />
      ) : chosen === "number" ? (
        <NumberInput
          {...shared}
          value={typeof value === "number" ? value : ""}
          onChange={(made) => onChange(made === "" ? "" : Number(made))}
        />
      ) : (
        <Autocomplete
          {...shared}
          data={suggested}
          limit={50}
          value={String(value)}
          onChange={(made) => onChange(read(made))}
        />
      )}
      <Tooltip label="Nothing was seen of this yet, so its type is what it looks like" multiline maw={240}>
        <Select
          aria-label="Taken as"
          w={120}
          allowDeselect={false}
          disabled={disabled}
          placeholder="as written"
          data={NAMES}
          value={chosen ?? (list ? (common(list) ?? null) : typeOf(value))}
          onChange={(made) => made && retype(made as ValueType)}
        />
      </Tooltip>
    </Group>
  );
}
