import { Checkbox, Group, Radio, Stack, Text } from "@mantine/core";
import { At, useWrong } from "@/parts/wrong";
import type { Rule } from "./draft";
import { ScheduleEditor } from "./ScheduleEditor";

type Props = { rule: Rule; change: (rule: Rule) => void; locked: boolean };
type Device = "desktop" | "mobile" | "tablet";

/** How often, where and when a rule's experiences are shown. */
export function Display({ rule, change, locked }: Props) {
  const { field } = useWrong();
  return (
    <Stack gap="lg">
      <Radio.Group
        label="How often to one person"
        value={rule.cap ?? "always"}
        {...field("cap")}
        onChange={(cap) => change({ ...rule, cap: cap as Rule["cap"] })}
      >
        <Stack gap={6} mt={6}>
          <Radio value="always" label="Always" disabled={locked} description="On every request that asks for it" />
          <Radio
            value="visit"
            label="Once a visit"
            disabled={locked}
            description="The caller’s session, else until 30 minutes of silence"
          />
          <Radio
            value="once"
            label="Once in a lifetime"
            disabled={locked}
            description="Exactly once, on whichever device"
          />
        </Stack>
      </Radio.Group>
      <Checkbox.Group
        label="Devices"
        description="None ticked: all"
        value={[...(rule.devices ?? [])]}
        {...field("devices")}
        onChange={(devices) => change({ ...rule, devices: devices as Device[] })}
      >
        <Group mt={6}>
          <Checkbox value="desktop" label="Desktop" disabled={locked} />
          <Checkbox value="mobile" label="Phone" disabled={locked} />
          <Checkbox value="tablet" label="Tablet" disabled={locked} />
        </Group>
      </Checkbox.Group>
      <div>
        <Text size="sm" fw={600} mb={4}>
          When
        </Text>
        <At path="schedule">
          <ScheduleEditor
            schedule={rule.schedule}
            locked={locked}
            change={(schedule) => change({ ...rule, schedule })}
          />
        </At>
      </div>
    </Stack>
  );
}
