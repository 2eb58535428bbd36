import { ActionIcon, Badge, Box, Group, Menu, Paper, Switch, Text, TextInput, UnstyledButton } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconChevronRight, IconCopy, IconDots, IconTrash } from "@tabler/icons-react";
import { percent } from "@/parts/figures";
import { NumberField } from "@/parts/NumberField";
import { useWrong } from "@/parts/wrong";
import { ContentEditor } from "./content/ContentEditor";
import type { Experience, Rule } from "./draft";
import { Count } from "./RuleEditor";
import { colorOf } from "./SplitBar";

type Props = {
  rule: Rule;
  index: number;
  /** of the rule's visitors who are not in the control group, 0 to 1 */
  share: number;
  opened: boolean;
  toggle: () => void;
  locked: boolean;
  change: (experience: Experience) => void;
  /** writes the rule with all its experiences */
  writeAll: (rule: Rule) => void;
  shift: (to: number) => void;
  copy: () => void;
  remove: () => void;
};

/** One experience: its name and weight in a line, and below it what it shows. */
export function ExperienceCard({ rule, index, share, opened, toggle, locked, change, writeAll, ...acts }: Props) {
  const experience = rule.experiences![index]!;
  const { field, list } = useWrong();
  const wrong = list("content").length + list("locales").length + list("template").length;
  const last = index === (rule.experiences ?? []).length - 1;
  return (
    <Paper withBorder component="section" aria-label={experience.name}>
      <Group p="xs" gap="sm" wrap="nowrap" align="flex-start">
        <UnstyledButton
          onClick={toggle}
          aria-expanded={opened}
          aria-label={`Content of ${experience.name}`}
          style={{ display: "flex", alignItems: "center", gap: 8, height: 30 }}
        >
          <IconChevronRight size={16} style={{ transform: opened ? "rotate(90deg)" : undefined }} />
          <Box w={10} h={10} bdrs={3} style={{ backgroundColor: colorOf(index), flexShrink: 0 }} aria-hidden />
        </UnstyledButton>
        {wrong > 0 && (
          <Text span mt={4}>
            <Count wrong={wrong} />
          </Text>
        )}
        <TextInput
          aria-label="Name of the experience"
          size="xs"
          style={{ flex: 1, minWidth: 60 }}
          disabled={locked}
          value={experience.name}
          onChange={(event) => change({ ...experience, name: event.currentTarget.value })}
          {...field("name")}
        />
        {experience.paused && (
          <Badge size="sm" color="rust" variant="light" tt="none" mt={6} miw="max-content">
            Paused
          </Badge>
        )}
        <NumberField
          aria-label={`Weight of ${experience.name}`}
          size="xs"
          w={84}
          style={{ flexShrink: 0 }}
          min={0}
          disabled={locked}
          value={experience.weight ?? 1}
          onChange={(weight) => change({ ...experience, weight })}
          {...field("weight")}
        />
        <Text size="xs" c="dimmed" w={52} mt={7} className="num" visibleFrom="xs">
          {percent(share)}
        </Text>
        {!locked && (
          <Menu position="bottom-end">
            <Menu.Target>
              <ActionIcon variant="subtle" color="gray" aria-label={`What can be done with ${experience.name}`}>
                <IconDots size={16} />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item leftSection={<IconCopy size={14} />} onClick={acts.copy}>
                Clone
              </Menu.Item>
              <Menu.Item
                leftSection={<IconArrowUp size={14} />}
                disabled={index === 0}
                onClick={() => acts.shift(index - 1)}
              >
                Move up
              </Menu.Item>
              <Menu.Item
                leftSection={<IconArrowDown size={14} />}
                disabled={last}
                onClick={() => acts.shift(index + 1)}
              >
                Move down
              </Menu.Item>
              <Menu.Item onClick={() => change({ ...experience, paused: !experience.paused })}>
                {experience.paused ? "Resume" : "Pause"}
              </Menu.Item>
              <Menu.Item leftSection={<IconTrash size={14} />} color="red" onClick={acts.remove}>
                Delete
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        )}
      </Group>
      {opened && (
        <Box px="sm" pb="sm">
          <Switch
            size="xs"
            mb="sm"
            label="Paused: its visitors go to the others of this rule"
            disabled={locked}
            checked={experience.paused ?? false}
            onChange={(event) => change({ ...experience, paused: event.currentTarget.checked })}
          />
          <ContentEditor rule={rule} index={index} locked={locked} change={writeAll} />
        </Box>
      )}
    </Paper>
  );
}
