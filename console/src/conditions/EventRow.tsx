import { Autocomplete, Group, Select, Stack } from "@mantine/core";
import { NumberField } from "@/parts/NumberField";
import { FIGURES, FigureRow } from "./FigureRow";
import { hasOperators, type Json, type JsonObject } from "./model";
import { Period, Where } from "./Period";
import { type Change, type PastProps, specOf } from "./past";
import { ValueField } from "./ValueField";

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

/** How often somebody did something, or a figure of a property over it. */
export function EventRow(props: PastProps) {
  const { known, disabled } = props;
  const [spec, set] = specOf(props);
  const event = String(spec.name ?? "");
  const figures = FIGURES.map((one) => one.value).filter((one) => one in spec);
  const several = figures.length + ("count" in spec ? 1 : 0) > 1;
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
        {!several && <HowOften spec={spec} figure={figures[0]} set={set} disabled={disabled} />}
        <Period spec={spec} set={set} disabled={disabled} />
      </Group>
      {several && <Several spec={spec} names={["count", ...figures]} set={set} disabled={disabled} />}
      {!several && figures[0] && (
        <FigureRow
          value={spec[figures[0]]!}
          properties={known.properties.get(event) ?? new Map()}
          disabled={disabled}
          onChange={(made) => set({ [figures[0]!]: made })}
        />
      )}
      <Where spec={spec} event={event} set={set} known={known} disabled={disabled} />
    </Stack>
  );
}

type PartProps = { spec: JsonObject; set: Change; disabled?: boolean };

function HowOften({ spec, figure, set, disabled }: PartProps & { figure: string | undefined }) {
  const count = countOf(spec.count);
  if (!count)
    return <ValueField op="json" value={spec.count!} disabled={disabled} onChange={(made) => set({ count: made })} />;
  const [op, times] = count;
  function choose(made: string) {
    const rest = ["count", ...(figure ? [figure] : [])];
    if (FIGURES.some((one) => one.value === made)) {
      const before = figure ? spec[figure]! : { of: "", is: { $gte: 1 } };
      set(
        { [made]: before },
        rest.filter((name) => name !== made),
      );
    } else if (made === "some") set({}, rest);
    else set({ count: counted(made, Math.max(1, times)) }, figure ? [figure] : []);
  }
  return (
    <>
      <Select
        aria-label="How often"
        w={175}
        allowDeselect={false}
        disabled={disabled}
        data={[
          { group: "How often", items: COUNTS },
          { group: "A property", items: FIGURES },
        ]}
        value={figure ?? op}
        onChange={(made) => made && choose(made)}
      />
      {!figure && op.startsWith("$") && (
        <NumberField
          aria-label="Times"
          w={80}
          min={1}
          disabled={disabled}
          value={times}
          onChange={(n) => set({ count: counted(op, n) })}
        />
      )}
    </>
  );
}

function counted(op: string, times: number): Json {
  if (op === "none") return 0;
  return op === "$eq" ? times : { [op]: times };
}

/** A count and figures at once have no rows of their own: all of them as JSON. */
function Several({ spec, names, set, disabled }: PartProps & { names: string[] }) {
  const held = names.filter((name) => name in spec);
  const value = Object.fromEntries(held.map((name) => [name, spec[name]!]));
  return (
    <ValueField
      op="json"
      value={value}
      disabled={disabled}
      onChange={(made) => {
        if (typeof made === "object" && made !== null && !Array.isArray(made))
          set(
            made,
            held.filter((name) => !(name in made)),
          );
      }}
    />
  );
}
