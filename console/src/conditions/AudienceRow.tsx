import { Group, MultiSelect, Select } from "@mantine/core";
import { hasOperators, type Json } from "./model";
import type { PastProps } from "./past";
import { ValueField } from "./ValueField";

const MEMBERSHIP = [
  { value: "$in", label: "is in any of" },
  { value: "$all", label: "is in all of" },
  { value: "$nin", label: "is in none of" },
];

/** Membership of other audiences. */
export function AudienceRow({ past, onChange, known, disabled }: PastProps) {
  const set = (value: Json) => onChange({ ...past, value });
  const told = past.value;
  const data = known.audiences.map((one) => ({ value: one.key, label: one.name }));
  const object = hasOperators(told) ? told : undefined;
  const op = object ? Object.keys(object)[0]! : "$in";
  const simple = !object || (Object.keys(object).length === 1 && MEMBERSHIP.some((one) => one.value === op));
  if (!simple) return <ValueField op="json" value={told} disabled={disabled} onChange={set} />;
  const keys = typeof told === "string" ? (told ? [told] : []) : (((object?.[op] ?? []) as string[]) ?? []);
  const write = (operator: string, chosen: string[]) =>
    set(operator === "$in" && chosen.length < 2 ? (chosen[0] ?? "") : { [operator]: chosen });
  return (
    <Group gap="xs" align="flex-start">
      <Select
        aria-label="Membership"
        w={160}
        allowDeselect={false}
        disabled={disabled}
        data={MEMBERSHIP}
        value={op}
        onChange={(made) => made && write(made, keys)}
      />
      <MultiSelect
        aria-label="Audiences"
        style={{ flex: 1, minWidth: 180 }}
        disabled={disabled}
        searchable
        placeholder={keys.length ? undefined : "audiences"}
        nothingFoundMessage="No audience has this name"
        data={[
          ...data,
          ...keys.filter((key) => !data.some((one) => one.value === key)).map((key) => ({ value: key, label: key })),
        ]}
        value={keys}
        onChange={(chosen) => write(op, chosen)}
      />
    </Group>
  );
}
