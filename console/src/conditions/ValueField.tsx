import { Autocomplete, JsonInput, NumberInput, Select, TagsInput, TextInput } from "@mantine/core";
import { useEffect, useState } from "react";
import { NumberField } from "@/parts/NumberField";
import { GuessedField } from "./GuessedField";
import type { Json } from "./model";
import { BOOLEANS, operator, TYPES, typed, typeOf, type ValueType } from "./operators";
import { useValues } from "./useValues";

type Props = {
  op: string;
  value: Json;
  /** the type that values of this attribute usually have */
  usual?: string;
  /** it is sure that nothing is known of its type */
  unseen?: boolean;
  options?: string[];
  /** name whose known values are suggested */
  attribute?: string;
  audiences?: { key: string; name: string; list: boolean }[];
  disabled?: boolean;
  onChange: (value: Json) => void;
};

/** The right side of a comparison, in the form that the operator takes. */
export function ValueField({ op, value, usual, unseen, options, attribute, audiences, disabled, onChange }: Props) {
  const seen = useValues(attribute);
  const suggested = options ?? seen;
  const shared = { disabled, style: { flex: 1, minWidth: 120 }, "aria-label": "Value" };
  const kind = operator(op)?.operand ?? "json";
  if (kind === "flag")
    return (
      <Select
        {...shared}
        allowDeselect={false}
        value={value === false ? "false" : "true"}
        data={[
          { value: "true", label: "yes" },
          { value: "false", label: "no" },
        ]}
        onChange={(made) => onChange(made === "true")}
      />
    );
  if (kind === "type" && typeof value === "string")
    return (
      <Select
        {...shared}
        allowDeselect={false}
        data={TYPES}
        value={value}
        onChange={(made) => made && onChange(made)}
      />
    );
  if (kind === "audience")
    return (
      <Select
        {...shared}
        searchable
        allowDeselect={false}
        placeholder="a list"
        data={(audiences ?? []).filter((one) => one.list).map((one) => ({ value: one.key, label: one.name }))}
        value={String(value)}
        onChange={(made) => made && onChange(made)}
      />
    );
  const plain = Array.isArray(value) ? kind === "list" && value.every(isPlain) : kind === "value" && isPlain(value);
  if (unseen && !usual && plain)
    return <GuessedField value={value} suggested={suggested} disabled={disabled} onChange={onChange} />;
  if (kind === "list" && Array.isArray(value) && value.every((one) => isPlain(one) || one === null))
    return (
      <TagsInput
        {...shared}
        placeholder={value.length ? undefined : "values; Enter after each"}
        data={suggested}
        value={value.map(String)}
        splitChars={["\n"]}
        onChange={(made) => onChange(made.map((text) => kept(value, text, usual)))}
      />
    );
  if (kind === "number" && typeof value === "number")
    return <NumberField {...shared} value={value} min={0} onChange={onChange} />;
  if ((kind === "text" || kind === "version") && typeof value === "string")
    return (
      <TextInput
        {...shared}
        ff="monospace"
        placeholder={kind === "version" ? "1.10.0" : "^/shoes"}
        value={value}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
    );
  if (kind === "value")
    return <Plain {...shared} value={value} usual={usual} suggested={suggested} onChange={onChange} />;
  return <Whole {...shared} value={value} onChange={onChange} />;
}

const isPlain = (value: Json): boolean => typeof value !== "object";

/** A tag as the value it stood for before, else as the attribute's values usually are. */
function kept(before: Json[], text: string, usual?: string): Json {
  const same = before.find((one) => String(one) === text);
  return same !== undefined ? same : typed(text, (usual as ValueType) ?? "string");
}

type PlainProps = {
  value: Json;
  usual?: string;
  suggested?: string[];
  disabled?: boolean;
  style: React.CSSProperties;
  "aria-label": string;
  onChange: (value: Json) => void;
};

function Plain({ value, usual, suggested, onChange, ...shared }: PlainProps) {
  const type = typeOf(value, usual);
  if (type === "boolean")
    return (
      <Select
        {...shared}
        allowDeselect={false}
        data={BOOLEANS}
        value={value === "" ? null : String(value)}
        onChange={(made) => onChange(made === "true")}
      />
    );
  if (type === "number")
    return (
      <NumberInput
        {...shared}
        value={typeof value === "number" ? value : ""}
        onChange={(made) => onChange(made === "" ? "" : Number(made))}
      />
    );
  if (type === "json") return <Whole {...shared} value={value} onChange={onChange} />;
  return (
    <Autocomplete {...shared} data={suggested} limit={50} value={String(value)} onChange={(made) => onChange(made)} />
  );
}

/** Any JSON; what cannot be read is kept on the screen and not handed on. */
function Whole({ value, onChange, ...shared }: Omit<PlainProps, "usual" | "suggested">) {
  const [text, setText] = useState(() => JSON.stringify(value));
  useEffect(() => {
    setText((old) => (same(old, value) ? old : JSON.stringify(value)));
  }, [value]);
  return (
    <JsonInput
      {...shared}
      autosize
      minRows={1}
      maxRows={8}
      value={text}
      error={parsed(text) === undefined ? "This is no JSON yet" : undefined}
      onChange={(made) => {
        setText(made);
        const now = parsed(made);
        if (now !== undefined) onChange(now);
      }}
    />
  );
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

const same = (text: string, value: Json): boolean => JSON.stringify(parsed(text)) === JSON.stringify(value);
