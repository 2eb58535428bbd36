import {
  Autocomplete,
  Collapse,
  Group,
  MultiSelect,
  NumberInput,
  Select,
  Stack,
  Text,
  TextInput,
  UnstyledButton,
} from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useMemo, useState } from "react";
import { Builder } from "./Builder";
import { FIGURES, FigureRow } from "./FigureRow";
import { hasOperators, type Json, type JsonObject, type Node, type Past, read, write } from "./model";
import type { Known } from "./useKnown";
import { ValueField } from "./ValueField";

type Props = { past: Past; onChange: (node: Node | null) => void; known: Known; disabled?: boolean };

/** What is asked of other audiences and of the past. */
export function PastRow(props: Props) {
  if (props.past.kind === "audience") return <AudienceRow {...props} />;
  return typeof props.past.value === "object" && props.past.value !== null && !Array.isArray(props.past.value) ? (
    props.past.kind === "event" ? (
      <EventRow {...props} />
    ) : (
      <AffinityRow {...props} />
    )
  ) : null;
}

const MEMBERSHIP = [
  { value: "$in", label: "is in any of" },
  { value: "$all", label: "is in all of" },
  { value: "$nin", label: "is in none of" },
];

function AudienceRow({ past, onChange, known, disabled }: Props) {
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

const COUNTS = [
  { value: "some", label: "at least once" },
  { value: "none", label: "never" },
  { value: "$gte", label: "at least … times" },
  { value: "$lte", label: "at most … times" },
  { value: "$eq", label: "exactly … times" },
];

/** The count of an event condition as a choice and a number; undefined where it is more than that. */
function countOf(count: Json | undefined): [string, number] | undefined {
  if (count === undefined) return ["some", 1];
  if (count === 0) return ["none", 0];
  if (typeof count === "number") return ["$eq", count];
  const entries = hasOperators(count) ? Object.entries(count) : [];
  const [op, value] = entries[0] ?? [];
  return entries.length === 1 && op && typeof value === "number" && COUNTS.some((one) => one.value === op)
    ? [op, value]
    : undefined;
}

function EventRow({ past, onChange, known, disabled }: Props) {
  const spec = past.value as JsonObject;
  const set = (change: JsonObject, drop: string[] = []) => {
    const made = { ...spec, ...change };
    for (const name of drop) delete made[name];
    onChange({ ...past, value: made });
  };
  const event = String(spec.name ?? "");
  const count = countOf(spec.count);
  const figure = FIGURES.map((one) => one.value).find((one) => one in spec);
  const plain = figure !== undefined && spec.count === undefined;
  return (
    <Stack gap={6}>
      <Group gap="xs" align="flex-start">
        <Autocomplete
          aria-label="Event"
          placeholder="event"
          w={{ base: "100%", xs: 190 }}
          disabled={disabled}
          data={known.events}
          value={event}
          onChange={(name) => set({ name })}
        />
        {count && (!figure || plain) && (
          <Select
            aria-label="How often"
            w={175}
            allowDeselect={false}
            disabled={disabled}
            data={[
              { group: "How often", items: COUNTS },
              { group: "A property", items: FIGURES },
            ]}
            value={figure ?? count[0]}
            onChange={(op) => {
              if (figure && op && op !== figure) {
                const old = spec[figure]!;
                if (FIGURES.some((one) => one.value === op)) set({ [op]: old }, [figure]);
                else set(op === "some" ? {} : { count: op === "none" ? 0 : op === "$eq" ? 1 : { [op]: 1 } }, [figure]);
              } else if (FIGURES.some((one) => one.value === op))
                set({ [op!]: { of: "", is: { $gte: 1 } } }, ["count"]);
              else if (op === "some") set({}, ["count"]);
              else if (op === "none") set({ count: 0 });
              else if (op) set({ count: op === "$eq" ? Math.max(1, count[1]) : { [op]: Math.max(1, count[1]) } });
            }}
          />
        )}
        {count && !figure && count[0].startsWith("$") && (
          <NumberInput
            aria-label="Times"
            w={80}
            min={1}
            disabled={disabled}
            value={count[1]}
            onChange={(n) => typeof n === "number" && set({ count: count[0] === "$eq" ? n : { [count[0]]: n } })}
          />
        )}
        {!count && (
          <ValueField op="json" value={spec.count!} disabled={disabled} onChange={(made) => set({ count: made })} />
        )}
        <Period spec={spec} set={set} disabled={disabled} />
      </Group>
      {figure && (
        <Group gap="xs">
          {!plain && <Text size="sm">{figure} of</Text>}
          <FigureRow
            value={spec[figure]!}
            properties={known.properties.get(event) ?? new Map()}
            disabled={disabled}
            onChange={(made) => set({ [figure]: made })}
          />
        </Group>
      )}
      <Where spec={spec} event={event} set={set} known={known} disabled={disabled} />
    </Stack>
  );
}

type PartProps = { spec: JsonObject; set: (change: JsonObject, drop?: string[]) => void; disabled?: boolean };

function Period({ spec, set, disabled }: PartProps) {
  const within = spec.within as JsonObject | undefined;
  const units = within ? Object.keys(within) : [];
  if (units.length > 1)
    return <ValueField op="json" value={within!} disabled={disabled} onChange={(made) => set({ within: made })} />;
  const unit = spec.since !== undefined ? "since" : (units[0] ?? "ever");
  return (
    <Group gap="xs">
      <Select
        aria-label="Period"
        w={175}
        allowDeselect={false}
        disabled={disabled}
        value={unit}
        data={[
          { value: "days", label: "in the last … days" },
          { value: "hours", label: "in the last … hours" },
          { value: "minutes", label: "in the last … minutes" },
          { value: "since", label: "since a date" },
          { value: "ever", label: "ever" },
        ]}
        onChange={(made) => {
          if (made === "ever") set({}, ["within", "since"]);
          else if (made === "since") set({ since: new Date().toISOString().slice(0, 10) }, ["within"]);
          else if (made) set({ within: { [made]: Number(within?.[unit] ?? 30) } }, ["since"]);
        }}
      />
      {unit === "since" ? (
        <TextInput
          aria-label="Since"
          w={130}
          disabled={disabled}
          value={String(spec.since ?? "")}
          onChange={(event) => set({ since: event.currentTarget.value })}
        />
      ) : (
        unit !== "ever" && (
          <NumberInput
            aria-label={`Number of ${unit}`}
            w={80}
            min={1}
            disabled={disabled}
            value={Number(within?.[unit] ?? 30)}
            onChange={(n) => typeof n === "number" && set({ within: { [unit]: n } })}
          />
        )
      )}
    </Group>
  );
}

function Where({ spec, event, set, known, disabled }: PartProps & { event: string; known: Known }) {
  const where = spec.where as JsonObject | undefined;
  const [opened, { toggle }] = useDisclosure(where !== undefined);
  const [root, setRoot] = useState<Node>(() => read(where ?? {}));
  const inside = useMemo(() => ({ ...known, attributes: known.properties.get(event) ?? new Map() }), [known, event]);
  return (
    <div>
      <UnstyledButton onClick={toggle} aria-expanded={opened}>
        <Text size="xs" c="dimmed" td="underline">
          {opened ? "where its properties…" : "only where…"}
        </Text>
      </UnstyledButton>
      <Collapse expanded={opened}>
        <div style={{ paddingLeft: 14, borderLeft: "2px solid var(--mantine-color-default-border)", marginTop: 6 }}>
          <Builder
            only="attributes"
            root={root}
            known={inside}
            disabled={disabled}
            onChange={(made) => {
              setRoot(made);
              const condition = write(made);
              if (Object.keys(condition).length) set({ where: condition });
              else set({}, ["where"]);
            }}
          />
        </div>
      </Collapse>
    </div>
  );
}

function AffinityRow({ past, onChange, known, disabled }: Props) {
  const spec = past.value as JsonObject;
  const set = (change: JsonObject, drop: string[] = []) => {
    const made = { ...spec, ...change };
    for (const name of drop) delete made[name];
    onChange({ ...past, value: made });
  };
  const properties = known.properties.get(String(spec.event ?? "")) ?? new Map<string, string>();
  return (
    <Group gap="xs" align="flex-start">
      <Autocomplete
        aria-label="Event"
        placeholder="event"
        w={150}
        disabled={disabled}
        data={known.events}
        value={String(spec.event ?? "")}
        onChange={(event) => set({ event })}
      />
      <Text size="sm" mt={6}>
        mostly about
      </Text>
      <Autocomplete
        aria-label="Property"
        placeholder="property"
        w={140}
        disabled={disabled}
        data={[...properties.keys()]}
        value={String(spec.property ?? "")}
        onChange={(property) => set({ property })}
      />
      <Text size="sm" mt={6}>
        =
      </Text>
      <ValueField
        op={hasOperators(spec.is) ? "json" : "$eq"}
        value={spec.is ?? ""}
        disabled={disabled}
        onChange={(is) => set({ is })}
      />
      <Period spec={spec} set={set} disabled={disabled} />
    </Group>
  );
}
