import { Box, Button, Group, Stack, Text } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useState } from "react";
import { At, useLed, useWrong } from "@/parts/wrong";
import { copyOf, drop, type Experience, evenly, move, put, type Rule, shares, unused } from "./draft";
import { ExperienceCard } from "./ExperienceCard";
import { indexOf } from "./places";
import { SplitBar } from "./SplitBar";
import { useKeys } from "./useKeys";

type Props = { rule: Rule; control: number; change: (rule: Rule) => void; locked: boolean };

/** The experiences of a rule and how they share its visitors. */
export function Experiences({ rule, control, change, locked }: Props) {
  const experiences = rule.experiences ?? [];
  const { key, follow } = useKeys<Experience>();
  const keys = experiences.map(key);
  const [opened, setOpened] = useState<string | null>(keys.length === 1 ? keys[0]! : null);
  const { own, place } = useWrong();
  useLed((rest) => {
    const index = rest.startsWith("experiences") ? indexOf(rest.slice("experiences".length)) : undefined;
    if (index !== undefined && keys[index]) setOpened(keys[index]);
  });
  const set = (made: Experience[]) => change({ ...rule, experiences: made });
  const part = shares(experiences);
  const names = experiences.map((one) => one.name);
  function insert(made: Experience, at: number) {
    set([...experiences.slice(0, at), made, ...experiences.slice(at)]);
    setOpened(key(made));
  }
  /** Content that is copied to others changes them too; each stays what it was. */
  function writeAll(made: Rule) {
    for (const [index, one] of (made.experiences ?? []).entries()) {
      const before = experiences[index];
      if (before && before !== one && before.id === one.id) follow(before, one);
    }
    change(made);
  }
  return (
    <Stack gap="sm" {...place("experiences")}>
      <SplitBar experiences={experiences} control={control} />
      {own("experiences") && (
        <Text size="xs" c="red" role="alert">
          {own("experiences")}
        </Text>
      )}
      {experiences.length > 0 && (
        <Group justify="flex-end" gap="sm" wrap="nowrap" pr={locked ? "xs" : 50} mb={-8} aria-hidden>
          <Text size="xs" c="dimmed" w={84}>
            Weight
          </Text>
          <Text size="xs" c="dimmed" w={52} ta="right" visibleFrom="xs">
            Share
          </Text>
        </Group>
      )}
      {experiences.map((experience, index) => (
        <At key={keys[index]} path={`experiences[${index}]`}>
          <ExperienceCard
            rule={rule}
            index={index}
            share={part[index] ?? 0}
            opened={opened === keys[index]}
            toggle={() => setOpened(opened === keys[index] ? null : keys[index]!)}
            locked={locked}
            change={(made) => set(put(experiences, index, follow(experience, made)))}
            writeAll={writeAll}
            shift={(to) => set(move(experiences, index, to))}
            copy={() => insert(copyOf(experience, names), index + 1)}
            remove={() => set(drop(experiences, index))}
          />
        </At>
      ))}
      {!locked && (
        <Group>
          <Button
            variant="light"
            size="xs"
            leftSection={<IconPlus size={14} />}
            onClick={() => insert({ name: unused("Variant", names), weight: 1 }, experiences.length)}
          >
            Add experience
          </Button>
          {experiences.length > 1 && (
            <Button variant="subtle" size="xs" onClick={() => set(evenly(experiences))}>
              Share evenly
            </Button>
          )}
        </Group>
      )}
      {experiences.length === 0 && <Box c="dimmed">Nothing is shown to those whom this rule is for.</Box>}
    </Stack>
  );
}
