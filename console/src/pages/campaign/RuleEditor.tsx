import { Stack, Tabs } from "@mantine/core";
import { AudienceEditor } from "./AudienceEditor";
import { Display } from "./Display";
import type { Rule } from "./draft";
import { Experiences } from "./Experiences";

type Props = { rule: Rule; control: number; change: (rule: Rule) => void; locked: boolean };

/** One rule: what is shown, to whom, and when. */
export function RuleEditor({ rule, control, change, locked }: Props) {
  return (
    <Tabs defaultValue={rule.audience ? "experiences" : "audience"} keepMounted={false} variant="outline">
      <Tabs.List>
        <Tabs.Tab value="audience">Audience</Tabs.Tab>
        <Tabs.Tab value="experiences">Experiences</Tabs.Tab>
        <Tabs.Tab value="display">Display</Tabs.Tab>
      </Tabs.List>
      <Tabs.Panel value="audience" pt="md">
        <AudienceEditor audience={rule.audience} locked={locked} change={(audience) => change({ ...rule, audience })} />
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
