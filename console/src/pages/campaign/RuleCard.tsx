import { useSortable } from "@dnd-kit/sortable";
import { ActionIcon, Badge, Box, Group, Menu, Paper, Text, TextInput, UnstyledButton } from "@mantine/core";
import {
  IconArrowDown,
  IconArrowUp,
  IconChevronRight,
  IconCopy,
  IconDots,
  IconGripVertical,
  IconTrash,
} from "@tabler/icons-react";
import { useEffect, useRef } from "react";
import type { Json } from "@/conditions/model";
import { inWords } from "@/conditions/words";
import { useWrong } from "@/parts/wrong";
import type { Rule } from "./draft";
import { Readiness } from "./Readiness";
import { RuleEditor } from "./RuleEditor";
import { SplitBar } from "./SplitBar";
import type { Setup } from "./useCheck";

type Props = {
  sortId: string;
  title: string;
  rule: Rule;
  index: number;
  count: number;
  /** percent of the control group */
  control: number;
  /** what is missing; undefined until it is known */
  setup?: Setup[number];
  /** the campaign has an audience of its own, so the rule needs none */
  covered: boolean;
  opened: boolean;
  locked: boolean;
  toggle: () => void;
  shift: (to: number) => void;
  change: (rule: Rule) => void;
  copy: () => void;
  remove: () => void;
};

/** One rule: folded to a line with its split and whether it is ready, or open to be written. */
export function RuleCard({
  sortId,
  title,
  rule,
  index,
  count,
  control,
  setup,
  covered,
  opened,
  locked,
  toggle,
  shift,
  change,
  copy,
  remove,
}: Props) {
  const { attributes, listeners, setNodeRef, transform, transition, isDragging } = useSortable({
    id: sortId,
    disabled: locked,
  });
  const { list, field } = useWrong();
  const wrong = list().length;
  const arrows = useArrows(index);
  return (
    <Paper
      ref={setNodeRef}
      withBorder
      component="section"
      aria-label={title}
      style={{
        transform: transform ? `translate3d(0, ${transform.y}px, 0)` : undefined,
        transition,
        zIndex: isDragging ? 5 : undefined,
        position: "relative",
        boxShadow: isDragging ? "var(--mantine-shadow-md)" : undefined,
      }}
    >
      <Group p="sm" gap="sm" wrap="nowrap">
        <ActionIcon
          visibleFrom="xs"
          variant="subtle"
          color="gray"
          aria-label={`Drag ${title} to another place`}
          style={{ cursor: "grab", touchAction: "none" }}
          disabled={locked}
          {...attributes}
          {...listeners}
        >
          <IconGripVertical size={18} />
        </ActionIcon>
        <UnstyledButton onClick={toggle} aria-expanded={opened} style={{ flex: 1, minWidth: 0 }}>
          <Group gap="sm" wrap="nowrap">
            <IconChevronRight
              size={16}
              style={{ transform: opened ? "rotate(90deg)" : undefined, flexShrink: 0 }}
              aria-hidden
            />
            <div style={{ minWidth: 0 }}>
              <Text fw={600} size="sm">
                {title}
              </Text>
              <Text size="xs" c="dimmed" lineClamp={1}>
                {covered && !rule.audience ? "Everyone of the campaign’s audience" : inWords(rule.audience as Json)}
              </Text>
            </div>
          </Group>
        </UnstyledButton>
        <Box w={180} visibleFrom="sm">
          <SplitBar experiences={rule.experiences ?? []} control={control} thin />
        </Box>
        {wrong > 0 && (
          <Badge color="red" variant="light" tt="none" miw="max-content">
            {wrong}
            <Box component="span" visibleFrom="sm">
              {" "}
              to put right
            </Box>
          </Badge>
        )}
        {wrong === 0 && setup && <Readiness setup={setup} />}
        {!locked && (
          <Group gap={2} wrap="nowrap">
            <ActionIcon
              variant="subtle"
              color="gray"
              ref={arrows.up}
              aria-label={`Move ${title} up`}
              disabled={index === 0}
              onClick={() => arrows.press("up", () => shift(index - 1))}
            >
              <IconArrowUp size={16} />
            </ActionIcon>
            <ActionIcon
              variant="subtle"
              color="gray"
              ref={arrows.down}
              aria-label={`Move ${title} down`}
              disabled={index === count - 1}
              onClick={() => arrows.press("down", () => shift(index + 1))}
            >
              <IconArrowDown size={16} />
            </ActionIcon>
            <Menu position="bottom-end">
              <Menu.Target>
                <ActionIcon variant="subtle" color="gray" aria-label={`What can be done with ${title}`}>
                  <IconDots size={16} />
                </ActionIcon>
              </Menu.Target>
              <Menu.Dropdown>
                <Menu.Item leftSection={<IconCopy size={14} />} onClick={copy}>
                  Clone
                </Menu.Item>
                <Menu.Item leftSection={<IconTrash size={14} />} color="red" onClick={remove}>
                  Delete
                </Menu.Item>
              </Menu.Dropdown>
            </Menu>
          </Group>
        )}
      </Group>
      {opened && (
        <Box px="sm" pb="md">
          <TextInput
            label="Name"
            placeholder={`Rule ${index + 1}`}
            maw={340}
            mb="sm"
            disabled={locked}
            value={rule.name ?? ""}
            onChange={(event) => change({ ...rule, name: event.currentTarget.value })}
            {...field("name")}
          />
          <RuleEditor rule={rule} control={control} covered={covered} change={change} locked={locked} />
        </Box>
      )}
    </Paper>
  );
}

/** Up and down: whoever pressed one of them stays on it when the card moves; at the end of the list, on the other. */
function useArrows(index: number) {
  const up = useRef<HTMLButtonElement>(null);
  const down = useRef<HTMLButtonElement>(null);
  const pressed = useRef<"up" | "down" | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the card has moved when its place is another
  useEffect(() => {
    if (!pressed.current) return;
    const [first, second] = pressed.current === "up" ? [up.current, down.current] : [down.current, up.current];
    (first?.disabled ? second : first)?.focus();
    pressed.current = null;
  }, [index]);
  return {
    up,
    down,
    press(which: "up" | "down", act: () => void) {
      pressed.current = which;
      act();
    },
  };
}
