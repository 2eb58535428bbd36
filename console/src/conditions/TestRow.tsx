import { ActionIcon, Autocomplete, Group, Select, Tooltip } from "@mantine/core";
import { IconPlus, IconX } from "@tabler/icons-react";
import type { Json, Node, Test } from "./model";
import { FACTS, OPERATORS, operator, suited } from "./operators";
import type { Known } from "./useKnown";
import { ValueField } from "./ValueField";

type Props = {
  test: Test;
  onChange: (node: Node | null) => void;
  known: Known;
  disabled?: boolean;
  only?: "attributes";
};

/** One attribute or fact, and what it has to be. */
export function TestRow({ test, onChange, known, disabled, only }: Props) {
  const fact = FACTS.find((one) => one.name === test.name);
  const usual = fact?.type ?? known.attributes.get(test.name);
  const put = (ops: Test["ops"], plain = false) => onChange({ ...test, ops, plain });
  function change(index: number, op: string, value: Json) {
    const ops = test.ops.map((old, at): [string, Json] => (at === index ? [op, value] : old));
    put(ops, test.plain && ops.length === 1 && op === "$eq");
  }
  const names = [
    { group: "Attributes", items: [...known.attributes.keys()].sort() },
    ...(only === "attributes" ? [] : [{ group: "Facts", items: FACTS.map((one) => one.name) }]),
  ];
  return (
    <Group gap="xs" align="flex-start">
      <Autocomplete
        aria-label="Attribute or fact"
        placeholder="attribute"
        w={{ base: "100%", xs: 190 }}
        disabled={disabled}
        data={names}
        value={test.name}
        onChange={(name) => onChange({ ...test, name })}
        limit={60}
        description={fact?.about}
      />
      <div style={{ flex: 1, minWidth: 220, display: "grid", gap: 6 }}>
        {test.ops.map(([op, value], index) => (
          <Group key={`${test.id}-${index.toString()}`} gap="xs" align="flex-start">
            <Select
              aria-label="Comparison"
              w={{ base: "100%", xs: 190 }}
              style={{ flexShrink: 0 }}
              disabled={disabled}
              allowDeselect={false}
              searchable
              value={op}
              data={(operator(op) ? OPERATORS : [...OPERATORS, { op, label: op }]).map((one) => ({
                value: one.op,
                label: one.label,
              }))}
              onChange={(made) => made && change(index, made, suited(made, value))}
            />
            <ValueField
              op={op}
              value={value}
              usual={usual}
              unseen={known.whole && test.name !== ""}
              options={fact?.values}
              attribute={fact || only ? undefined : test.name}
              audiences={known.audiences}
              disabled={disabled}
              onChange={(made) => change(index, op, made)}
            />
            {test.ops.length > 1 && (
              <ActionIcon
                variant="subtle"
                color="gray"
                mt={4}
                aria-label="Remove this comparison"
                disabled={disabled}
                onClick={() => put(test.ops.filter((_, at) => at !== index))}
              >
                <IconX size={14} />
              </ActionIcon>
            )}
            {index === test.ops.length - 1 && !disabled && (
              <Tooltip label="And it also has to be…">
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  mt={4}
                  aria-label="Add a comparison of the same attribute"
                  onClick={() => {
                    const free = OPERATORS.find((one) => !test.ops.some(([old]) => old === one.op))!;
                    put([...test.ops, [free.op, suited(free.op, "")]]);
                  }}
                >
                  <IconPlus size={14} />
                </ActionIcon>
              </Tooltip>
            )}
          </Group>
        ))}
      </div>
    </Group>
  );
}
