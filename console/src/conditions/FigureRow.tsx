import { Autocomplete, Group, Select } from "@mantine/core";
import { hasOperators, type Json, type JsonObject } from "./model";
import { operator } from "./operators";
import { ValueField } from "./ValueField";

/** Figures of a property over what somebody did, with how they are called. */
export const FIGURES: { value: string; label: string }[] = [
  { value: "sum", label: "sum of …" },
  { value: "average", label: "average of …" },
  { value: "min", label: "lowest …" },
  { value: "max", label: "highest …" },
  { value: "first", label: "first …" },
  { value: "last", label: "last …" },
];

const COMPARED = ["$eq", "$ne", "$gt", "$gte", "$lt", "$lte"];

type Props = {
  value: Json;
  /** properties of the event with their types */
  properties: Map<string, string>;
  disabled?: boolean;
  onChange: (value: Json) => void;
};

/** Of which property, and what the figure has to be. */
export function FigureRow({ value, properties, disabled, onChange }: Props) {
  const told = (typeof value === "object" && value !== null && !Array.isArray(value) ? value : {}) as JsonObject;
  const operators = hasOperators(told.is) ? Object.entries(told.is) : [];
  const [op, operand] = operators[0] ?? ["$eq", told.is ?? ""];
  if (operators.length > 1 || !COMPARED.includes(op))
    return <ValueField op="json" value={value} disabled={disabled} onChange={onChange} />;
  const is = (made: string, right: Json): Json => (made === "$eq" ? right : { [made]: right });
  return (
    <Group gap="xs">
      <Autocomplete
        aria-label="Property"
        placeholder="property"
        w={150}
        disabled={disabled}
        data={[...properties.keys()].sort()}
        value={String(told.of ?? "")}
        onChange={(of) => onChange({ ...told, of })}
      />
      <Select
        aria-label="Comparison"
        w={160}
        allowDeselect={false}
        disabled={disabled}
        data={COMPARED.map((one) => ({ value: one, label: operator(one)!.label }))}
        value={op}
        onChange={(made) => made && onChange({ ...told, is: is(made, operand) })}
      />
      <ValueField
        op={op}
        value={operand}
        usual={properties.get(String(told.of ?? "")) ?? "number"}
        disabled={disabled}
        onChange={(made) => onChange({ ...told, is: is(op, made) })}
      />
    </Group>
  );
}
