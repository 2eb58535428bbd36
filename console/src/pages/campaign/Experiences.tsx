import {
  ActionIcon,
  Badge,
  Box,
  Button,
  Group,
  Menu,
  NumberInput,
  Paper,
  Stack,
  Switch,
  Text,
  TextInput,
  UnstyledButton,
} from "@mantine/core";
import {
  IconArrowDown,
  IconArrowUp,
  IconChevronRight,
  IconCopy,
  IconDots,
  IconPlus,
  IconTrash,
} from "@tabler/icons-react";
import { useState } from "react";
import { percent } from "@/parts/figures";
import { ContentEditor } from "./content/ContentEditor";
import { copyOf, drop, type Experience, evenly, move, put, type Rule, shares, unused } from "./draft";
import { colorOf, SplitBar } from "./SplitBar";

type Props = { rule: Rule; control: number; change: (rule: Rule) => void; locked: boolean };

/** The experiences of a rule and how they share its visitors. */
export function Experiences({ rule, control, change, locked }: Props) {
  const experiences = rule.experiences ?? [];
  const [opened, setOpened] = useState<number | null>(experiences.length === 1 ? 0 : null);
  const set = (made: Experience[]) => change({ ...rule, experiences: made });
  const part = shares(experiences);
  const names = experiences.map((one) => one.name);
  return (
    <Stack gap="sm">
      <SplitBar experiences={experiences} control={control} />
      {experiences.map((experience, index) => (
        <Paper
          key={experience.id || `new-${index.toString()}`}
          withBorder
          component="section"
          aria-label={experience.name}
        >
          <Group p="xs" gap="sm" wrap="nowrap">
            <UnstyledButton
              onClick={() => setOpened(opened === index ? null : index)}
              aria-expanded={opened === index}
              aria-label={`Content of ${experience.name}`}
              style={{ display: "flex" }}
            >
              <IconChevronRight size={16} style={{ transform: opened === index ? "rotate(90deg)" : undefined }} />
            </UnstyledButton>
            <Box w={10} h={10} bdrs={3} style={{ backgroundColor: colorOf(index), flexShrink: 0 }} aria-hidden />
            <TextInput
              aria-label="Name of the experience"
              size="xs"
              style={{ flex: 1, minWidth: 90 }}
              disabled={locked}
              value={experience.name}
              onChange={(event) => set(put(experiences, index, { ...experience, name: event.currentTarget.value }))}
            />
            {experience.paused && (
              <Badge size="sm" color="rust" variant="light" tt="none">
                Paused
              </Badge>
            )}
            <NumberInput
              aria-label={`Weight of ${experience.name}`}
              size="xs"
              w={84}
              min={0}
              disabled={locked}
              value={experience.weight ?? 1}
              onChange={(weight) =>
                typeof weight === "number" && set(put(experiences, index, { ...experience, weight }))
              }
            />
            <Text size="xs" c="dimmed" w={52} className="num">
              {percent(part[index] ?? 0)}
            </Text>
            {!locked && (
              <Menu position="bottom-end">
                <Menu.Target>
                  <ActionIcon variant="subtle" color="gray" aria-label={`What can be done with ${experience.name}`}>
                    <IconDots size={16} />
                  </ActionIcon>
                </Menu.Target>
                <Menu.Dropdown>
                  <Menu.Item
                    leftSection={<IconCopy size={14} />}
                    onClick={() =>
                      set([
                        ...experiences.slice(0, index + 1),
                        copyOf(experience, names),
                        ...experiences.slice(index + 1),
                      ])
                    }
                  >
                    Clone
                  </Menu.Item>
                  <Menu.Item
                    leftSection={<IconArrowUp size={14} />}
                    disabled={index === 0}
                    onClick={() => set(move(experiences, index, index - 1))}
                  >
                    Move up
                  </Menu.Item>
                  <Menu.Item
                    leftSection={<IconArrowDown size={14} />}
                    disabled={index === experiences.length - 1}
                    onClick={() => set(move(experiences, index, index + 1))}
                  >
                    Move down
                  </Menu.Item>
                  <Menu.Item
                    onClick={() => set(put(experiences, index, { ...experience, paused: !experience.paused }))}
                  >
                    {experience.paused ? "Resume" : "Pause"}
                  </Menu.Item>
                  <Menu.Item
                    leftSection={<IconTrash size={14} />}
                    color="red"
                    onClick={() => set(drop(experiences, index))}
                  >
                    Delete
                  </Menu.Item>
                </Menu.Dropdown>
              </Menu>
            )}
          </Group>
          {opened === index && (
            <Box px="sm" pb="sm">
              <Switch
                size="xs"
                mb="sm"
                label="Paused: its visitors go to the others of this rule"
                disabled={locked}
                checked={experience.paused ?? false}
                onChange={(event) =>
                  set(put(experiences, index, { ...experience, paused: event.currentTarget.checked }))
                }
              />
              <ContentEditor rule={rule} index={index} locked={locked} change={change} />
            </Box>
          )}
        </Paper>
      ))}
      {!locked && (
        <Group>
          <Button
            variant="light"
            size="xs"
            leftSection={<IconPlus size={14} />}
            onClick={() => {
              set([...experiences, { name: unused("Variant", names), weight: 1 }]);
              setOpened(experiences.length);
            }}
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
    </Stack>
  );
}
