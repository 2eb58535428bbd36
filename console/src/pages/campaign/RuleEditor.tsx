import { Stack, Tabs, Text } from "@mantine/core";
import { useState } from "react";
import { At, useLed, useWrong } from "@/parts/wrong";
import { AudienceEditor } from "./AudienceEditor";
import { Display } from "./Display";
import type { Rule } from "./draft";
import { Experiences } from "./Experiences";

type Props = { rule: Rule; control: number; covered: boolean; change: (rule: Rule) => void; locked: boolean };

const TABS = [
  { value: "audience", label: "Audience", fields: ["audience"] },
  { value: "experiences", label: "Experiences", fields: ["experiences", "ranges"] },
  { value: "display", label: "Display", fields: ["devices", "cap", "schedule"] },
];

/** One rule: what is shown, to whom, and when. */
export function RuleEditor({ rule, control, covered, change, locked }: Props) {
  const [tab, setTab] = useState<string | null>(rule.audience || covered ? "experiences" : "audience");
  const { list } = useWrong();
  useLed((rest) => {
    const found = TABS.find((one) => one.fields.some((name) => rest.startsWith(name)));
    if (found) setTab(found.value);
  });
  return (
    <Tabs value={tab} onChange={setTab} keepMounted={false} variant="outline">
      <Tabs.List>
        {TABS.map((one) => {
          const wrong = one.fields.flatMap((name) => list(name)).length;
          return (
            <Tabs.Tab key={one.value} value={one.value} rightSection={wrong > 0 && <Count wrong={wrong} />}>
              {one.label}
            </Tabs.Tab>
          );
        })}
      </Tabs.List>
      <Tabs.Panel value="audience" pt="md">
        <At path="audience">
          <AudienceEditor
            audience={rule.audience}
            none={covered ? "As the campaign says" : undefined}
            locked={locked}
            change={(audience) => change({ ...rule, audience })}
          />
        </At>
      </Tabs.Panel>
      <Tabs.Panel value="experiences" pt="md">
        <Experiences rule={rule} control={control} change={change} locked={locked} />
      </Tabs.Panel>
      <Tabs.Panel value="display" pt="md">
        <Stack maw={720}>
          <Display rule={rule} change={change} locked={locked} />
        </Stack>
      </Tabs.Panel>
    </Tabs>
  );
}

/** How many things are to be put right on a page. */
export function Count({ wrong }: { wrong: number }) {
  return (
    <Text span size="xs" c="red" fw={700}>
      {wrong}
      <span className="sr-only"> to put right</span>
    </Text>
  );
}
