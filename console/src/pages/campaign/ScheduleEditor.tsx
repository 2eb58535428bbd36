import { ActionIcon, Button, Chip, Group, Select, Stack, Text, TextInput } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useId } from "react";
import { useZone } from "@/app/project";
import { useWrong } from "@/parts/wrong";
import { drop, put, type Schedule } from "./draft";

type Props = { schedule: Schedule | null | undefined; change: (schedule: Schedule | null) => void; locked: boolean };

const DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const ZONES = Intl.supportedValuesOf("timeZone");

/** From when to when, on which days and in which hours something is open. */
export function ScheduleEditor({ schedule, change, locked }: Props) {
  const zone = useZone();
  const { field, own } = useWrong();
  const id = useId();
  const told: Schedule = schedule ?? {};
  const hours = (told.hours ?? []) as [string, string][];
  function set(part: Partial<Schedule>) {
    const made = Object.fromEntries(
      Object.entries({ ...told, ...part }).filter(
        ([, value]) => value !== null && value !== "" && !(Array.isArray(value) && value.length === 0),
      ),
    ) as Schedule;
    change(Object.keys(made).some((name) => name !== "time_zone") ? made : null);
  }
  return (
    <Stack gap="sm">
      <Group align="flex-start">
        <Moment label="From" value={told.start} locked={locked} set={(start) => set({ start })} {...field("start")} />
        <Moment label="Until" value={told.end} locked={locked} set={(end) => set({ end })} {...field("end")} />
        <Select
          label="Time zone"
          w={280}
          maw="100%"
          searchable
          clearable
          disabled={locked}
          placeholder={`${zone} (the project’s)`}
          data={ZONES}
          value={told.time_zone ?? null}
          onChange={(time_zone) => set({ time_zone })}
          {...field("time_zone")}
        />
      </Group>
      {own() && <Said text={own()} />}
      <div>
        <Text size="sm" fw={600} id={id}>
          Days
        </Text>
        <Group gap={6} mt={4} role="group" aria-labelledby={id} data-field={field("weekdays")["data-field"]}>
          <Chip.Group
            multiple
            value={(told.weekdays ?? []).map(String)}
            onChange={(days) => set({ weekdays: days.map(Number).sort((a, b) => a - b) })}
          >
            {DAYS.map((day, index) => (
              <Chip key={day} value={String(index)} size="xs" disabled={locked}>
                {day}
              </Chip>
            ))}
          </Chip.Group>
          {(told.weekdays ?? []).length === 0 && (
            <Text size="xs" c="dimmed">
              every day
            </Text>
          )}
        </Group>
        <Said text={field("weekdays").error} />
      </div>
      <div>
        <Text size="sm" fw={600}>
          Hours
        </Text>
        <Stack gap={6} mt={4}>
          {hours.length === 0 && (
            <Text size="xs" c="dimmed">
              all day
            </Text>
          )}
          {hours.map(([from, to], index) => (
            <Group key={index.toString()} gap="xs" data-field={field(`hours[${index}]`)["data-field"]}>
              <TextInput
                aria-label="From hour"
                type="time"
                disabled={locked}
                value={from}
                onChange={(event) => set({ hours: put(hours, index, [event.currentTarget.value, to]) as never })}
              />
              <Text size="sm">to</Text>
              <TextInput
                aria-label="To hour"
                type="time"
                disabled={locked}
                value={to}
                onChange={(event) => set({ hours: put(hours, index, [from, event.currentTarget.value]) as never })}
              />
              <ActionIcon
                variant="subtle"
                color="gray"
                aria-label="Remove these hours"
                disabled={locked}
                onClick={() => set({ hours: drop(hours, index) as never })}
              >
                <IconTrash size={16} />
              </ActionIcon>
              {from > to && (
                <Text size="xs" c="dimmed">
                  over midnight; belongs to the day on which it begins
                </Text>
              )}
              <Said text={field(`hours[${index}]`).error} />
            </Group>
          ))}
          {!locked && (
            <Button
              size="compact-xs"
              variant="light"
              leftSection={<IconPlus size={12} />}
              style={{ alignSelf: "flex-start" }}
              onClick={() => set({ hours: [...hours, ["09:00", "18:00"]] as never })}
            >
              Add hours
            </Button>
          )}
        </Stack>
      </div>
    </Stack>
  );
}

function Said({ text }: { text: string | undefined }) {
  return text ? (
    <Text size="xs" c="red" role="alert">
      {text}
    </Text>
  ) : null;
}

type MomentProps = {
  label: string;
  value?: string | null;
  locked: boolean;
  set: (value: string | null) => void;
  error?: string;
  "data-field": string;
};

/** A date and time without an offset: it is in the schedule's zone. One with an offset is shown as it was written. */
function Moment({ label, value, locked, set, ...field }: MomentProps) {
  const plain = !value || /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?)?$/.test(value);
  const shown =
    value && plain
      ? value.length === 10
        ? `${value}T${label === "Until" ? "23:59" : "00:00"}`
        : value.slice(0, 16)
      : (value ?? "");
  return (
    <TextInput
      label={label}
      type={plain ? "datetime-local" : "text"}
      w={220}
      disabled={locked}
      value={shown}
      onChange={(event) => set(event.currentTarget.value || null)}
      {...field}
    />
  );
}
