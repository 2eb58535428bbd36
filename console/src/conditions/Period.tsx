import { Collapse, Group, Select, Text, TextInput, UnstyledButton } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useMemo, useState } from "react";
import { useZone } from "@/app/project";
import { NumberField } from "@/parts/NumberField";
import { Builder } from "./Builder";
import { type JsonObject, type Node, read, write } from "./model";
import type { Change } from "./past";
import type { Known } from "./useKnown";
import { ValueField } from "./ValueField";

type PartProps = { spec: JsonObject; set: Change; disabled?: boolean };

/** The date that it is in a time zone, as it is written in conditions. */
const today = (zone: string): string => new Intl.DateTimeFormat("en-CA", { timeZone: zone }).format();

/** How far back. */
export function Period({ spec, set, disabled }: PartProps) {
  const zone = useZone();
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
          else if (made === "since") set({ since: today(zone) }, ["within"]);
          else if (made) set({ within: { [made]: Number(within?.[unit] ?? 30) } }, ["since"]);
        }}
      />
      {unit === "since" ? (
        <TextInput
          aria-label="Since"
          type={/^(\d{4}-\d\d-\d\d)?$/.test(String(spec.since ?? "")) ? "date" : "text"}
          w={150}
          disabled={disabled}
          value={String(spec.since ?? "")}
          onChange={(event) => set({ since: event.currentTarget.value })}
        />
      ) : (
        unit !== "ever" && (
          <NumberField
            aria-label={`Number of ${unit}`}
            w={80}
            min={1}
            disabled={disabled}
            value={Number(within?.[unit] ?? 30)}
            onChange={(n) => set({ within: { [unit]: n } })}
          />
        )
      )}
    </Group>
  );
}

/** Which of the events count, by their properties. */
export function Where({ spec, event, set, known, disabled }: PartProps & { event: string; known: Known }) {
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
