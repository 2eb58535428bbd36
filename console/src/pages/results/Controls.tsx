import { Button, Group, NumberInput, Popover, SegmentedControl, Select, Stack, Switch, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconAdjustments } from "@tabler/icons-react";
import { useState } from "react";
import type { Schemas } from "@/api/client";
import { useKnown } from "@/conditions/useKnown";
import type { Report } from "./Results";
import type { View } from "./view";

type Props = {
  view: View;
  set: (view: View) => void;
  campaign: Schemas["Versioned_Campaign_"];
  report?: Report;
};

/** What is typed is asked for after a pause, not letter by letter. */
function Being({ value, set }: { value: string; set: (value: string) => void }) {
  const [text, setText] = useState(value);
  const ask = useDebouncedCallback(set, 500);
  return (
    <TextInput
      size="xs"
      label="being"
      placeholder="mobile, tablet"
      value={text}
      onChange={(event) => {
        setText(event.currentTarget.value);
        ask(event.currentTarget.value);
      }}
      onBlur={() => ask.flush()}
    />
  );
}

const BREAKDOWNS = [
  { value: "device", label: "Device" },
  { value: "country", label: "Country" },
  { value: "visitor", label: "New or returning" },
  { value: "browser", label: "Browser" },
  { value: "os", label: "Operating system" },
  { value: "language", label: "Language" },
  { value: "audience", label: "Audience" },
];

/** Every way to look at results; none chosen is what was fixed at the start. */
export function Controls({ view, set, campaign, report }: Props) {
  const known = useKnown();
  const change = (part: View) => set({ ...view, ...part });
  const attributes = [...known.attributes.keys()].sort().map((name) => ({ value: `attribute:${name}`, label: name }));
  const experiences = (campaign.body.rules ?? []).flatMap((rule) => rule.experiences ?? []);
  const [dimension, ...values] = (view.filter?.[0] ?? "").split("=");
  return (
    <Group gap="sm" align="flex-end">
      <SegmentedControl
        size="xs"
        aria-label="What counts"
        value={view.attribution ?? report?.attribution ?? "view"}
        onChange={(value) => change({ attribution: value as View["attribution"] })}
        data={[
          { value: "view", label: "After seeing" },
          { value: "click", label: "After clicking" },
        ]}
      />
      <Select
        size="xs"
        aria-label="Break down by"
        placeholder="Break down by…"
        w={170}
        clearable
        searchable
        data={[
          { group: "Visitors", items: BREAKDOWNS },
          { group: "Attributes", items: attributes },
          { group: "Clicks", items: [{ value: "click:widget_id", label: "What was clicked" }] },
        ]}
        value={view.by ?? null}
        onChange={(by) => change({ by: by ?? undefined })}
      />
      <Popover position="bottom-start" withinPortal trapFocus>
        <Popover.Target>
          <Button size="xs" variant="default" leftSection={<IconAdjustments size={14} />}>
            More
          </Button>
        </Popover.Target>
        <Popover.Dropdown>
          <Stack gap="xs" w={300}>
            <Select
              size="xs"
              label="Compared with"
              clearable
              placeholder={report?.baseline ?? "control"}
              data={[
                { value: "control", label: "Control" },
                ...experiences.map((one) => ({ value: one.id ?? one.name, label: one.name })),
              ]}
              value={view.baseline ?? null}
              onChange={(baseline) => change({ baseline: baseline ?? undefined })}
            />
            <NumberInput
              size="xs"
              label="Window"
              placeholder="each goal’s own"
              suffix=" days"
              min={0.1}
              value={view.window_days ?? ""}
              onChange={(days) => change({ window_days: Number(days) || undefined })}
            />
            <Group grow>
              <TextInput
                size="xs"
                type="date"
                label="Exposed from"
                value={view.since ?? ""}
                onChange={(event) => change({ since: event.currentTarget.value || undefined })}
              />
              <TextInput
                size="xs"
                type="date"
                label="until"
                value={view.until ?? ""}
                onChange={(event) => change({ until: event.currentTarget.value || undefined })}
              />
            </Group>
            <Group grow align="flex-end">
              <Select
                size="xs"
                label="Only people with"
                clearable
                searchable
                data={[...BREAKDOWNS, ...attributes]}
                value={dimension || null}
                onChange={(made) => change({ filter: made ? [`${made}=${values.join("=")}`] : undefined })}
              />
              {dimension && (
                <Being
                  key={dimension}
                  value={values.join("=")}
                  set={(value) => change({ filter: [`${dimension}=${value}`] })}
                />
              )}
            </Group>
            <Switch
              size="xs"
              label="Only people whose window is over"
              checked={view.mature ?? false}
              onChange={(event) => change({ mature: event.currentTarget.checked || undefined })}
            />
            <Switch
              size="xs"
              label="Cut large totals off"
              checked={view.capped ?? true}
              onChange={(event) => change({ capped: event.currentTarget.checked ? undefined : false })}
            />
            <Switch
              size="xs"
              label="Adjust by what people did before (CUPED)"
              checked={view.cuped ?? false}
              onChange={(event) => change({ cuped: event.currentTarget.checked || undefined })}
            />
            <Switch
              size="xs"
              label="Leave out who met several experiences"
              checked={view.exclude_crossed ?? false}
              onChange={(event) => change({ exclude_crossed: event.currentTarget.checked || undefined })}
            />
            <Switch
              size="xs"
              label="Delta method, as other tools compute"
              checked={view.engine === "delta"}
              onChange={(event) => change({ engine: event.currentTarget.checked ? "delta" : undefined })}
            />
          </Stack>
        </Popover.Dropdown>
      </Popover>
    </Group>
  );
}
